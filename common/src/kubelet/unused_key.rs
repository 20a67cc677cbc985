//! Keys that are meant for a registry, and that a kubelet uses for none of its images.

use super::key::{Key, KeyMatch};
use serde::Serialize;
use std::fmt;

/// Why a key is never used. The kubelet says no word about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum UnusedKey {
    /// It is no address.
    NoAddress,
    /// It ends in this, `/v1` or `/v2`, which is meant for the registry's API.
    ApiPath(&'static str),
    /// Its host is not written as this one is, in image names.
    OtherHost(String),
    /// It names this port, or none.
    OtherPort {
        /// The key's.
        port: Option<String>,
        /// Where images are.
        host: String,
    },
}

impl UnusedKey {
    /// Why no kubelet uses the key, whatever the image.
    pub fn of(key: &str) -> Option<Self> {
        match Key::of(key) {
            Some(found) => found.api_path().map(Self::ApiPath),
            None => Some(Self::NoAddress),
        }
    }

    /// Why no kubelet uses the key for images at these hosts, of which the first is the
    /// registry's own. A key for some of their images is used.
    pub fn at(key: &str, hosts: &[&str]) -> Option<Self> {
        if let Some(unused) = Self::of(key) {
            return Some(unused);
        }
        let (found, own) = (Key::of(key)?, hosts.first()?);
        let matches: Vec<KeyMatch> = hosts.iter().map(|host| found.at(host)).collect();
        if matches.contains(&KeyMatch::Yes) {
            return None;
        }
        let mut same_host = matches.iter().zip(hosts);
        let same_host = same_host.find(|(found, _)| **found == KeyMatch::OtherPort);
        Some(match same_host {
            Some((_, host)) => Self::OtherPort {
                port: found.port(),
                host: (*host).to_owned(),
            },
            None => Self::OtherHost((*own).to_owned()),
        })
    }
}

impl fmt::Display for UnusedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("is not an address, so no kubelet uses it"),
            Self::ApiPath(path) => write!(
                f,
                "ends in {path} without a slash, which a kubelet reads as the start of a repository's name"
            ),
            Self::OtherHost(host) => write!(f, "is not spelled exactly like {host}"),
            Self::OtherPort { port: None, host } => {
                write!(f, "has no port: images are at {host}")
            }
            Self::OtherPort {
                port: Some(port),
                host,
            } => write!(f, "has port {port}: images are at {host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_only_meant_for_a_registry_says_why_it_is_not_used() {
        let hosts = ["quay.example.com:8443", "images.example.com"];
        let at = |key: &str| UnusedKey::at(key, &hosts).map(|why| why.to_string());
        for (key, why) in [
            ("quay.example.com:8443 ", "is not an address"),
            ("https://quay.example.com:8443/v2", "ends in /v2 without"),
            (
                "Quay.Example.com:8443",
                "is not spelled exactly like quay.example.com:8443",
            ),
            ("quay.example.com", "has no port"),
            ("images.example.com:443", "has port 443"),
        ] {
            let said = at(key).unwrap_or_default();
            assert!(said.starts_with(why), "{key}: {said}");
        }
        for key in [
            "quay.example.com:8443/acme",
            "https://images.example.com/v2/",
            "*.example.com",
        ] {
            assert_eq!(at(key), None, "{key}");
        }
    }

    #[test]
    fn of_a_registry_nobody_knows_only_what_no_image_fits_is_unused() {
        assert_eq!(UnusedKey::of("quay.io "), Some(UnusedKey::NoAddress));
        assert_eq!(UnusedKey::of("quay.io/v1"), Some(UnusedKey::ApiPath("/v1")));
        for key in ["QUAY.io", "https://quay.io/v1/", "quay.io/v1x"] {
            assert_eq!(UnusedKey::of(key), None, "{key}");
        }
    }
}
