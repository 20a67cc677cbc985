//! One HTTP/2 connection to an API server.
//!
//! kube's own stack speaks HTTP/1.1, one connection for each request in flight.
//! The same layers (base URL, authentication, impersonation) on top of a
//! connector that offers h2 need one handshake for hundreds of requests, which
//! is most of the time saved on a server that is far away.

use crate::web::{Roots, install_crypto, verifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::Config;
use kube::client::{Body, Client, ConfigExt};
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use std::time::Duration;
use tower::{BoxError, Layer, ServiceExt, util::Either};

type Result<T> = std::result::Result<T, kube::Error>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// A client for `config`: HTTP/2 where the server offers it, through the config's proxy.
pub(super) fn client(config: &Config) -> Result<Client> {
    install_crypto();
    let (tls, tcp) = (tls(config)?, tcp());
    let Some(proxy) = &config.proxy_url else {
        return over(https(config, tls, tcp), config);
    };
    match proxy.scheme_str() {
        Some("socks5" | "socks5h") => over(https(config, tls, socks(proxy, tcp)), config),
        Some("http") => over(https(config, tls, tunnel(proxy, tcp)), config),
        Some("https") => {
            let to_proxy = HttpsConnectorBuilder::new()
                .with_tls_config(tls.clone())
                .https_only()
                .enable_http1()
                .wrap_connector(tcp);
            over(https(config, tls, tunnel(proxy, to_proxy)), config)
        }
        _ => Err(kube::Error::ProxyProtocolUnsupported {
            proxy_url: Box::new(without_userinfo(proxy)),
        }),
    }
}

/// kube's layers on our connector.
fn over(
    connector: impl Connect + Clone + Send + Sync + 'static,
    config: &Config,
) -> Result<Client> {
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .build::<_, Body>(connector);
    let service = config
        .extra_headers_layer()?
        .layer(http.map_err(BoxError::from));
    let service = match config.auth_layer()? {
        Some(layer) => Either::Left(layer.layer(service)),
        None => Either::Right(service),
    };
    let service = config.base_uri_layer().layer(service);
    Ok(Client::new(service, config.default_namespace.clone()))
}

fn https<C>(config: &Config, tls: ClientConfig, connector: C) -> HttpsConnector<C> {
    let mut builder = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    if let Some(name) = &config.tls_server_name
        && let Ok(name) = name.clone().try_into()
    {
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    builder.enable_all_versions().wrap_connector(connector)
}

/// kube's TLS, with client certificates and all, and with our judgement of the server's.
fn tls(config: &Config) -> Result<ClientConfig> {
    let mut tls = config.rustls_client_config()?;
    // In a cluster kube reads the authority's file again and again, as it is replaced in time.
    if config.accept_invalid_certs || config.root_cert_file.is_some() {
        return Ok(tls);
    }
    let given = config.root_cert.iter().flatten();
    let roots = Roots {
        given: given.map(|der| der.clone().into()).collect(),
        system: config.root_cert.is_none(),
    };
    let verifier = verifier(roots).map_err(|error| kube::Error::Service(error.into()))?;
    tls.dangerous().set_certificate_verifier(verifier);
    Ok(tls)
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp
}

fn socks<C>(proxy: &Uri, connector: C) -> SocksV5<C> {
    let socks = SocksV5::new(without_userinfo(proxy), connector);
    match userinfo(proxy) {
        Some((user, password)) => socks.with_auth(user, password),
        None => socks,
    }
}

fn tunnel<C>(proxy: &Uri, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(without_userinfo(proxy), connector);
    let header = userinfo(proxy).and_then(|(user, password)| {
        let basic = STANDARD.encode(format!("{user}:{password}"));
        HeaderValue::from_str(&format!("Basic {basic}")).ok()
    });
    match header {
        Some(header) => tunnel.with_auth(header),
        None => tunnel,
    }
}

/// The name and the password in a proxy's address.
fn userinfo(proxy: &Uri) -> Option<(String, String)> {
    let (userinfo, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decoded(user), decoded(password)))
}

/// The proxy's address as it may be shown.
pub(super) fn without_userinfo(proxy: &Uri) -> Uri {
    let authority = proxy.authority().map_or("", |authority| authority.as_str());
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut parts = proxy.clone().into_parts();
    parts.authority = host.parse().ok();
    Uri::from_parts(parts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_password_is_decoded_for_it_and_shown_to_nobody() {
        let proxy: Uri = "http://me:p%40ss%3Aw@proxy:3128".parse().unwrap();
        let expected = ("me".to_owned(), "p@ss:w".to_owned());
        assert_eq!(userinfo(&proxy), Some(expected));
        assert_eq!(without_userinfo(&proxy).to_string(), "http://proxy:3128/");
    }
}
