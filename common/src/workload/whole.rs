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
    let listed = listed.map_err(|unlisted| {
        let is_forbidden = unlisted.error.is_forbidden();
        let failure = unlisted.into_failure(cluster);
        match (is_forbidden, selection) {
            (true, NamespaceSelection::All) => failure.next("pass -n NAMESPACE"),
            _ => failure,
        }
    })?;
    let has_ended = |pod: &Pod| {
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        matches!(phase, Some("Succeeded" | "Failed"))
    };
    let mut pods = listed.readable(cluster);
    pods.items.retain(|pod| !has_ended(pod));
    Ok(pods)
}
