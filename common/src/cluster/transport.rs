//! One HTTP/2 connection to an API server.
//!
//! kube's own stack speaks HTTP/1.1, one connection for each request in flight.
//! The same layers (base URL, authentication, impersonation) on top of a
//! connector that offers h2 need one handshake for hundreds of requests, which
//! is most of the time saved on a server that is far away.

use crate::web::install_crypto;
use kube::Config;
use kube::client::{Body, Client, ConfigExt};
use std::time::Duration;
use tower::{BoxError, Layer, ServiceExt, util::Either};

type Result<T> = std::result::Result<T, kube::Error>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// A client for `config`: HTTP/2 where the server offers it.
pub(super) fn client(mut config: Config) -> Result<Client> {
    install_crypto();
    if config.proxy_url.is_some() {
        // Through a proxy kube's connectors (CONNECT, SOCKS) are worth more than h2.
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.default_retry = false;
        return Client::try_from(config);
    }
    let connector = connector(&config)?;
    let http = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .timer(hyper_util::rt::TokioTimer::new())
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

fn connector(
    config: &Config,
) -> Result<hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>> {
    let mut tcp = hyper_util::client::legacy::connect::HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let mut builder = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config.rustls_client_config()?)
        .https_or_http();
    if let Some(name) = &config.tls_server_name
        && let Ok(name) = name.clone().try_into()
    {
        builder =
            builder.with_server_name_resolver(hyper_rustls::FixedServerNameResolver::new(name));
    }
    Ok(builder.enable_all_versions().wrap_connector(tcp))
}
