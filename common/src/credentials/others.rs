//! The registries without a login that the user named.

use super::quay_args::QuayArgs;
use super::session::endpoint;
use super::settings::Settings;
use crate::Failure;
use crate::registry::{OtherRegistries, ProbeArgs};

/// What asks registries without a login: the one of `--registry` or `--quay-url`, those of logins
/// whose token is not at hand, and whatever else a pull secret names.
///
/// # Errors
/// As [`endpoint`].
pub fn other_registries(args: &QuayArgs, probe: &ProbeArgs) -> Result<OtherRegistries, Failure> {
    let settings = Settings::load()?;
    let mut named = Vec::new();
    if args.names_registry() {
        named.push(endpoint(args, &settings)?);
    }
    let logins = settings.registries.iter();
    named.extend(logins.map(|(registry, login)| login.endpoint(registry.clone())));
    let ca = args.registry_ca.clone();
    Ok(OtherRegistries::new(named, ca, probe))
}
