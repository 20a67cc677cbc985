//! The registries that one run asks besides those of its logins.

use super::patience::{Patience, ProbeArgs, RunPatience};
use super::probe::Registry;
use super::site_trust::SiteTrust;
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
    site: SiteTrust,
    connected: Arc<Mutex<Connected>>,
}

/// Each connection, by its registry and the authorities that it trusts besides the system's.
type Connected = BTreeMap<(RegistryHost, Vec<Vec<u8>>), Registry>;

impl OtherRegistries {
    /// `named` are those that the user named, `ca` is the authority that was given for all.
    pub fn new(named: Vec<Endpoint>, ca: Option<PathBuf>, probe: &ProbeArgs) -> Self {
        Self {
            named,
            ca,
            patience: RunPatience::new(probe.probe_timeout),
            site: SiteTrust::default(),
            connected: Arc::default(),
        }
    }

    /// The same registries as seen from a site, whose authorities are trusted too. Connections
    /// that trust the same are shared, and so is the time of the run.
    pub fn trusting(&self, site: SiteTrust) -> Self {
        Self {
            named: self.named.clone(),
            ca: self.ca.clone(),
            patience: self.patience.clone(),
            site,
            connected: Arc::clone(&self.connected),
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
        let trusted = self.site.of(host);
        let bytes = trusted.iter().map(|certificate| certificate.to_vec());
        let at = (host.clone(), bytes.collect());
        if let Some(registry) = connected.get(&at) {
            return Ok(registry.clone());
        }
        let mut named = self.named.iter();
        let registry = match named.find(|endpoint| endpoint.registry == *host) {
            Some(endpoint) => Registry::connect_trusting(endpoint, trusted)?,
            None => {
                let endpoint = Endpoint {
                    ca: self.ca.clone(),
                    ..Endpoint::of_pull_secret(host.clone())
                };
                Registry::connect_trusting(&endpoint, trusted)?
            }
        };
        let registry = registry.with(Patience::within(self.patience.as_ref()));
        connected.insert(at, registry.clone());
        Ok(registry)
    }
}
