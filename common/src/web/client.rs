//! The one way to an HTTP client: the TLS provider is there before it is needed.

use reqwest::ClientBuilder;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes ring this process's TLS provider. reqwest and kube take it from there, and reqwest
/// panics where there is none; so whatever builds a client calls this first.
pub(crate) fn install_crypto() {
    // Only says whether one was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client that says who we are, follows no redirect and waits for a bounded time.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that builds a client, right after the provider"
)]
pub(crate) fn client() -> ClientBuilder {
    install_crypto();
    reqwest::Client::builder()
        .user_agent(concat!("kubectl-quay/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
}
