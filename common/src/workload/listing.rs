//! One kind of object in several namespaces.

use crate::cluster::{CallError, Cluster, NamespaceSelection, Resource, list_in};
use kube::core::params::ListParams;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Why a list could not be had.
pub(super) struct ListError {
    pub(super) error: CallError,
    /// What was listed, as a failure names it.
    pub(super) action: String,
}

/// The objects in these namespaces, and, if they are many, in others too: with as few
/// requests as the user's rights allow; and the namespaces where they cannot be listed.
///
/// # Errors
/// They cannot be listed anywhere.
pub(super) async fn list_readable<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    resource: Resource,
) -> Result<(Vec<T>, Vec<(String, ListError)>), ListError> {
    let plural = resource.plural;
    let selection = NamespaceSelection::Named(namespaces.clone());
    let listed = list_in(cluster, &selection, resource, &ListParams::default())
        .await
        .map_err(|error| ListError {
            error,
            action: format!("list {plural} in all namespaces"),
        })?;
    let mut unread: Vec<(String, ListError)> = listed
        .failures
        .into_iter()
        .map(|(namespace, error)| {
            let action = format!("list {plural} in namespace `{namespace}`");
            (namespace, ListError { error, action })
        })
        .collect();
    match unread.len() == namespaces.len() {
        true => match unread.pop() {
            Some((_, last)) => Err(last),
            None => Ok((listed.items, unread)),
        },
        false => Ok((listed.items, unread)),
    }
}

/// The same, where every namespace is needed.
///
/// # Errors
/// They cannot be listed in one of them.
pub(super) async fn list<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    resource: Resource,
) -> Result<Vec<T>, ListError> {
    let (items, unread) = list_readable(cluster, namespaces, resource).await?;
    match unread.into_iter().next() {
        None => Ok(items),
        Some((_, unlisted)) => Err(unlisted),
    }
}
