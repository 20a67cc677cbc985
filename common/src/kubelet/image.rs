//! An image's name, taken apart as the kubelet takes it apart.

use regex::Regex;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// The registry of names that have none.
const DOCKER_HUB: &str = "docker.io";
/// Its older name, which is the same.
const DOCKER_INDEX: &str = "index.docker.io";
/// A path of a repository is no longer than this.
const LONGEST_PATH: usize = 255;

/// The grammar of distribution/reference (regexp.go, v0.6.0): registry, path, tag, digest.
/// The registry is always there, since it is put in front before.
static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    let host = format!(r"(?:{label}(?:\.{label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
    let component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    let tag = "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}";
    let digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
    let path = format!("{component}(?:/{component})*");
    Regex::new(&format!("^({host})/({path})(?::({tag}))?(?:@({digest}))?$")).ok()
});

/// An image's name: where it is pulled from, and what of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageReference {
    /// `quay.example.com:8443`; `docker.io` where the name has none.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// `myorg/my-app`, without the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// `sha256:…`, or the tag, which is `latest` where the name has neither.
    pub fn reference(&self) -> &str {
        self.digest
            .as_deref()
            .or(self.tag.as_deref())
            .unwrap_or("latest")
    }
}

/// Reads an image's name as it stands in a pod, and returns it as it is.
pub fn parse_image(text: &str) -> Result<String, String> {
    text.parse::<ImageReference>()?;
    Ok(text.to_owned())
}

/// `registry/repository`: what credentials are looked up for.
impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)
    }
}

impl FromStr for ImageReference {
    type Err = String;

    /// `parsers.ParseImageName` of the kubelet.
    fn from_str(image: &str) -> Result<Self, String> {
        let refused = || format!("`{image}` is not an image name");
        if image.len() == 64 && is_lower_hex(image) {
            return Err(refused());
        }
        let (registry, rest) = split_registry(image);
        let captures = REFERENCE.as_ref().and_then(|grammar| {
            grammar
                .captures(&format!("{registry}/{rest}"))
                .map(|found| {
                    let part = |at| found.get(at).map(|part| part.as_str().to_owned());
                    (part(1), part(2), part(3), part(4))
                })
        });
        let Some((Some(registry), Some(repository), tag, digest)) = captures else {
            return Err(refused());
        };
        let valid = repository.len() <= LONGEST_PATH && digest.as_deref().is_none_or(is_digest);
        valid
            .then_some(Self {
                registry,
                repository,
                tag,
                digest,
            })
            .ok_or_else(refused)
    }
}

/// The first part is a registry if it could be one, or is no name of a repository;
/// otherwise the image is on Docker Hub, in `library` if it has one part.
fn split_registry(image: &str) -> (&str, String) {
    let (registry, rest) = match image.split_once('/') {
        Some((DOCKER_INDEX, rest)) => (DOCKER_HUB, rest),
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.chars().any(char::is_uppercase) =>
        {
            (first, rest)
        }
        _ => (DOCKER_HUB, image),
    };
    match registry == DOCKER_HUB && !rest.contains('/') {
        true => (registry, format!("library/{rest}")),
        false => (registry, rest.to_owned()),
    }
}

/// The three algorithms that the kubelet links.
fn is_digest(digest: &str) -> bool {
    let hex_of = |algorithm: &str| match algorithm {
        "sha256" => Some(64),
        "sha384" => Some(96),
        "sha512" => Some(128),
        _ => None,
    };
    digest
        .split_once(':')
        .is_some_and(|(algorithm, hex)| hex_of(algorithm) == Some(hex.len()) && is_lower_hex(hex))
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_like_runtimes_do() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let pinned = format!("quay.io:8443/o/r:t@{digest}");
        for (image, registry, repository, reference) in [
            (
                "quay.io/myorg/my-app:v1.2.3",
                "quay.io",
                "myorg/my-app",
                "v1.2.3",
            ),
            (&pinned, "quay.io:8443", "o/r", &digest),
            ("nginx", "docker.io", "library/nginx", "latest"),
            (
                "index.docker.io/nginx",
                "docker.io",
                "library/nginx",
                "latest",
            ),
            ("acme/app", "docker.io", "acme/app", "latest"),
            ("localhost/app", "localhost", "app", "latest"),
            ("Quay/app", "Quay", "app", "latest"),
            ("[::1]:5000/app", "[::1]:5000", "app", "latest"),
        ] {
            let parsed: ImageReference = image.parse().unwrap();
            let found = (parsed.registry(), parsed.repository(), parsed.reference());
            assert_eq!(found, (registry, repository, reference), "{image}");
        }
    }

    #[test]
    fn what_the_kubelet_calls_an_invalid_name_is_refused() {
        let short = format!("quay.io/a@sha256:{}", "a".repeat(63));
        let identifier = "a".repeat(64);
        for image in [
            "",
            "quay.io/",
            "quay.io/Upper",
            "quay.io/a b",
            "a//b",
            "a:",
            &short,
            &identifier,
        ] {
            assert!(image.parse::<ImageReference>().is_err(), "{image}");
        }
    }
}
