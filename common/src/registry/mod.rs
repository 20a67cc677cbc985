//! What a container runtime does: the `/v2/` challenge, a token, its pull scope.

mod answer;
mod challenge;
mod claims;
mod exchange;
mod image;
mod others;
mod patience;
mod probe;
mod rights;
mod scope;
mod server_config;
mod site_trust;
mod well_known;

pub use exchange::{ExchangeError, HourToken};
pub use image::Pull;
pub use others::OtherRegistries;
pub use patience::ProbeArgs;
pub use probe::{Probe, Registry};
pub use rights::Rights;
pub use server_config::ServerConfig;
pub use site_trust::SiteTrust;
pub use well_known::{is_well_known, served_at};
