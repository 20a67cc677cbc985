//! Whole collections, a page at a time.

use super::connection::Cluster;
use super::error::CallError;
use super::selection::NamespaceSelection;
use crate::Failure;
use kube::core::ObjectList;
use kube::core::params::ListParams;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Objects in one page; kubectl's own number.
const PAGE: u32 = 500;
/// Up to this many namespaces are listed one by one; one LIST of the whole cluster is
/// cheaper than more of them.
pub(super) const ONE_BY_ONE: usize = 8;
/// How often a list begins again because its snapshot expired on the server (410).
const RESTARTS: usize = 3;

/// Every object of the collection at `path` that `params` select.
///
/// # Errors
/// The first request's failure. A continue token that expired half way (410 Gone)
/// starts the list over, since a half list would look like missing objects.
pub async fn list_all<T>(
    cluster: &Cluster,
    path: &str,
    params: &ListParams,
) -> Result<Vec<T>, CallError>
where
    T: Clone + DeserializeOwned,
{
    let mut restarts = 0;
    let mut items = Vec::new();
    let mut params = params.clone().limit(PAGE);
    loop {
        let request = kube::core::Request::new(path)
            .list(&params)
            .map_err(|error| CallError::Unreadable(error.to_string()))?;
        let page: ObjectList<T> = match cluster.get(&request.uri().to_string()).await {
            Ok(page) => page,
            Err(CallError::Api { code: 410, .. }) if restarts < RESTARTS => {
                restarts += 1;
                items.clear();
                params.continue_token = None;
                continue;
            }
            Err(error) => return Err(error),
        };
        items.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(items),
        }
    }
}

/// A resource below an API: `/api/v1` and `pods`, `/apis/apps/v1` and `replicasets`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resource {
    pub(crate) api: &'static str,
    pub(crate) plural: &'static str,
}

/// What could be listed, and the namespaces that could not.
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    pub(crate) failures: Vec<(String, CallError)>,
}

/// What could be listed in several namespaces, and why not in the others.
#[derive(Debug)]
pub struct Readable<T> {
    /// What could be listed.
    pub items: Vec<T>,
    /// The other namespaces.
    pub unreadable: Vec<(String, Failure)>,
}

/// The objects in these namespaces, and, if they are many, in others too: with as few
/// requests as the user's rights allow. A namespace that cannot be listed does not hide the
/// others.
///
/// # Errors
/// The whole cluster was to be listed, and could not.
pub(crate) async fn list_in<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    resource: Resource,
    params: &ListParams,
) -> Result<Listed<T>, CallError> {
    let everywhere = format!("{}/{}", resource.api, resource.plural);
    let whole = list_all(cluster, &everywhere, params);
    let items = match selection {
        NamespaceSelection::All => whole.await?,
        NamespaceSelection::Named(names) if names.len() <= ONE_BY_ONE => {
            return Ok(list_each(cluster, names, resource, params).await);
        }
        NamespaceSelection::Named(names) => match whole.await {
            Err(error) if error.is_forbidden() => {
                return Ok(list_each(cluster, names, resource, params).await);
            }
            other => other?,
        },
    };
    Ok(Listed {
        items,
        failures: Vec::new(),
    })
}

async fn list_each<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    Resource { api, plural }: Resource,
    params: &ListParams,
) -> Listed<T> {
    let lists = cluster.window().run(namespaces, async |namespace| {
        let path = format!("{api}/namespaces/{namespace}/{plural}");
        list_all(cluster, &path, params).await
    });
    let mut listed = Listed {
        items: Vec::new(),
        failures: Vec::new(),
    };
    for (namespace, list) in namespaces.iter().zip(lists.await) {
        match list {
            Ok(items) => listed.items.extend(items),
            Err(error) => listed.failures.push((namespace.clone(), error)),
        }
    }
    listed
}
