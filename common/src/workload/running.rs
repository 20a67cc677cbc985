//! The pods that have not ended.

use super::listing::{ListError, list_readable};
use super::owner::find_workloads;
use super::pod::{Pod, PodUse};
use crate::Failure;
use crate::cluster::{Cluster, Readable, Resource};
use std::collections::BTreeSet;

pub(super) const PODS: Resource = Resource {
    api: "/api/v1",
    plural: "pods",
};

/// The pods in these namespaces that have not ended, each with the workload behind it: a
/// ReplicaSet's Deployment, a Job's CronJob. Where those cannot be listed for want of
/// rights, the owner is what the pod says.
pub async fn running_pods(
    cluster: &Cluster,
    namespaces: BTreeSet<String>,
) -> Result<Vec<PodUse>, Failure> {
    let listed = running_pods_as_listed(cluster, namespaces).await?;
    if let Some((_, failure)) = listed.unreadable.into_iter().next() {
        return Err(failure);
    }
    let mut pods = listed.items;
    find_workloads(cluster, &mut pods).await?;
    Ok(pods)
}

/// The same with the owner that each pod itself names, a ReplicaSet for a Deployment: for
/// those who do not care, since it costs no request more. A namespace where pods cannot be
/// listed hides no other, and is named.
///
/// # Errors
/// They cannot be listed anywhere.
pub async fn running_pods_as_listed(
    cluster: &Cluster,
    namespaces: BTreeSet<String>,
) -> Result<Readable<PodUse>, Failure> {
    let failure =
        |ListError { error, action }: ListError| error.into_failure(cluster.context(), &action);
    let (pods, unread) = list_readable::<Pod>(cluster, &namespaces, PODS)
        .await
        .map_err(failure)?;
    let unread: Vec<(String, Failure)> = unread
        .into_iter()
        .map(|(namespace, unlisted)| (namespace, failure(unlisted)))
        .collect();
    let pods = pods
        .into_iter()
        .filter(|pod| !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"))
        .filter(|pod| namespaces.contains(&pod.metadata.namespace))
        .map(PodUse::from)
        .collect();
    Ok(Readable {
        items: pods,
        unreadable: unread,
    })
}
