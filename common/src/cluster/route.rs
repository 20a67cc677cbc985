//! How an API server is reached.

use super::transport::without_userinfo;
use kube::Config;

/// The way to an API server, as the kubeconfig has it. A proxy and a TLS server name belong to
/// it: behind each of them the same address may be another machine.
#[derive(PartialEq, Eq)]
pub(super) struct Route {
    /// `https://host:port/path`, without what might be a password.
    server: String,
    proxy: Option<String>,
    /// The same without what might be a password.
    shown_proxy: Option<String>,
    tls_server_name: Option<String>,
    /// The certificates that are trusted there.
    authority: Option<Vec<Vec<u8>>>,
    /// The kubeconfig's name of the user.
    user: Option<String>,
}

impl Route {
    pub(super) fn new(config: &Config, user: Option<String>) -> Self {
        let url = &config.cluster_url;
        let scheme = url.scheme_str().unwrap_or("https");
        let host = url.host().unwrap_or_default().to_ascii_lowercase();
        let port = url.port_u16().unwrap_or(match scheme {
            "http" => 80,
            _ => 443,
        });
        let path = url.path().trim_end_matches('/');
        Self {
            server: format!("{scheme}://{host}:{port}{path}"),
            proxy: config.proxy_url.as_ref().map(ToString::to_string),
            shown_proxy: config.proxy_url.as_ref().map(|proxy| {
                let shown = without_userinfo(proxy).to_string();
                shown.trim_end_matches('/').to_owned()
            }),
            tls_server_name: config.tls_server_name.clone(),
            authority: config.root_cert.clone(),
            user,
        }
    }

    /// Where it ends.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Its host and port.
    pub(super) fn host(&self) -> &str {
        let (_, rest) = self.server.split_once("://").unwrap_or_default();
        rest.split('/').next().unwrap_or_default()
    }

    /// The proxy on the way, as it may be shown.
    pub(super) fn proxy(&self) -> Option<&str> {
        self.shown_proxy.as_deref()
    }

    /// Whether both lead to one server, whoever goes there.
    pub(super) fn ends_where<'a>(&'a self, other: &'a Self) -> bool {
        let end = |route: &'a Self| (&route.server, &route.proxy, &route.tls_server_name);
        end(self) == end(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_in_a_servers_address_is_shown() {
        let config = Config::new("https://me:pw@A/x/".parse().unwrap());
        assert_eq!(Route::new(&config, None).server(), "https://a:443/x");
    }
}
