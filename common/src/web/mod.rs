//! HTTP to Quay and registries: where they are, one transport, what their answers mean.

mod address;
pub(crate) mod body;
mod call;
mod client;
mod clock;
mod endpoint;
mod error;
mod error_text;
mod pace;
mod proxy;
mod reach;
mod tls_problem;
mod transport;
mod trust;

pub(crate) use address::url;
pub(crate) use call::{Answer, Auth, Body, Call, Largest, Repeat};
pub(crate) use client::{Trust, install_crypto};
pub(crate) use clock::ServerClock;
pub(crate) use endpoint::host_of;
pub use endpoint::{Endpoint, NamedBy, parse_origin};
pub use error::ApiError;
pub(crate) use error_text::{error_text, first_line};
pub(crate) use proxy::proxy_for;
pub(crate) use reach::may_be_asked;
pub use tls_problem::{SelfSigned, TlsProblem};
pub(crate) use transport::Transport;
pub(crate) use trust::{Roots, authorities, certificates, verifier};
