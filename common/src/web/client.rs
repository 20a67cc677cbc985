//! The one way to an HTTP client: the TLS provider is there before it is needed.

use super::endpoint::NamedBy;
use super::proxy::proxy_for;
use super::reach::Checked;
use super::trust::{Roots, tls};
use reqwest::{ClientBuilder, Proxy};
use rustls::pki_types::CertificateDer;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes ring this process's TLS provider. reqwest and kube take it from there, and reqwest
/// panics where there is none; so whatever builds a client calls this first.
pub(crate) fn install_crypto() {
    // Only says whether one was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Which servers are trusted.
pub(crate) enum Trust {
    /// Those with a certificate of the system's authorities or of these.
    Certified(Vec<CertificateDer<'static>>),
    /// Every one.
    Anyone,
}

/// A client that says who we are, follows no redirect, waits for a bounded time, goes through the
/// proxy of the environment, and reaches no more than who named the server may have it reach.
///
/// # Errors
/// One of the certificates is none.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that builds a client, right after the provider"
)]
pub(crate) fn client(trust: Trust, named_by: NamedBy) -> Result<ClientBuilder, rustls::Error> {
    install_crypto();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("kubectl-quay/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .proxy(Proxy::custom(|url| proxy_for(url).ok().flatten().cloned()));
    let builder = match named_by {
        NamedBy::User => builder,
        NamedBy::PullSecret => builder.dns_resolver(Checked).https_only(true),
    };
    match trust {
        Trust::Anyone => Ok(builder.tls_danger_accept_invalid_certs(true)),
        Trust::Certified(given) => {
            let roots = Roots {
                given,
                system: true,
            };
            Ok(builder.tls_backend_preconfigured(tls(roots)?))
        }
    }
}
