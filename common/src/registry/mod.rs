//! What a container runtime does: the `/v2/` challenge, a token, its pull scope.

mod challenge;
mod claims;
mod endpoint;
mod host;
mod probe;
mod scope;

pub use endpoint::{Endpoint, parse_origin};
pub use host::RegistryHost;
pub use probe::{Probe, Registry};
