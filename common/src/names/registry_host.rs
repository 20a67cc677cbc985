//! The host in image names.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A registry as it stands in image names: `quay.example.com` or `quay.example.com:8443`.
///
/// Lower case, no scheme, no path; the default port 443 is dropped, as it is in
/// the `auths` keys that match image names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistryHost(String);

impl RegistryHost {
    /// `host` or `host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port (an IPv6 address keeps its brackets).
    pub fn host(&self) -> &str {
        match self.0.rfind(':') {
            Some(colon) if !self.0[colon..].contains(']') => &self.0[..colon],
            _ => &self.0,
        }
    }

    /// Whether it is this machine, where plain http is no risk.
    pub fn is_loopback(&self) -> bool {
        let host = self.host().trim_matches(['[', ']']);
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for RegistryHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = text.trim().to_ascii_lowercase();
        if let Some((scheme, rest)) = host.split_once("://") {
            return Err(format!(
                "`{text}` has a scheme: write only the host, as in image names: `{}`; if Quay's API \
                 is not at https://HOST, pass its URL with --quay-url {scheme}://…",
                rest.split('/').next().unwrap_or(rest)
            ));
        }
        if let Some((name, _)) = host.split_once('/') {
            return Err(format!(
                "`{text}` has a path: a registry is only the host in image names, `{name}`"
            ));
        }
        let (name, port) = split_port(&host);
        let is_ipv6 = |name: &str| {
            let inner = name
                .strip_prefix('[')
                .and_then(|name| name.strip_suffix(']'));
            inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
        };
        let valid_name = !name.is_empty()
            && (is_ipv6(name)
                || name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')));
        let valid_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if !valid_name || !valid_port {
            return Err(format!(
                "`{text}` is not a registry host; write it like quay.example.com:8443"
            ));
        }
        Ok(Self(host.strip_suffix(":443").unwrap_or(&host).to_owned()))
    }
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => (&host[..colon], Some(&host[colon + 1..])),
        _ => (host, None),
    }
}

impl TryFrom<String> for RegistryHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RegistryHost> for String {
    fn from(host: RegistryHost) -> Self {
        host.0
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_written_as_in_image_names() {
        for (text, host) in [
            ("quay.io", "quay.io"),
            ("Quay.Example.com:8443", "quay.example.com:8443"),
            ("quay.example.com:443", "quay.example.com"),
            ("[::1]:8443", "[::1]:8443"),
        ] {
            assert_eq!(text.parse::<RegistryHost>().unwrap().as_str(), host);
        }
    }

    #[test]
    fn a_scheme_or_a_path_is_refused_with_the_right_spelling() {
        let scheme = "https://quay.io/x".parse::<RegistryHost>().unwrap_err();
        assert!(scheme.contains("`quay.io`"), "{scheme}");
        let path = "quay.io/myorg".parse::<RegistryHost>().unwrap_err();
        assert!(path.contains("`quay.io`"), "{path}");
        for bad in [
            "",
            "quay io",
            "quay.io:",
            "quay.io:0",
            "quay.io:99999",
            "[::1]@quay.io",
            "[quay.io]",
        ] {
            assert!(bad.parse::<RegistryHost>().is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback_is_recognised_with_and_without_a_port() {
        let loopback = |text: &str| text.parse::<RegistryHost>().unwrap().is_loopback();
        assert!(loopback("localhost:8443") && loopback("127.0.0.1") && loopback("[::1]:80"));
        assert!(!loopback("quay.io"));
    }
}
