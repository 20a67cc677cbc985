//! Which addresses a server may have that nobody but a pull secret names.
//!
//! Whoever may write a secret could else have this machine's own services asked, and those that
//! only its link reaches, such as a cloud's metadata. It is the address that counts: any name may
//! lead to this machine. Private networks are where registries live, and are allowed.
//!
//! Through a proxy it is the proxy that looks up a name. Then the certificate, which has to be one
//! for that name, keeps a password from whatever else may answer.

use super::error::ApiError;
use super::proxy::proxy_hosts;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

/// A name that leads to no address that may be asked, or the address itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forbidden {
    host: String,
    address: IpAddr,
}

impl Forbidden {
    /// Finds it among the causes of an error.
    pub(super) fn in_causes(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(current) = cause {
            if let Some(found) = current.downcast_ref::<Self>() {
                return Some(found.clone());
            }
            cause = current.source();
        }
        None
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address } = self;
        let whose = match address.to_canonical() {
            address if address.is_loopback() || address.is_unspecified() => {
                "an address of this machine"
            }
            _ => "an address of this machine's local link",
        };
        if *host == address.to_string() {
            return write!(f, "{address} is {whose}");
        }
        write!(f, "{host} leads to {address}, which is {whose}")
    }
}

impl std::error::Error for Forbidden {}

impl From<Forbidden> for ApiError {
    fn from(found: Forbidden) -> Self {
        Self::ForbiddenAddress(found.to_string())
    }
}

/// Refuses an address that is written out, and names that are this machine's everywhere. Any other
/// name is looked at by [`Checked`] once it is resolved, unless a proxy does that.
pub(super) fn check(url: &Url) -> Result<(), Forbidden> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_matches(['[', ']']);
    let name = bare.trim_end_matches('.');
    let is_local = name == "localhost" || name.ends_with(".localhost");
    let address = match bare.parse() {
        Ok(address) => address,
        Err(_) if is_local => IpAddr::from(Ipv4Addr::LOCALHOST),
        Err(_) => return Ok(()),
    };
    match may_be_asked(address) {
        true => Ok(()),
        false => Err(Forbidden {
            host: bare.to_owned(),
            address,
        }),
    }
}

/// The system's resolver, without the addresses that may not be asked.
pub(super) struct Checked;

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || {
                let found = (host.as_str(), 0).to_socket_addrs();
                (host, found)
            });
            let (host, found) = found.await?;
            let found: Vec<SocketAddr> = found?.collect();
            // A proxy is the user's own choice.
            let is_proxy = proxy_hosts().any(|proxy| proxy == host);
            let allowed: Vec<SocketAddr> = found
                .iter()
                .copied()
                .filter(|address| is_proxy || may_be_asked(address.ip()))
                .collect();
            match (allowed.is_empty(), found.first()) {
                (true, Some(address)) => Err(Forbidden {
                    host,
                    address: address.ip(),
                }
                .into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// Neither this machine, nor a neighbour on its link, nor nowhere.
pub(crate) fn may_be_asked(address: IpAddr) -> bool {
    // An IPv4 address that is written as one of IPv6 is the same address.
    match address.to_canonical() {
        // The whole of 0.0.0.0/8 is "this host on this network".
        IpAddr::V4(address) => {
            !(address.is_loopback() || address.is_link_local() || address.octets()[0] == 0)
        }
        IpAddr::V6(address) => {
            // `::127.0.0.1` is the old way to write IPv4 in IPv6.
            let embedded = address.to_ipv4();
            !(address.is_loopback()
                || address.is_unspecified()
                || address.is_unicast_link_local()
                || embedded.is_some_and(|old| !may_be_asked(old.into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_link_are_not_asked_however_they_are_written() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "::",
            "::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::127.0.0.1",
        ] {
            assert!(!may_be_asked(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn private_networks_are_where_registries_live() {
        for text in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.2.1",
            "fd00::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(may_be_asked(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_addresses_read_them() {
        for text in [
            "127.1",
            "2130706433",
            "0x7f.1",
            "[::ffff:7f00:1]",
            "0",
            "localhost.",
            "a.localhost",
        ] {
            let url = Url::parse(&format!("https://{text}:8443/v2/")).unwrap();
            assert!(check(&url).is_err(), "{text}");
        }
        let url = Url::parse("https://quay.example.com/v2/").unwrap();
        assert_eq!(check(&url), Ok(()));
    }

    #[tokio::test]
    async fn a_name_is_looked_at_once_it_is_resolved() {
        let resolved = Checked.resolve("localhost".parse().unwrap()).await;
        let error = resolved.err().expect("localhost is this machine");
        assert!(Forbidden::in_causes(error.as_ref()).is_some(), "{error}");
    }
}
