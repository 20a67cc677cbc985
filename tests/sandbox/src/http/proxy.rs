//! A proxy in front of a real server, which logs and fails like [`Server`].

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::uri::{Authority as Address, Scheme};
use axum::http::{HeaderName, Request, Response, StatusCode, Uri, Version, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::authority::Authority;
use super::server::{Server, ServerOptions};

/// What concerns one connection only, and `Host`, which HTTP/2 has in the request line.
const HOP_BY_HOP: [HeaderName; 6] = [
    header::CONNECTION,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// A TLS proxy on 127.0.0.1: HTTP/2 and HTTP/1.1 towards its clients, one HTTP/2
/// connection to the server behind it. Headers and bodies pass unchanged.
pub struct Proxy {
    server: Server,
}

impl Proxy {
    /// Starts a proxy for `upstream`, such as `https://127.0.0.1:6443`, which has to speak
    /// HTTP/2; `upstream_ca` is the PEM of the authority it is trusted by, `authority`
    /// signs the proxy's own certificate.
    ///
    /// # Errors
    /// When the address or the certificate is none, or the server cannot be started.
    pub fn start(upstream: &str, upstream_ca: &str, authority: Arc<Authority>) -> io::Result<Self> {
        let upstream: Uri = upstream.parse().map_err(io::Error::other)?;
        let address = upstream.authority().cloned();
        let address = address.ok_or_else(|| io::Error::other("the upstream has no host"))?;
        let client = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build(connector(upstream_ca)?);
        let router = Router::new().fallback(move |request| {
            let (client, address) = (client.clone(), address.clone());
            async move { forward(&client, address, request).await }
        });
        let options = ServerOptions {
            authority: Some(authority),
            ..ServerOptions::default()
        };
        Ok(Self {
            server: Server::start(router, options)?,
        })
    }

    /// Where clients reach it, without a trailing slash.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.server.port())
    }

    /// Its request log and its faults.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

fn connector(ca: &str) -> io::Result<HttpsConnector<HttpConnector>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
        let certificate = certificate.map_err(io::Error::other)?;
        roots.add(certificate).map_err(io::Error::other)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http2()
        .wrap_connector(tcp))
}

async fn forward(
    client: &Client<HttpsConnector<HttpConnector>, Body>,
    address: Address,
    request: Request<Body>,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let mut target = parts.uri.into_parts();
    target.scheme = Some(Scheme::HTTPS);
    target.authority = Some(address);
    parts.uri = match Uri::from_parts(target) {
        Ok(uri) => uri,
        Err(error) => return bad_gateway(&error),
    };
    parts.version = Version::HTTP_2;
    for name in HOP_BY_HOP {
        parts.headers.remove(name);
    }
    match client.request(Request::from_parts(parts, body)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => bad_gateway(&error),
    }
}

fn bad_gateway(error: &dyn std::error::Error) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("no way to the server: {error}\n")));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
