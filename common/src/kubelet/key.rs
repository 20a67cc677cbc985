//! Keys below `auths`: what the kubelet makes of them, and which images they match.

use super::image::ImageReference;
use super::url::Url;
use serde::Serialize;

/// A key as the kubelet keeps it: scheme, `/v1/` and `/v2/` stripped, percent signs decoded.
///
/// Keys are compared as bytes; the greater one is tried first, so a longer path before its
/// prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Vec<u8>);

/// Whether a key stands for an image, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyMatch {
    /// It does.
    Yes,
    /// The kubelet takes it for no address at all, and never uses it.
    NoAddress,
    /// Another host.
    OtherHost,
    /// The same host at another port; 443 and none are not the same.
    OtherPort,
    /// The same host and port, and another path.
    OtherPath,
}

impl Key {
    /// `BasicDockerKeyring.Add`; `None` for a key that the kubelet logs as invalid and
    /// leaves out.
    pub fn of(key: &str) -> Option<Self> {
        let scheme = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| key.strip_prefix(scheme));
        let Url { mut host, path } = Url::parse(scheme.unwrap_or(key).as_bytes())?;
        let version = path.starts_with(b"/v1/") || path.starts_with(b"/v2/");
        let path = if version { &path[3..] } else { &path[..] };
        if path != b"/" {
            host.extend_from_slice(path);
        }
        Some(Self(host))
    }

    /// Whether the key is for images at `host` (with its port): the same host or a glob for it,
    /// at the same port. `/v1` and `/v2` without the last slash are meant for the API, and the
    /// kubelet takes them for the beginning of a repository.
    pub fn is_of_host(&self, host: &str) -> bool {
        self.at(host) == KeyMatch::Yes && self.api_path().is_none()
    }

    /// Whether the key is at `host` (with its port), whatever its path.
    pub(super) fn at(&self, host: &str) -> KeyMatch {
        match (Url::parse(&self.0), Url::parse(host.as_bytes())) {
            (Some(key), Some(host)) => is_at(&key, &host),
            _ => KeyMatch::NoAddress,
        }
    }

    /// The path that is meant for the API, if the key ends in it.
    pub(super) fn api_path(&self) -> Option<&'static str> {
        let path = Url::parse(&self.0)?.path;
        let mut paths = ["/v1", "/v2"].into_iter();
        paths.find(|known| known.as_bytes() == path)
    }

    /// The port it names.
    pub(super) fn port(&self) -> Option<String> {
        let url = Url::parse(&self.0)?;
        let (_, port) = url.split_port();
        (!port.is_empty()).then(|| String::from_utf8_lossy(port).into_owned())
    }

    /// `URLsMatch`: the same port text, the same number of labels, each label a glob, and the
    /// path a plain prefix.
    pub fn matches(&self, image: &ImageReference) -> KeyMatch {
        let image = Url::parse(image.to_string().as_bytes());
        // The key is decoded once more here, so `%253F` ends up as `?`.
        let (Some(key), Some(image)) = (Url::parse(&self.0), image) else {
            return KeyMatch::NoAddress;
        };
        match is_at(&key, &image) {
            KeyMatch::Yes if !image.path.starts_with(&key.path) => KeyMatch::OtherPath,
            found => found,
        }
    }

    /// Whether it is Docker Hub's, which is also tried where nothing matches
    /// (`isDefaultRegistryMatch`).
    pub(super) fn is_docker_hub(&self) -> bool {
        self.0 == b"index.docker.io"
    }
}

/// Whether a key is at the image's host and port.
fn is_at(key: &Url, image: &Url) -> KeyMatch {
    let ((key_host, key_port), (image_host, image_port)) = (key.split_port(), image.split_port());
    let labels = |host| <[u8]>::split(host, |byte| *byte == b'.');
    let same_host = labels(key_host).count() == labels(image_host).count()
        && labels(key_host)
            .zip(labels(image_host))
            .all(|(pattern, label)| label_matches(pattern, label));
    match same_host {
        false => KeyMatch::OtherHost,
        true if key_port != image_port => KeyMatch::OtherPort,
        true => KeyMatch::Yes,
    }
}

/// Go's `filepath.Match`, of which only `*` gets this far: a host with `?` ends there, and Go
/// 1.26 takes none with `\` or `[`, but for an IPv6 address, which then matches nothing. (A
/// kubelet before 1.36 takes classes like `[a-c]`.)
fn label_matches(pattern: &[u8], label: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = label.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty() && !pattern.starts_with(b"[");
    };
    for part in parts.filter(|part| !part.is_empty()) {
        match rest.windows(part.len()).position(|window| window == part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether the kubelet uses the key for the image.
pub fn matches_image(key: &str, image: &ImageReference) -> bool {
    Key::of(key).is_some_and(|key| key.matches(image) == KeyMatch::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_matched_like_the_kubelet_matches_them() {
        use KeyMatch::{NoAddress, OtherHost, OtherPath, OtherPort, Yes};
        for (key, image, expected) in [
            ("quay.io", "quay.io/acme/app:v1", Yes),
            ("https://quay.io/v1/", "quay.io/acme/app", Yes),
            ("quay.io/acme", "quay.io/acme-internal/x", Yes),
            ("quay.io/acme/", "quay.io/acme-internal/x", OtherPath),
            ("quay.io/acme/", "quay.io/acme/x", Yes),
            ("quay.io/a%63me", "quay.io/acme/x", Yes),
            ("*.quay.io", "a.quay.io/x/y", Yes),
            ("*.quay.io", "quay.io/x/y", OtherHost),
            ("*.quay.io", "a.b.quay.io/x/y", OtherHost),
            ("quay.i?", "quay.io/x/y", OtherHost),
            ("[p-r]uay.io", "quay.io/x/y", NoAddress),
            ("quay.io:443", "quay.io/x/y", OtherPort),
            ("quay.io:8443", "quay.io:8443/x/y", Yes),
            ("[::1]:5000", "[::1]:5000/x", Yes),
            ("[::1]", "[::1]/x", OtherHost),
            ("https://quay.io/v1", "quay.io/x/y", OtherPath),
            ("HTTPS://quay.io", "quay.io/x/y", OtherHost),
            ("quay.io ", "quay.io/x/y", NoAddress),
            ("QUAY.io", "quay.io/x/y", OtherHost),
            ("me@quay.io", "quay.io/x/y", Yes),
            ("docker.io", "nginx", Yes),
            ("*u*y.io", "quay.io/x", Yes),
            ("*u*u*.io", "quay.io/x", OtherHost),
            ("q**.io", "quay.io/x", Yes),
            ("quay*y.io", "quay.io/x", OtherHost),
        ] {
            let image: ImageReference = image.parse().unwrap();
            let found = Key::of(key).map_or(NoAddress, |key| key.matches(&image));
            assert_eq!(found, expected, "{key} for {image}");
        }
    }

    #[test]
    fn a_mangled_key_never_reaches_an_image_at_another_host() {
        let image: ImageReference = "quay.example.com:8443/acme/app:v1".parse().unwrap();
        let samples = [
            "https://quay.example.com:8443/v2/",
            "*.example.com:8443/acme",
        ];
        crate::mangled::each(&samples, |key| {
            if Key::of(key).is_some_and(|key| key.matches(&image) == KeyMatch::Yes) {
                // All that is left may be a wildcard for each label.
                let held = key.to_ascii_lowercase();
                assert!(
                    held.contains('*') || held.contains("quay.example.com"),
                    "{key:?}"
                );
            }
        });
    }
}
