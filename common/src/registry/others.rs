//! The registries that one run asks besides those of its logins.

use super::patience::{Patience, ProbeArgs, RunPatience};
use super::probe::Registry;
use crate::Failure;
use crate::names::RegistryHost;
use crate::web::Endpoint;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Registries without a login: those that the user named all the same, and whatever host a pull
/// secret or an image has. Of each there is one connection.
pub struct OtherRegistries {
    named: Vec<Endpoint>,
    ca: Option<PathBuf>,
    patience: Option<Arc<RunPatience>>,
    connected: Mutex<BTreeMap<RegistryHost, Registry>>,
}

impl OtherRegistries {
    /// `named` are those that the user named, `ca` is the authority that was given for all.
    pub fn new(named: Vec<Endpoint>, ca: Option<PathBuf>, probe: &ProbeArgs) -> Self {
        Self {
            named,
            ca,
            patience: RunPatience::new(probe.probe_timeout),
            connected: Mutex::default(),
        }
    }

    /// The connection to this registry; nothing is sent yet.
    ///
    /// # Errors
    /// The certificate authority cannot be read.
    pub fn at(&self, host: &RegistryHost) -> Result<Registry, Failure> {
        let mut connected = self
            .connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(registry) = connected.get(host) {
            return Ok(registry.clone());
        }
        let mut named = self.named.iter();
        let registry = match named.find(|endpoint| endpoint.registry == *host) {
            Some(endpoint) => Registry::connect(endpoint)?,
            None => Registry::connect(&Endpoint {
                ca: self.ca.clone(),
                ..Endpoint::of_pull_secret(host.clone())
            })?,
        };
        let registry = registry.with(Patience::within(self.patience.as_ref()));
        connected.insert(host.clone(), registry.clone());
        Ok(registry)
    }
}
