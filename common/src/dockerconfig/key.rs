//! Keys below `auths`: which registry they belong to.

use crate::kubelet::{Key, UnusedKey};
use crate::names::RegistryHost;

/// Whether `key` belongs to one of `hosts`: scheme and `/v1/` `/v2/` stripped, its
/// host is one of them, or a glob for one of them, with any path. Port 443 is the same as
/// none, and so are capital letters: whoever wrote such a key meant this registry.
pub fn belongs_to(key: &str, hosts: &[RegistryHost]) -> bool {
    registry_of_key(key).is_some_and(|host| hosts.contains(&host)) || is_served(key, hosts)
}

/// Whether a kubelet uses `key` for images of one of `hosts`, if only for some of them.
pub fn is_served(key: &str, hosts: &[RegistryHost]) -> bool {
    Key::of(key).is_some_and(|key| hosts.iter().any(|host| key.is_of_host(host.as_str())))
}

/// Why a kubelet uses `key` for no image of `hosts`, of which the first is the registry's own.
pub fn unused_at(key: &str, hosts: &[RegistryHost]) -> Option<UnusedKey> {
    let hosts: Vec<&str> = hosts.iter().map(RegistryHost::as_str).collect();
    UnusedKey::at(key, &hosts)
}

/// The registry a key names; `None` for globs and whatever else is no host.
pub fn registry_of_key(key: &str) -> Option<RegistryHost> {
    split(key).0.parse().ok()
}

/// Whether `key` stands for every image of its registry, and not for a part of it.
pub fn is_whole_registry(key: &str) -> bool {
    matches!(split(key).1, "" | "/v1" | "/v2")
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
            "*.example.com",
            "me@quay.example.com",
        ] {
            assert!(belongs_to(key, &ours), "{key}");
        }
        for key in [
            "quay.example.com.evil",
            "evil/quay.example.com",
            "quay.example.com:8443",
            "registry.internal",
            "*.example.com:8443",
            "*.*.example.com",
        ] {
            assert!(!belongs_to(key, &ours), "{key}");
        }
    }

    #[test]
    fn no_kubelet_uses_a_key_that_is_only_meant_for_its_registry() {
        let ours = hosts(&["quay.example.com"]);
        for key in [
            "Quay.Example.com",
            "quay.example.com ",
            "https://quay.example.com/v2",
            "quay.example.com:443",
        ] {
            assert!(belongs_to(key, &ours) && !is_served(key, &ours), "{key}");
        }
        for key in [
            "quay.example.com/acme",
            "http://quay.example.com/v1/",
            "q*.example.com",
        ] {
            assert!(is_served(key, &ours), "{key}");
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
}
