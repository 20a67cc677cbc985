//! The workload behind a pod: a ReplicaSet's Deployment, a Job's CronJob.

use super::listing::{ListError, list};
use super::metadata::{Metadata, controller_of};
use super::pod::PodUse;
use super::workload_kind::{Workload, WorkloadKind};
use crate::Failure;
use crate::cluster::{Cluster, Resource};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const REPLICA_SETS: Resource = Resource {
    api: "/apis/apps/v1",
    plural: "replicasets",
};
const JOBS: Resource = Resource {
    api: "/apis/batch/v1",
    plural: "jobs",
};

/// What stands between a pod and its workload: only its name and owner are read.
#[derive(Clone, Deserialize)]
struct Between {
    metadata: Metadata,
}

/// Replaces ReplicaSets and Jobs by what owns them, with one LIST for each of the two.
pub(super) async fn find_workloads(cluster: &Cluster, pods: &mut [PodUse]) -> Result<(), Failure> {
    let steps = [
        (WorkloadKind::ReplicaSet, REPLICA_SETS),
        (WorkloadKind::Job, JOBS),
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
        let owners = match list::<Between>(cluster, &namespaces, resource).await {
            Ok(between) => owners_of(&kind, between),
            Err(ListError { error, .. }) if error.is_forbidden() => continue,
            Err(ListError { error, action }) => {
                return Err(error.into_failure(cluster.context(), &action));
            }
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
