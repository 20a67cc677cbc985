//! Whom a cluster's nodes trust besides the system's authorities.

use crate::names::RegistryHost;
use crate::web::authorities;
use rustls::pki_types::CertificateDer;
use std::collections::BTreeMap;

/// The authorities of a site: some for every registry, others for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteTrust {
    everywhere: Vec<CertificateDer<'static>>,
    at: BTreeMap<RegistryHost, Vec<CertificateDer<'static>>>,
}

impl SiteTrust {
    /// Trusts the certificates in this PEM text for every registry; returns whether it holds any.
    pub fn trust_everywhere(&mut self, pem: &str) -> bool {
        let found = authorities(pem.as_bytes());
        let holds_any = !found.is_empty();
        self.everywhere.extend(found);
        holds_any
    }

    /// Trusts them for one registry.
    pub fn trust_at(&mut self, host: RegistryHost, pem: &str) -> bool {
        let found = authorities(pem.as_bytes());
        let holds_any = !found.is_empty();
        self.at.entry(host).or_default().extend(found);
        holds_any
    }

    /// Trusts whom `other` trusts too.
    pub fn add(&mut self, other: &Self) {
        self.everywhere.extend(other.everywhere.iter().cloned());
        for (host, certificates) in &other.at {
            let known = self.at.entry(host.clone()).or_default();
            known.extend(certificates.iter().cloned());
        }
    }

    /// The authorities that count for this registry.
    pub(super) fn of(&self, host: &RegistryHost) -> Vec<CertificateDer<'static>> {
        let own = self.at.get(host).into_iter().flatten();
        self.everywhere.iter().chain(own).cloned().collect()
    }
}
