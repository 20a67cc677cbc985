//! The pods that have not ended.

use super::owner::find_workloads;
use super::pod::{Pod, PodUse};
use crate::Failure;
use crate::cluster::{Cluster, NamespaceSelection, Readable, Resource, list_in};
use globset::GlobSet;
use k8s_openapi::api::core::v1::Pod as WholePod;
use kube::core::params::ListParams;
use std::collections::BTreeSet;

pub(super) const PODS: Resource = Resource::of::<WholePod>();

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
    let selection = NamespaceSelection::Named(namespaces);
    let listed = list_in::<Pod>(cluster, &selection, PODS, &ListParams::default()).await;
    let listed = listed
        .map_err(|unlisted| unlisted.into_failure(cluster))?
        .readable(cluster);
    let pods = listed.items.into_iter();
    let pods = pods
        .filter(|pod| !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"))
        .filter(|pod| selection.covers(&pod.metadata.namespace, &GlobSet::empty()))
        .map(PodUse::from);
    Ok(Readable {
        items: pods.collect(),
        unreadable: listed.unreadable,
    })
}
