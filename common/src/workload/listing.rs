//! One kind of object in several namespaces.

use crate::cluster::{CallError, Cluster, NamespaceSelection, Resource, list_in};
use kube::core::params::ListParams;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Why a list could not be had.
pub(super) struct Unlisted {
    pub(super) error: CallError,
    /// What was listed, as a failure names it.
    pub(super) action: String,
}

/// The objects in these namespaces, and, if they are many, in others too: with as few
/// requests as the user's rights allow.
pub(super) async fn list<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    resource: Resource,
) -> Result<Vec<T>, Unlisted> {
    let plural = resource.plural;
    let selection = NamespaceSelection::Named(namespaces.clone());
    let listed = list_in(cluster, &selection, resource, &ListParams::default())
        .await
        .map_err(|error| Unlisted {
            error,
            action: format!("list {plural} in all namespaces"),
        })?;
    match listed.failures.into_iter().next() {
        None => Ok(listed.items),
        Some((namespace, error)) => Err(Unlisted {
            error,
            action: format!("list {plural} in namespace `{namespace}`"),
        }),
    }
}
