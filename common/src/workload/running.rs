//! The pods that have not ended.

use super::listing::{Unlisted, list};
use super::owner::find_workloads;
use super::pod::{Pod, PodUse};
use crate::Failure;
use crate::cluster::{Cluster, Resource};
use std::collections::BTreeSet;

const PODS: Resource = Resource {
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
    let mut pods = running_pods_as_listed(cluster, namespaces).await?;
    find_workloads(cluster, &mut pods).await?;
    Ok(pods)
}

/// The same with the owner that each pod itself names, a ReplicaSet for a Deployment: for
/// those who do not care, since it costs no request more.
pub async fn running_pods_as_listed(
    cluster: &Cluster,
    namespaces: BTreeSet<String>,
) -> Result<Vec<PodUse>, Failure> {
    let pods = list::<Pod>(cluster, &namespaces, PODS)
        .await
        .map_err(|Unlisted { error, action }| error.into_failure(cluster.context(), &action))?;
    Ok(pods
        .into_iter()
        .filter(|pod| !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"))
        .filter(|pod| namespaces.contains(&pod.metadata.namespace))
        .map(PodUse::from)
        .collect())
}
