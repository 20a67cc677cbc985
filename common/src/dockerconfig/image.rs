//! An image's name, split the way container runtimes split it.

use std::fmt;
use std::str::FromStr;

/// Registry and repository of an image; tag and digest do not matter for credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageReference {
    registry: String,
    repository: String,
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
}

/// Reads an image's name as it stands in a pod, and returns it as it is.
pub fn parse_image(text: &str) -> Result<String, String> {
    text.parse::<ImageReference>()?;
    Ok(text.to_owned())
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)
    }
}

impl FromStr for ImageReference {
    type Err = String;

    /// The rule of distribution/reference: the first part is a registry if it has a
    /// `.` or a `:`, or is `localhost`; otherwise the image is on Docker Hub.
    fn from_str(image: &str) -> Result<Self, String> {
        let name = image.split_once('@').map_or(image, |(name, _)| name);
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let name = match name[last..].find(':') {
            Some(colon) => &name[..last + colon],
            None => name,
        };
        if name.is_empty() || name.ends_with('/') || name.chars().any(char::is_whitespace) {
            return Err(format!("`{image}` is not an image name"));
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
                (first, rest.to_owned())
            }
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        Ok(Self {
            registry: registry.to_owned(),
            repository,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_and_repository_are_split_like_runtimes_do() {
        for (image, registry, repository) in [
            ("quay.io/myorg/my-app:v1.2.3", "quay.io", "myorg/my-app"),
            ("localhost:5000/a/b/c@sha256:abc", "localhost:5000", "a/b/c"),
            ("quay.io:8443/o/r:t@sha256:abc", "quay.io:8443", "o/r"),
            ("nginx:latest", "docker.io", "library/nginx"),
            ("acme/app", "docker.io", "acme/app"),
        ] {
            let parsed: ImageReference = image.parse().unwrap();
            assert_eq!(
                (parsed.registry(), parsed.repository()),
                (registry, repository),
                "{image}"
            );
        }
        assert!("".parse::<ImageReference>().is_err());
        assert!("quay.io/".parse::<ImageReference>().is_err());
    }
}
