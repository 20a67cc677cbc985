//! The pod that proves a pull: what it is made of, and whose it is.

use super::run_mark;
use crate::labels::MANAGED_BY;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Its only container.
pub(super) const CONTAINER: &str = "pull-test";
/// Selects test pods, of every run.
pub(super) const SELECTOR: &str =
    "app.kubernetes.io/managed-by=kubectl-quay,kubectl-quay/pull-test=true";
/// Names the run that started it.
const RUN: &str = "kubectl-quay/run";
/// Nobody in particular, without rights to anything in an image.
pub(super) const NOBODY: i64 = 65534;
/// How much longer than it is waited for the pod may live; it is deleted long before.
const MARGIN: Duration = Duration::from_secs(30);
/// How wrong the clocks of two machines may be.
const SKEW: Duration = Duration::from_secs(60);

/// What the pod is about.
pub(super) struct TestPod<'a> {
    pub(super) name: &'a str,
    pub(super) image: &'a str,
    pub(super) pull_secrets: &'a [String],
    pub(super) service_account: &'a str,
    /// Whom its container belongs to; `None` for the image's own user.
    pub(super) user: Option<i64>,
    pub(super) timeout: Duration,
}

/// A name nobody else uses. Chosen here, not by the server, so that a pod whose creation
/// was never answered can be found.
pub(super) fn unique_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let seed = Sha256::new()
        .chain_update(run_mark::of_this_run().unwrap_or_default())
        .chain_update(std::process::id().to_le_bytes())
        .chain_update(Timestamp::now().as_nanosecond().to_le_bytes())
        .chain_update(number.to_le_bytes())
        .finalize();
    let suffix: String = seed[..5].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("quay-pull-test-{suffix}")
}

impl TestPod<'_> {
    /// In seconds, and no more than the API server takes.
    fn life(&self) -> u64 {
        let life = self.timeout.saturating_add(MARGIN).as_secs();
        life.min(i32::MAX.unsigned_abs().into())
    }

    /// The manifest. It passes the Pod Security Standard `restricted`, and quotas that
    /// want limits.
    pub(super) fn manifest(&self) -> Value {
        let mut labels = json!({
            MANAGED_BY.0: MANAGED_BY.1,
            "kubectl-quay/pull-test": "true",
        });
        if let Some(run) = run_mark::of_this_run() {
            labels[RUN] = run.into();
        }
        let requests = json!({"cpu": "10m", "memory": "32Mi"});
        // Making the container counts: with a tenth of this it takes seconds.
        let limits = json!({"cpu": "100m", "memory": "32Mi"});
        let mut spec = json!({
            "restartPolicy": "Never",
            "activeDeadlineSeconds": self.life(),
            // Whoever deletes it, and however, it goes at once.
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {
                "runAsNonRoot": true,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": CONTAINER,
                "image": self.image,
                "imagePullPolicy": "Always",
                // In no image: what is proved is the pull, and nothing of the image runs.
                "command": ["/kubectl-quay-pull-test"],
                "resources": {"requests": requests, "limits": limits},
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        });
        // The kubelet makes no container of an image that runs as root, and reports no digest.
        if let Some(user) = self.user {
            spec["securityContext"]["runAsUser"] = user.into();
        }
        if !self.pull_secrets.is_empty() {
            let references = self.pull_secrets.iter().map(|name| json!({"name": name}));
            spec["imagePullSecrets"] = references.collect();
        }
        if !self.service_account.is_empty() {
            spec["serviceAccountName"] = self.service_account.into();
        }
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.name, "labels": labels},
            "spec": spec,
        })
    }
}

/// Whether nobody waits for this test pod any more: it has ended, its run has ended, or
/// it is older than any run waits.
pub(super) fn is_leftover(pod: &Pod, now: Timestamp) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    let labels = pod.metadata.labels.as_ref();
    let run = labels.and_then(|labels| labels.get(RUN));
    if matches!(phase, Some("Succeeded" | "Failed"))
        || run.is_some_and(|run| run_mark::has_ended(run))
    {
        return true;
    }
    let spec = pod.spec.as_ref();
    let life = spec
        .and_then(|spec| spec.active_deadline_seconds)
        .unwrap_or(0);
    let created = pod.metadata.creation_timestamp.as_ref();
    created.is_some_and(|created| {
        let age = now.as_second().saturating_sub(created.0.as_second());
        age > life.saturating_add(SKEW.as_secs().cast_signed())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(pull_secrets: &[String], service_account: &str) -> Value {
        let pod = TestPod {
            name: "quay-pull-test-1",
            image: "quay.io/a/b:v1",
            pull_secrets,
            service_account,
            user: Some(NOBODY),
            timeout: Duration::from_secs(60),
        };
        pod.manifest()
    }

    #[test]
    fn the_pod_pulls_always_runs_nothing_and_ends_by_itself() {
        let pod = manifest(&["pull".to_owned()], "builder");
        let spec = &pod["spec"];
        assert_eq!(spec["containers"][0]["imagePullPolicy"], "Always");
        assert_eq!(spec["containers"][0]["image"], "quay.io/a/b:v1");
        assert_eq!(spec["activeDeadlineSeconds"], 90);
        assert_eq!(spec["automountServiceAccountToken"], false);
        assert_eq!(spec["imagePullSecrets"], json!([{"name": "pull"}]));
        assert_eq!(spec["serviceAccountName"], "builder");
        assert_eq!(spec["securityContext"]["runAsUser"], NOBODY);
        // Every field the API knows, and none it does not.
        let read: Pod = serde_json::from_value(pod.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap()["spec"], pod["spec"]);
    }

    #[test]
    fn without_pull_secrets_the_service_accounts_are_used() {
        let pod = manifest(&[], "");
        assert_eq!(pod["spec"].get("imagePullSecrets"), None);
        assert_eq!(pod["spec"].get("serviceAccountName"), None);
    }

    #[test]
    fn no_timeout_is_too_long_for_the_api_server() {
        let mut pod = TestPod {
            name: "quay-pull-test-1",
            image: "quay.io/a/b:v1",
            pull_secrets: &[],
            service_account: "",
            user: None,
            timeout: Duration::MAX,
        };
        assert_eq!(pod.life(), 2_147_483_647);
        pod.timeout = Duration::from_millis(500);
        assert_eq!(pod.life(), 30);
    }

    #[test]
    fn names_differ() {
        assert_ne!(unique_name(), unique_name());
    }

    #[test]
    fn a_pod_is_left_over_when_nobody_can_be_waiting_for_it() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        for (created, run, phase, left) in [
            ("11:59:30", "000000000000-1", "Pending", false),
            ("11:59:30", "000000000000-1", "Failed", true),
            ("11:57:40", "000000000000-1", "Pending", false),
            ("11:57:20", "000000000000-1", "Pending", true),
            // A clock that is ahead of ours.
            ("12:05:00", "000000000000-1", "Pending", false),
        ] {
            let pod = serde_json::from_value(json!({
                "metadata": {
                    "creationTimestamp": format!("2026-11-25T{created}Z"),
                    "labels": {RUN: run},
                },
                "spec": {"activeDeadlineSeconds": 90, "containers": []},
                "status": {"phase": phase},
            }))
            .unwrap();
            assert_eq!(is_leftover(&pod, now), left, "{created} {phase}");
        }
    }
}
