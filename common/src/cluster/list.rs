//! Whole collections, a page at a time.

use super::connection::Cluster;
use super::error::CallError;
use super::resource::Resource;
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
/// Pages of one list: a million objects fit, and no cluster has as many.
const MOST_PAGES: usize = 2_000;
/// How often a list begins again because its snapshot expired on the server (410).
const RESTARTS: usize = 3;

/// Every object of the collection at `path` that `params` select.
///
/// # Errors
/// The first request's failure, or a list that has no end. A continue token that expired half way
/// (410 Gone) starts the list over, since a half list would look like missing objects.
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
    for _ in 0..MOST_PAGES {
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
            Some(token) if params.continue_token.as_ref() == Some(&token) => break,
            Some(token) => params.continue_token = Some(token),
            None => return Ok(items),
        }
    }
    Err(CallError::Endless)
}

/// What could be listed, and the namespaces that could not.
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    pub(crate) failures: Vec<(String, Unlisted)>,
}

/// Why a list could not be had.
pub(crate) struct Unlisted {
    pub(crate) error: CallError,
    /// What was listed, as a failure names it.
    action: String,
}

/// What could be listed in several namespaces, and why not in the others.
#[derive(Debug)]
pub struct Readable<T> {
    /// What could be listed.
    pub items: Vec<T>,
    /// The other namespaces.
    pub unreadable: Vec<(String, Failure)>,
}

impl Unlisted {
    pub(crate) fn into_failure(self, cluster: &Cluster) -> Failure {
        self.error.into_failure(cluster.context(), &self.action)
    }
}

impl<T> Listed<T> {
    /// The items, where no namespace may be missing.
    pub(crate) fn complete(self) -> Result<Vec<T>, Unlisted> {
        match self.failures.into_iter().next() {
            None => Ok(self.items),
            Some((_, unlisted)) => Err(unlisted),
        }
    }

    /// With the failures as people are told of them.
    pub(crate) fn readable(self, cluster: &Cluster) -> Readable<T> {
        let failures = self.failures.into_iter();
        Readable {
            items: self.items,
            unreadable: failures
                .map(|(namespace, unlisted)| (namespace, unlisted.into_failure(cluster)))
                .collect(),
        }
    }
}

/// The objects in these namespaces, and, if they are many, in others too: with as few
/// requests as the user's rights allow. A namespace that cannot be listed does not hide the
/// others.
///
/// # Errors
/// They cannot be listed anywhere.
pub(crate) async fn list_in<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    resource: Resource,
    params: &ListParams,
) -> Result<Listed<T>, Unlisted> {
    let everywhere = resource.everywhere();
    let whole = list_all(cluster, &everywhere, params);
    let items = match selection {
        NamespaceSelection::All => whole.await,
        NamespaceSelection::Named(names) if names.len() <= ONE_BY_ONE => {
            return list_each(cluster, names, resource, params).await;
        }
        NamespaceSelection::Named(names) => match whole.await {
            Err(error) if error.is_forbidden() => {
                return list_each(cluster, names, resource, params).await;
            }
            other => other,
        },
    };
    let items = items.map_err(|error| Unlisted {
        error,
        action: format!("list {} in all namespaces", resource.plural()),
    })?;
    Ok(Listed {
        items,
        failures: Vec::new(),
    })
}

async fn list_each<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    resource: Resource,
    params: &ListParams,
) -> Result<Listed<T>, Unlisted> {
    let lists = cluster.window().run(namespaces, async |namespace| {
        list_all(cluster, &resource.within(namespace), params).await
    });
    let (mut items, mut failures) = (Vec::new(), Vec::new());
    for (namespace, list) in namespaces.iter().zip(lists.await) {
        match list {
            Ok(some) => items.extend(some),
            Err(error) => {
                let action = format!("list {} in namespace `{namespace}`", resource.plural());
                failures.push((namespace.clone(), Unlisted { error, action }));
            }
        }
    }
    match failures.len() == namespaces.len() {
        true => match failures.pop() {
            Some((_, last)) => Err(last),
            None => Ok(Listed { items, failures }),
        },
        false => Ok(Listed { items, failures }),
    }
}
