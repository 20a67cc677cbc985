//! One kind of object in several namespaces.

use crate::cluster::{CallError, Cluster, list_all};
use kube::core::params::ListParams;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Up to this many namespaces are listed one by one; one LIST of the whole cluster is
/// cheaper than more of them.
const ONE_BY_ONE: usize = 8;

/// A resource below an API: `/api/v1` and `pods`, `/apis/apps/v1` and `replicasets`.
#[derive(Clone, Copy)]
pub(super) struct Resource {
    pub(super) api: &'static str,
    pub(super) plural: &'static str,
}

/// Why a list could not be had.
pub(super) struct Unlisted {
    pub(super) error: CallError,
    /// What was listed, as a failure names it.
    pub(super) action: String,
}

impl Resource {
    fn path(self, namespace: &str) -> String {
        format!("{}/namespaces/{namespace}/{}", self.api, self.plural)
    }
}

/// The objects in these namespaces, and, if they are many, in others too: with as few
/// requests as the user's rights allow.
pub(super) async fn list<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    resource: Resource,
) -> Result<Vec<T>, Unlisted> {
    if namespaces.len() > ONE_BY_ONE {
        let everywhere = format!("{}/{}", resource.api, resource.plural);
        match list_all(cluster, &everywhere, &ListParams::default()).await {
            Err(error) if error.is_forbidden() => {}
            other => {
                return other.map_err(|error| Unlisted {
                    error,
                    action: format!("list {} in all namespaces", resource.plural),
                });
            }
        }
    }
    let lists = cluster
        .window()
        .run(namespaces, async |namespace| {
            list_all(cluster, &resource.path(namespace), &ListParams::default())
                .await
                .map_err(|error| Unlisted {
                    error,
                    action: format!("list {} in namespace `{namespace}`", resource.plural),
                })
        })
        .await;
    let lists: Vec<Vec<T>> = lists.into_iter().collect::<Result<_, _>>()?;
    Ok(lists.into_iter().flatten().collect())
}
