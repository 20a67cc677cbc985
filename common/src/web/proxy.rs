//! Which proxy a request goes through, by the rules of golang.org/x/net/http/httpproxy, which
//! kubectl and oc follow.
//!
//! Other programs read the same variables in other ways: reqwest and kube know no ports in
//! `NO_PROXY`, and send what is on this machine through the proxy.

use ipnet::IpNet;
use reqwest::Url;
use std::net::IpAddr;
use std::sync::LazyLock;

/// The environment does not change while we run.
static OF_ENVIRONMENT: LazyLock<Proxies> = LazyLock::new(|| {
    Proxies::new(|name| {
        let value = std::env::var_os(name)?;
        Some(value.to_string_lossy().into_owned())
    })
});

/// The proxies, and which hosts are reached without.
#[derive(Debug)]
struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    direct: Vec<Rule>,
    /// Whether a web server runs us (CGI): there `HTTP_PROXY` is the client's header `Proxy`.
    cgi: bool,
}

/// One entry of `NO_PROXY`.
#[derive(Debug)]
enum Rule {
    Everything,
    Network(IpNet),
    Address(IpAddr, Port),
    /// `.example.com`, and `example.com` itself where it says so.
    Domain {
        suffix: String,
        itself: bool,
        port: Port,
    },
}

/// Every port, where none is written.
#[derive(Debug)]
struct Port(Option<String>);

impl Port {
    fn matches(&self, port: &str) -> bool {
        self.0.as_ref().is_none_or(|own| own == port)
    }
}

/// The proxy for requests to this address, by the environment; `None` means directly.
///
/// # Errors
/// The address is one of plain http, and we run as a CGI program.
pub(crate) fn proxy_for(url: &Url) -> Result<Option<&'static Url>, String> {
    OF_ENVIRONMENT.of(url)
}

/// The hosts of the environment's proxies, as they are looked up.
pub(super) fn proxy_hosts() -> impl Iterator<Item = &'static str> {
    let proxies = [&OF_ENVIRONMENT.http, &OF_ENVIRONMENT.https];
    proxies.into_iter().flatten().filter_map(Url::host_str)
}

/// The proxy's address without what might be a password.
pub(crate) fn without_password(proxy: &Url) -> String {
    let port = proxy.port_or_known_default();
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let host = proxy.host_str().unwrap_or_default();
    format!("{}://{host}{port}", proxy.scheme())
}

impl Proxies {
    fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let any = |names: [&str; 2]| {
            let mut values = names.into_iter().filter_map(&variable);
            values.find(|value| !value.is_empty()).unwrap_or_default()
        };
        Self {
            http: read_proxy(&any(["HTTP_PROXY", "http_proxy"])),
            https: read_proxy(&any(["HTTPS_PROXY", "https_proxy"])),
            direct: rules(&any(["NO_PROXY", "no_proxy"])),
            cgi: variable("REQUEST_METHOD").is_some_and(|value| !value.is_empty()),
        }
    }

    fn of(&self, url: &Url) -> Result<Option<&Url>, String> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            "http" if self.cgi && self.http.is_some() => {
                return Err(
                    "HTTP_PROXY is ignored while REQUEST_METHOD is set, because in a CGI program \
                     anybody could set it; unset one of them"
                        .to_owned(),
                );
            }
            "http" => self.http.as_ref(),
            _ => None,
        };
        Ok(proxy.filter(|_| self.is_proxied(url)))
    }

    fn is_proxied(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default().to_string();
        let address = address(host.trim_matches(['[', ']']));
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return false;
        }
        !self.direct.iter().any(|rule| match (rule, address) {
            (Rule::Everything, _) => true,
            (Rule::Network(network), Some(address)) => network.contains(&address),
            (Rule::Address(own, own_port), Some(address)) => {
                *own == address && own_port.matches(&port)
            }
            (
                Rule::Domain {
                    suffix,
                    itself,
                    port: own_port,
                },
                None,
            ) => {
                (host.ends_with(suffix) || *itself && host == &suffix[1..])
                    && own_port.matches(&port)
            }
            _ => false,
        })
    }
}

/// A proxy's address; without a scheme it is one of http. What is no address is no proxy.
fn read_proxy(text: &str) -> Option<Url> {
    if text.is_empty() {
        return None;
    }
    let with_host = |text: &str| Url::parse(text).ok().filter(Url::has_host);
    with_host(text).or_else(|| with_host(&format!("http://{text}")))
}

/// An IPv4 address that is written as one of IPv6 is the same address.
fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

fn rules(text: &str) -> Vec<Rule> {
    let entries = text.split(',').map(|entry| entry.trim().to_lowercase());
    let entries: Vec<String> = entries.filter(|entry| !entry.is_empty()).collect();
    if entries.iter().any(|entry| entry == "*") {
        return vec![Rule::Everything];
    }
    entries.iter().filter_map(|entry| rule(entry)).collect()
}

/// Reads one entry; what names no host counts for nothing.
fn rule(entry: &str) -> Option<Rule> {
    if let Ok(network) = entry.parse() {
        return Some(Rule::Network(network));
    }
    let (host, port) = match split_port(entry) {
        Some((host, port)) => (host, Port((!port.is_empty()).then(|| port.to_owned()))),
        None => (entry, Port(None)),
    };
    if let Some(address) = address(host) {
        return Some(Rule::Address(address, port));
    }
    let host = match host.strip_prefix('*') {
        Some(below) if below.starts_with('.') => below,
        _ => host,
    };
    let (name, itself) = match host.strip_prefix('.') {
        Some(name) => (name, false),
        None => (host, true),
    };
    let suffix = format!(".{}", ascii(name));
    (!host.is_empty()).then_some(Rule::Domain {
        suffix,
        itself,
        port,
    })
}

/// `host:port` or `[address]:port`, as `net.SplitHostPort` takes it.
fn split_port(entry: &str) -> Option<(&str, &str)> {
    let (host, port) = match entry.strip_prefix('[') {
        Some(rest) => rest.split_once("]:")?,
        None => entry
            .rsplit_once(':')
            .filter(|(host, _)| !host.contains(':'))?,
    };
    let odd = |text: &str| text.contains(['[', ']']);
    (!odd(host) && !odd(port) && !port.contains(':')).then_some((host, port))
}

/// A name as it stands in addresses.
fn ascii(name: &str) -> String {
    let url = match name.is_ascii() {
        true => None,
        false => Url::parse(&format!("http://{name}")).ok(),
    };
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::new(|name| {
            let mut variables = variables.iter();
            let (_, value) = variables.find(|(own, _)| *own == name)?;
            Some((*value).to_owned())
        })
    }

    fn of(proxies: &Proxies, url: &str) -> Option<String> {
        let url = Url::parse(url).unwrap();
        proxies.of(&url).unwrap().map(without_password)
    }

    #[test]
    fn no_proxy_names_hosts_networks_and_ports_as_go_reads_them() {
        for (no_proxy, direct, through) in [
            ("*", "https://a.example", ""),
            ("x.example, * ,y", "https://1.2.3.4", ""),
            (
                "example.com",
                "https://example.com",
                "https://notexample.com",
            ),
            (
                "example.com",
                "https://a.b.example.com",
                "https://example.com.au",
            ),
            ("EXAMPLE.com", "https://Example.COM", "https://example.org"),
            (
                ".example.com",
                "https://a.example.com",
                "https://example.com",
            ),
            (
                "*.example.com",
                "https://a.example.com",
                "https://example.com",
            ),
            (
                "example.com:8443",
                "https://example.com:8443",
                "https://example.com",
            ),
            (
                "example.com:443",
                "https://a.example.com",
                "https://a.example.com:8443",
            ),
            (
                ".example.com:443",
                "https://a.example.com",
                "https://example.com",
            ),
            (
                "example.com:",
                "https://example.com:1",
                "https://example.org",
            ),
            ("10.1.2.3", "https://10.1.2.3:6443", "https://10.1.2.4"),
            ("10.1.2.3:6443", "https://10.1.2.3:6443", "https://10.1.2.3"),
            ("10.0.0.0/8", "https://10.200.0.1", "https://11.0.0.1"),
            ("10.9.9.9/8", "https://10.200.0.1", "https://11.0.0.1"),
            (
                "10.0.0.0/8",
                "https://[::ffff:10.0.0.1]",
                "https://ten.example",
            ),
            (
                "2001:db8::1",
                "https://[2001:db8::1]",
                "https://[2001:db8::2]",
            ),
            (
                "[2001:db8::1]:443",
                "https://[2001:db8::1]",
                "https://[2001:db8::1]:1",
            ),
            (
                "2001:db8::/32",
                "https://[2001:db8:1::1]",
                "https://[2001:db9::1]",
            ),
            (
                "b\u{fc}cher.example",
                "https://xn--bcher-kva.example",
                "https://bucher.example",
            ),
            // What names nothing counts for nothing, and what is behind it does.
            (
                " , ,:443, example.com,",
                "https://example.com",
                "https://example.org",
            ),
            (
                "10.0.0.0/33,[a, example.com",
                "https://example.com",
                "https://10.0.0.1",
            ),
            // An address has no domain.
            ("3.4,example.com", "https://example.com", "https://1.2.3.4"),
        ] {
            let set = [("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", no_proxy)];
            let proxies = proxies(&set);
            assert_eq!(of(&proxies, direct), None, "{no_proxy}: {direct}");
            if !through.is_empty() {
                let proxy = of(&proxies, through);
                assert!(proxy.is_some(), "{no_proxy}: {through}");
            }
        }
    }

    #[test]
    fn what_is_on_this_machine_is_always_reached_directly() {
        let both = [("HTTPS_PROXY", "proxy"), ("HTTP_PROXY", "proxy")];
        let proxies = proxies(&both);
        for host in [
            "localhost",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            for scheme in ["https", "http"] {
                assert_eq!(of(&proxies, &format!("{scheme}://{host}")), None, "{host}");
            }
        }
        for host in ["localhost.example", "0.0.0.0", "a.localhost"] {
            assert!(of(&proxies, &format!("https://{host}")).is_some(), "{host}");
        }
    }

    #[test]
    fn the_first_variable_that_holds_something_counts_and_each_scheme_has_its_own() {
        let https = |variables: &[(&str, &str)]| of(&proxies(variables), "https://x.example");
        let proxy = |text: &str| Some(text.to_owned());
        let upper = ("HTTPS_PROXY", "http://up:1");
        let lower = ("https_proxy", "http://low:1");
        assert_eq!(https(&[upper, lower]), proxy("http://up:1"));
        assert_eq!(https(&[("HTTPS_PROXY", ""), lower]), proxy("http://low:1"));
        assert_eq!(https(&[("HTTP_PROXY", "up"), ("ALL_PROXY", "all")]), None);
        let no_proxy = [("NO_PROXY", ""), ("no_proxy", "x.example")];
        assert_eq!(https(&[&[upper], &no_proxy[..]].concat()), None);
        let other = [("NO_PROXY", "y.example"), ("no_proxy", "x.example")];
        let both = https(&[&[upper], &other[..]].concat());
        assert_eq!(both, proxy("http://up:1"));
        let http = proxies(&[("HTTP_PROXY", "plain:1"), upper]);
        assert_eq!(of(&http, "http://x.example"), proxy("http://plain:1"));
    }

    #[test]
    fn a_proxy_is_an_address_with_or_without_a_scheme_and_shown_without_its_password() {
        for (text, shown) in [
            ("proxy.corp:3128", Some("http://proxy.corp:3128")),
            ("proxy", Some("http://proxy:80")),
            ("http://me:pw@proxy:3128/", Some("http://proxy:3128")),
            ("me:pw@proxy:3128", Some("http://proxy:3128")),
            ("https://proxy", Some("https://proxy:443")),
            ("socks5://proxy:1080", Some("socks5://proxy:1080")),
            ("a b", None),
        ] {
            let found = of(&proxies(&[("HTTPS_PROXY", text)]), "https://x.example");
            assert_eq!(found.as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn a_cgi_program_takes_no_proxy_from_what_its_client_may_have_sent() {
        let url = Url::parse("http://x.example").unwrap();
        let cgi = ("REQUEST_METHOD", "GET");
        let refused = proxies(&[("HTTP_PROXY", "evil"), cgi]);
        assert!(refused.of(&url).unwrap_err().contains("REQUEST_METHOD"));
        assert!(proxies(&[cgi]).of(&url).unwrap().is_none());
        let https = proxies(&[("HTTPS_PROXY", "proxy"), cgi]);
        assert!(of(&https, "https://x.example").is_some());
    }
}
