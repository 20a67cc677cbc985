//! What a container runtime does: the `/v2/` challenge, a token, its pull scope.

mod host;

pub use host::RegistryHost;
