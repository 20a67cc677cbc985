//! Where one registry and its API are, and how far they are trusted.

use crate::names::RegistryHost;
use reqwest::Url;
use std::path::PathBuf;

/// Who says that a server is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NamedBy {
    /// The user: a flag, the environment, or a login.
    User,
    /// A pull secret, which others may have written. Such a server is asked over https alone, and
    /// never where it would be this machine or its link; it may only send little.
    PullSecret,
}

/// One registry with its API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The host in image names.
    pub registry: RegistryHost,
    /// Other names of the registry that the user agreed to.
    pub aliases: Vec<RegistryHost>,
    /// The API's origin, `https://host[:port]`, without a trailing slash.
    pub api: String,
    /// A certificate authority to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// Whether plain http and unknown certificates are accepted.
    pub insecure: bool,
    /// Who says that it is to be asked.
    pub named_by: NamedBy,
}

impl Endpoint {
    /// The registry with its API at `https://HOST`.
    pub fn of(registry: RegistryHost) -> Self {
        let api = format!("https://{registry}");
        Self {
            registry,
            aliases: Vec::new(),
            api,
            ca: None,
            insecure: false,
            named_by: NamedBy::User,
        }
    }

    /// A registry that nobody but a pull secret names.
    pub fn of_pull_secret(registry: RegistryHost) -> Self {
        Self {
            named_by: NamedBy::PullSecret,
            ..Self::of(registry)
        }
    }

    /// Every host that the registry's `auths` keys may have, its own first.
    pub fn hosts(&self) -> Vec<RegistryHost> {
        let own = std::iter::once(&self.registry);
        own.chain(&self.aliases).cloned().collect()
    }

    /// The host of the API, written as in image names.
    pub fn api_host(&self) -> Option<RegistryHost> {
        let (_, host) = self.api.split_once("://")?;
        host.parse().ok()
    }

    /// The origin that container runtimes talk to: the API's where the hosts are
    /// the same, else `https://HOST`.
    pub fn registry_origin(&self) -> String {
        if self.api_host().as_ref() == Some(&self.registry) {
            self.api.clone()
        } else {
            format!("https://{}", self.registry)
        }
    }
}

/// The host of an address, written as in image names.
pub(crate) fn host_of(address: &str) -> Option<RegistryHost> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    host.parse().ok()
}

/// Reads `text` as the origin of an API and returns it with the registry host it
/// stands for: scheme, host and port only, https unless on this machine or `insecure`.
///
/// # Errors
/// A sentence that says how the address is to be written.
pub fn parse_origin(text: &str, insecure: bool) -> Result<(String, RegistryHost), String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!(
            "`{text}` has no scheme; write the API's address like https://{text}"
        ));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if host.contains('@') {
        return Err(
            "the API's address must not contain a user or a password; write only https://HOST[:PORT]"
                .to_owned(),
        );
    }
    if !rest[host.len()..].trim_end_matches('/').is_empty() {
        return Err(format!(
            "`{text}` has a path; write only the API's origin, {scheme}://{host}"
        ));
    }
    let origin = format!("{scheme}://{host}");
    let url = Url::parse(&origin)
        .map_err(|error| format!("`{text}` is not the address of an API: {error}"))?;
    let registry: RegistryHost = host.parse()?;
    match url.scheme() {
        "https" => {}
        "http" if insecure || registry.is_loopback() => {}
        "http" => {
            return Err(format!(
                "`{text}` would send the API token unencrypted; use https://{host}, \
                 or accept that with --registry-insecure"
            ));
        }
        other => return Err(format!("`{other}` is not http or https")),
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), registry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<(String, String), String> {
        parse_origin(text, false).map(|(api, host)| (api, host.to_string()))
    }

    #[test]
    fn an_origin_names_the_registry_it_stands_for() {
        for (text, api, host) in [
            ("https://quay.io", "https://quay.io", "quay.io"),
            ("https://Quay.IO:443/", "https://quay.io", "quay.io"),
            (
                "https://q.example:8443",
                "https://q.example:8443",
                "q.example:8443",
            ),
            (
                "http://localhost:8080",
                "http://localhost:8080",
                "localhost:8080",
            ),
        ] {
            assert_eq!(origin(text).unwrap(), (api.to_owned(), host.to_owned()));
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_the_right_spelling() {
        assert!(origin("quay.io").unwrap_err().contains("https://quay.io"));
        assert!(
            origin("https://quay.io/api/v1")
                .unwrap_err()
                .contains("https://quay.io")
        );
        assert!(
            origin("http://quay.io")
                .unwrap_err()
                .contains("unencrypted")
        );
        assert!(origin("ftp://quay.io").is_err());
        let secret = origin("https://me:hunter2@quay.io").unwrap_err();
        assert!(!secret.contains("hunter2"), "{secret}");
        assert!(parse_origin("http://quay.io", true).is_ok());
    }

    #[test]
    fn the_registry_is_the_apis_origin_where_the_hosts_are_one() {
        let mut endpoint = Endpoint::of("localhost:8080".parse().unwrap());
        endpoint.api = "http://localhost:8080".to_owned();
        assert_eq!(endpoint.registry_origin(), "http://localhost:8080");
        endpoint.api = "https://api.example.com".to_owned();
        assert_eq!(endpoint.registry_origin(), "https://localhost:8080");
    }
}
