//! What a container runtime does: the `/v2/` challenge, a token, its pull scope.

mod challenge;
mod claims;
mod probe;
mod scope;
mod server_config;

pub use probe::{Probe, Registry};
pub use server_config::ServerConfig;
