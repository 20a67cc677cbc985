//! The one way these tests come to an HTTP client, whichever of them runs first.

use std::io;

use reqwest::{Certificate, Client, redirect};

/// A client that follows no redirect and uses no proxy; with `ca` it trusts that authority only.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that builds a client, right after the provider"
)]
pub fn client(ca: Option<&str>) -> io::Result<Client> {
    // reqwest wants a provider even for plain HTTP; only one test of a process is the first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none());
    if let Some(ca) = ca {
        let ca = Certificate::from_pem(ca.as_bytes()).map_err(io::Error::other)?;
        builder = builder.tls_certs_only([ca]);
    }
    builder.build().map_err(io::Error::other)
}
