//! Test pods of runs that were killed.

use super::test_pod::{SELECTOR, is_leftover};
use crate::Failure;
use crate::cluster::{Cluster, collection, list_all, path_of};
use k8s_openapi::api::core::v1::Pod;
use kube::core::params::ListParams;

/// Removes test pods that an earlier run left behind, and returns their names. Those that
/// another run may be waiting for stay.
pub async fn remove_leftovers(cluster: &Cluster, namespace: &str) -> Result<Vec<String>, Failure> {
    let params = ListParams::default().labels(SELECTOR);
    let pods = list_all::<Pod>(cluster, &collection::<Pod>(namespace), &params).await;
    let pods = pods.map_err(|error| {
        let action = format!("list test pods in namespace `{namespace}`");
        error.into_failure(cluster.context(), &action)
    })?;
    let now = cluster.now();
    let mut removed = Vec::new();
    for pod in pods.into_iter().filter(|pod| is_leftover(pod, now)) {
        let (Some(name), Some(uid)) = (pod.metadata.name, pod.metadata.uid) else {
            continue;
        };
        let path = path_of::<Pod>(namespace, &name);
        match cluster.delete_any_version(&path, &uid).await {
            Ok(()) => removed.push(name),
            Err(error) if error.is_not_found() || error.is_conflict() => {}
            Err(error) => {
                let action = format!("delete the test pod `{name}` in namespace `{namespace}`");
                return Err(error.into_failure(cluster.context(), &action));
            }
        }
    }
    Ok(removed)
}
