//! Pods as the API server has them, their status included.

use super::running::PODS;
use crate::Failure;
use crate::cluster::{Cluster, NamespaceSelection, Readable, list_in};
use k8s_openapi::api::core::v1::Pod;
use kube::core::params::ListParams;

/// Those that have not ended, since the others pull nothing any more.
const NOT_ENDED: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// The pods that have not ended, and the namespaces where they cannot be listed.
///
/// # Errors
/// They cannot be listed anywhere.
pub async fn whole_pods(
    cluster: &Cluster,
    selection: &NamespaceSelection,
) -> Result<Readable<Pod>, Failure> {
    let params = ListParams::default().fields(NOT_ENDED);
    let listed = list_in::<Pod>(cluster, selection, PODS, &params).await;
    let listed = listed.map_err(|error| {
        let is_forbidden = error.is_forbidden();
        let failure = error.into_failure(cluster.context(), "list pods in all namespaces");
        match is_forbidden {
            true => failure.next("pass -n NAMESPACE"),
            false => failure,
        }
    })?;
    let mut unreadable: Vec<(String, Failure)> = listed
        .failures
        .into_iter()
        .map(|(namespace, error)| {
            let action = format!("list pods in namespace `{namespace}`");
            (namespace, error.into_failure(cluster.context(), &action))
        })
        .collect();
    if let NamespaceSelection::Named(names) = selection
        && unreadable.len() == names.len()
        && let Some((_, failure)) = unreadable.pop()
    {
        return Err(failure);
    }
    let has_ended = |pod: &Pod| {
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        matches!(phase, Some("Succeeded" | "Failed"))
    };
    let mut items = listed.items;
    items.retain(|pod| !has_ended(pod));
    Ok(Readable { items, unreadable })
}
