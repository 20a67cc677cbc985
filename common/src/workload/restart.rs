//! Restarts workloads as `kubectl rollout restart` does: by an annotation of the pod template.

use super::workload_kind::{Workload, WorkloadKind};
use crate::cluster::{CallError, Cluster, WriteMode, path_of};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use serde::Serialize;
use serde_json::{Value, json};

/// kubectl's own annotation, so that `kubectl rollout history` and others know it.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// Writers that keep changing the object are given up on after so many tries.
const CONFLICTS: usize = 8;

/// What became of a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Restarted {
    /// Its pods are being replaced.
    Rolling,
    /// The new template is there, but pods follow it only when somebody deletes them
    /// (`updateStrategy: OnDelete`).
    OnDelete,
    /// Nothing was written: its rollout is paused.
    Paused,
    /// Nothing was written: no rollout can be started for this kind.
    NotRestartable,
}

/// Restarts a Deployment, StatefulSet or DaemonSet; other kinds are left alone. The pods
/// are new when the rollout is over, which is not waited for.
pub async fn restart(
    cluster: &Cluster,
    workload: &Workload,
    at: Timestamp,
    write: WriteMode,
) -> Result<Restarted, CallError> {
    let Some(path) = path(workload) else {
        return Ok(Restarted::NotRestartable);
    };
    let mut conflicts = 0;
    loop {
        let object = cluster.get::<Value>(&path).await?;
        let result = outlook(&object);
        if result == Restarted::Paused {
            return Ok(result);
        }
        match cluster
            .merge_patch::<Value>(&path, &patch(&object, at), write)
            .await
        {
            Ok(_) => return Ok(result),
            Err(error) if error.is_conflict() && conflicts < CONFLICTS => conflicts += 1,
            Err(error) => return Err(error),
        }
    }
}

fn path(workload: &Workload) -> Option<String> {
    let path = match workload.kind {
        WorkloadKind::Deployment => path_of::<Deployment>,
        WorkloadKind::StatefulSet => path_of::<StatefulSet>,
        WorkloadKind::DaemonSet => path_of::<DaemonSet>,
        _ => return None,
    };
    Some(path(&workload.namespace, &workload.name))
}

/// What a new pod template will do to this object.
fn outlook(object: &Value) -> Restarted {
    let spec = &object["spec"];
    if spec["paused"] == true {
        Restarted::Paused
    } else if spec["updateStrategy"]["type"] == "OnDelete" {
        Restarted::OnDelete
    } else {
        Restarted::Rolling
    }
}

/// The version that was read goes with it: sent twice, it restarts once.
fn patch(object: &Value, at: Timestamp) -> Value {
    let seconds = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({
        "metadata": {"resourceVersion": object["metadata"]["resourceVersion"]},
        "spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: seconds}}}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_foreseen_from_the_object() {
        for (spec, expected) in [
            (json!({}), Restarted::Rolling),
            (
                json!({"updateStrategy": {"type": "RollingUpdate"}}),
                Restarted::Rolling,
            ),
            (
                json!({"updateStrategy": {"type": "OnDelete"}}),
                Restarted::OnDelete,
            ),
            (json!({"paused": true}), Restarted::Paused),
        ] {
            assert_eq!(outlook(&json!({"spec": spec.clone()})), expected, "{spec}");
        }
    }

    #[test]
    fn only_what_rolls_out_has_a_path() {
        let path_of = |kind| {
            path(&Workload {
                namespace: "a".into(),
                kind,
                name: "shop".into(),
            })
        };
        assert_eq!(
            path_of(WorkloadKind::DaemonSet).as_deref(),
            Some("/apis/apps/v1/namespaces/a/daemonsets/shop")
        );
        for kind in [
            WorkloadKind::Job,
            WorkloadKind::CronJob,
            WorkloadKind::ReplicaSet,
            WorkloadKind::Other("Rollout".into()),
        ] {
            assert_eq!(path_of(kind), None);
        }
    }

    #[test]
    fn the_annotation_is_kubectls_to_the_second() {
        let at = "2026-11-25T10:00:00.123Z".parse().unwrap();
        let patch = patch(&json!({"metadata": {"resourceVersion": "7"}}), at);
        assert_eq!(
            patch["spec"]["template"]["metadata"]["annotations"],
            json!({"kubectl.kubernetes.io/restartedAt": "2026-11-25T10:00:00Z"})
        );
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
    }
}
