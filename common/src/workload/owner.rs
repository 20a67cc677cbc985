//! The workload behind a pod: a ReplicaSet's Deployment, a Job's CronJob.

use super::metadata::{Metadata, controller_of};
use super::pod::PodUse;
use super::workload_kind::{Workload, WorkloadKind};
use crate::Failure;
use crate::cluster::{Cluster, Listed, NamespaceSelection, Resource, list_in};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::batch::v1::Job;
use kube::core::params::ListParams;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What stands between a pod and its workload: only its name and owner are read.
#[derive(Clone, Deserialize)]
struct Between {
    metadata: Metadata,
}

/// Replaces ReplicaSets and Jobs by what owns them, with one LIST for each of the two.
pub(super) async fn find_workloads(cluster: &Cluster, pods: &mut [PodUse]) -> Result<(), Failure> {
    let steps = [
        (WorkloadKind::ReplicaSet, Resource::of::<ReplicaSet>()),
        (WorkloadKind::Job, Resource::of::<Job>()),
    ];
    for (kind, resource) in steps {
        let namespaces: BTreeSet<String> = pods
            .iter()
            .filter_map(|pod| pod.owner.as_ref())
            .filter(|owner| owner.kind == kind)
            .map(|owner| owner.namespace.clone())
            .collect();
        if namespaces.is_empty() {
            continue;
        }
        let selection = NamespaceSelection::Named(namespaces);
        let listed = list_in(cluster, &selection, resource, &ListParams::default()).await;
        let owners = match listed.and_then(Listed::complete) {
            Ok(between) => owners_of(&kind, between),
            Err(unlisted) if unlisted.error.is_forbidden() => continue,
            Err(unlisted) => return Err(unlisted.into_failure(cluster)),
        };
        for owner in pods.iter_mut().filter_map(|pod| pod.owner.as_mut()) {
            if let Some(above) = owners.get(owner) {
                *owner = above.clone();
            }
        }
    }
    Ok(())
}

/// What owns each of them; those without an owner are not in it.
fn owners_of(kind: &WorkloadKind, between: Vec<Between>) -> BTreeMap<Workload, Workload> {
    let owned = between.into_iter().filter_map(|Between { metadata }| {
        let owner = controller_of(&metadata.namespace, &metadata.owner_references)?;
        let itself = Workload {
            namespace: metadata.namespace,
            kind: kind.clone(),
            name: metadata.name,
        };
        Some((itself, owner))
    });
    owned.collect()
}

#[cfg(test)]
mod tests {
    use super::super::metadata::OwnerReference;
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_controls_an_object_owns_it() {
        let owners = |value| -> Vec<OwnerReference> { serde_json::from_value(value).unwrap() };
        for (references, expected) in [
            (json!([]), None),
            (
                json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}]),
                None,
            ),
            (
                json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "controller": true}]),
                Some("deployment/a"),
            ),
            (
                json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "a", "controller": true}]),
                Some("rollout/a"),
            ),
        ] {
            let owner = controller_of("shop", &owners(references.clone()));
            assert_eq!(
                owner.map(|owner| owner.to_string()).as_deref(),
                expected,
                "{references}"
            );
        }
        let foreign = WorkloadKind::of("example.com/v1", "Deployment");
        assert_ne!(foreign, WorkloadKind::Deployment);
    }

    #[test]
    fn a_replica_set_of_the_same_name_elsewhere_owns_nothing_here() {
        let between = serde_json::from_value(json!([
            {"metadata": {"name": "shop-1", "namespace": "a", "ownerReferences":
                [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "controller": true}]}},
            {"metadata": {"name": "alone", "namespace": "a"}},
        ]))
        .unwrap();
        let owners = owners_of(&WorkloadKind::ReplicaSet, between);
        let of = |namespace: &str, name: &str| {
            owners.get(&Workload {
                namespace: namespace.to_owned(),
                kind: WorkloadKind::ReplicaSet,
                name: name.to_owned(),
            })
        };
        assert_eq!(
            of("a", "shop-1").map(ToString::to_string).as_deref(),
            Some("deployment/shop")
        );
        assert_eq!(of("b", "shop-1"), None);
        assert_eq!(of("a", "alone"), None);
    }
}
