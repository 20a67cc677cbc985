//! HTTP to Quay and registries: where they are, one transport, what their answers mean.

mod address;
pub(crate) mod body;
mod client;
mod clock;
mod endpoint;
mod error;
mod error_text;
mod pace;
mod proxy;
mod tls_problem;
mod transport;
mod trust;

pub(crate) use address::url;
pub(crate) use client::{Trust, client, install_crypto};
pub(crate) use clock::ServerClock;
pub(crate) use endpoint::host_of;
pub use endpoint::{Endpoint, parse_origin};
pub use error::ApiError;
pub(crate) use error_text::error_text;
pub(crate) use proxy::{proxy_for, without_password};
pub use tls_problem::{SelfSigned, TlsProblem};
pub(crate) use transport::{Answer, Auth, Call, Repeat, Transport};
pub(crate) use trust::{Roots, certificates, verifier};
