//! Keys below `auths`: which registry they belong to, which images they match.

use super::image::ImageReference;
use crate::names::RegistryHost;

/// Whether `key` belongs to one of `hosts`: scheme and `/v1/` `/v2/` stripped, its
/// host is one of them, with any path. Port 443 is the same as none.
pub fn belongs_to(key: &str, hosts: &[RegistryHost]) -> bool {
    registry_of_key(key).is_some_and(|host| hosts.contains(&host))
}

/// The registry a key names; `None` for globs and whatever else is no host.
pub fn registry_of_key(key: &str) -> Option<RegistryHost> {
    split(key).0.parse().ok()
}

/// Whether `key` stands for every image of its registry, and not for a part of it.
pub fn is_whole_registry(key: &str) -> bool {
    matches!(split(key).1, "" | "/v1" | "/v2")
}

/// Whether the kubelet would use `key` for `image` (Kubernetes 1.36,
/// pkg/credentialprovider/keyring.go): the same port text, the same number of host
/// labels, each label a glob, and the path a plain text prefix.
pub fn matches_image(key: &str, image: &ImageReference) -> bool {
    let (key_host, key_path) = split(key);
    let (key_name, key_port) = split_port(key_host);
    let (image_name, image_port) = split_port(image.registry());
    if key_port != image_port {
        return false;
    }
    let key_labels: Vec<&str> = key_name.split('.').collect();
    let image_labels: Vec<&str> = image_name.split('.').collect();
    key_labels.len() == image_labels.len()
        && key_labels
            .iter()
            .zip(&image_labels)
            .all(|(pattern, label)| glob(pattern, label))
        && format!("/{}", image.repository()).starts_with(key_path)
}

/// Host (with port) and path (with its leading slash, or empty) of a key.
fn split(key: &str) -> (&str, &str) {
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let (host, path) = match key.find('/') {
        Some(slash) => key.split_at(slash),
        None => (key, ""),
    };
    let path = match path
        .strip_prefix("/v1/")
        .or_else(|| path.strip_prefix("/v2/"))
    {
        Some(_) => &path[3..],
        None => path,
    };
    (host, if path == "/" { "" } else { path })
}

fn split_port(host: &str) -> (&str, &str) {
    match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => (&host[..colon], &host[colon + 1..]),
        _ => (host, ""),
    }
}

/// Go's `filepath.Match` for one host label, as far as host names go: `*` and `?`.
fn glob(pattern: &str, label: &str) -> bool {
    match pattern.chars().next() {
        None => label.is_empty(),
        Some('*') => (0..=label.len())
            .filter(|at| label.is_char_boundary(*at))
            .any(|at| glob(&pattern[1..], &label[at..])),
        Some(expected) => label
            .chars()
            .next()
            .filter(|found| expected == '?' || expected == *found)
            .is_some_and(|found| glob(&pattern[expected.len_utf8()..], &label[found.len_utf8()..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[&str]) -> Vec<RegistryHost> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_key_belongs_to_its_registry_whatever_its_spelling() {
        let ours = hosts(&["quay.example.com", "registry.internal:8443"]);
        for key in [
            "quay.example.com",
            "https://quay.example.com",
            "http://quay.example.com/v1/",
            "https://quay.example.com/v2/",
            "quay.example.com:443/myorg",
            "Quay.Example.com/myorg/app",
            "registry.internal:8443",
        ] {
            assert!(belongs_to(key, &ours), "{key}");
        }
        for key in [
            "quay.example.com.evil",
            "evil/quay.example.com",
            "quay.example.com:8443",
            "registry.internal",
            "*.example.com",
        ] {
            assert!(!belongs_to(key, &ours), "{key}");
        }
    }

    #[test]
    fn a_key_with_a_path_is_not_the_whole_registry() {
        for whole in ["quay.io", "https://quay.io/", "quay.io/v1/", "quay.io/v2"] {
            assert!(is_whole_registry(whole), "{whole}");
        }
        for part in ["quay.io/acme", "https://quay.io/v1/acme", "quay.io/v2ray"] {
            assert!(!is_whole_registry(part), "{part}");
        }
    }

    #[test]
    fn images_are_matched_like_the_kubelet_matches_them() {
        for (key, image, matches) in [
            ("quay.io", "quay.io/acme/app:v1", true),
            ("https://quay.io/v1/", "quay.io/acme/app", true),
            ("quay.io/acme", "quay.io/acme-internal/x", true),
            ("quay.io/acme/", "quay.io/acme-internal/x", false),
            ("quay.io/acme/", "quay.io/acme/x", true),
            ("*.quay.io", "a.quay.io/x/y", true),
            ("*.quay.io", "quay.io/x/y", false),
            ("*.quay.io", "a.b.quay.io/x/y", false),
            ("quay.io:443", "quay.io/x/y", false),
            ("quay.io:8443", "quay.io:8443/x/y@sha256:00", true),
            ("https://quay.io/v1", "quay.io/x/y", false),
            ("docker.io", "nginx", true),
        ] {
            let image: ImageReference = image.parse().unwrap();
            assert_eq!(matches_image(key, &image), matches, "{key} for {image:?}");
        }
    }
}
