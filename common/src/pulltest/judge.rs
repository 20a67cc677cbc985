//! Reads the kubelet's verdict from a pod and its events (Kubernetes 1.36,
//! pkg/kubelet/images and pkg/kubelet/kuberuntime).

use super::test_pod::CONTAINER;
use super::verdict::PullVerdict;
use crate::kubelet::{PullEvent, PullFailure, Waiting};
use crate::workload::{last_seen, pull_event};
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use std::time::Duration;

/// What a look at the pod shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing yet; the last that was said about it.
    Waiting(Option<String>),
    /// No node yet, for this reason. One may come, so it is waited for.
    Unschedulable(String),
    /// The image was pulled; the container's status, which has the digest, is yet to come.
    Pulled(PullVerdict),
    /// It is decided.
    Decided(PullVerdict),
}

impl Look {
    /// What remains to be said when time is up.
    pub(super) fn when_time_is_up(self, after: Duration) -> PullVerdict {
        match self {
            Self::Waiting(last_heard) => PullVerdict::NoVerdict { after, last_heard },
            Self::Unschedulable(why) => PullVerdict::Unscheduled { why },
            Self::Pulled(verdict) | Self::Decided(verdict) => verdict,
        }
    }
}

/// Judges a pod and the events about it, `after` its creation. Without the right to read
/// events there are none: the status alone says the same, a little later.
pub(super) fn judge(pod: &Pod, events: &[Event], after: Duration) -> Look {
    let status = pod.status.clone().unwrap_or_default();
    let container = status
        .container_statuses
        .iter()
        .flatten()
        .find(|container| container.name == CONTAINER);
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    let waiting = container
        .and_then(|container| container.state.as_ref()?.waiting.as_ref())
        .cloned()
        .unwrap_or_default();
    let reason = waiting.reason.unwrap_or_default();
    let words = waiting.message.unwrap_or_default();
    let waits_for = Waiting::of(&reason, &words);
    let pulled = |node| PullVerdict::Pulled {
        took: after,
        digest: container.and_then(digest),
        node,
    };
    if container.is_some_and(has_run) || waits_for == Waiting::AfterThePull {
        return Look::Decided(pulled(node));
    }
    if was_pulled(events) {
        return Look::Pulled(pulled(node));
    }
    if let Some((cause, message)) = pull_failure(events) {
        return Look::Decided(PullVerdict::Refused {
            reason: "ErrImagePull".to_owned(),
            cause,
            message: with_missing_secrets(message, events),
            node,
        });
    }
    if let Waiting::Image(cause) = waits_for
        && cause != PullFailure::Throttled
    {
        return Look::Decided(PullVerdict::Refused {
            reason,
            cause,
            message: with_missing_secrets(words, events),
            node,
        });
    }
    if status.phase.as_deref() == Some("Failed") {
        let why = [status.reason, status.message].into_iter().flatten();
        let why = why.collect::<Vec<_>>().join(": ");
        return Look::Decided(PullVerdict::Unscheduled { why });
    }
    let unscheduled = status
        .conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    match unscheduled.and_then(|condition| condition.message) {
        Some(why) => Look::Unschedulable(why),
        None => Look::Waiting(last_heard(events)),
    }
}

/// Whether the container came to life, or failed to after its image was there.
fn has_run(container: &ContainerStatus) -> bool {
    let Some(state) = &container.state else {
        return false;
    };
    // A pod that is ended before its container exists gets a status made up for it.
    let ended = state.terminated.is_some() && !container.image_id.is_empty();
    state.running.is_some() || ended
}

/// `quay.io/a/b@sha256:…` or `docker-pullable://…` as the runtime reports it.
fn digest(container: &ContainerStatus) -> Option<String> {
    let (_, digest) = container.image_id.rsplit_once('@')?;
    Some(digest.to_owned())
}

/// The kubelet's events about our container; a sidecar's image is not what is tested.
fn of_container(events: &[Event]) -> impl Iterator<Item = &Event> {
    let field = format!("spec.containers{{{CONTAINER}}}");
    events
        .iter()
        .filter(move |event| event.involved_object.field_path.as_ref() == Some(&field))
}

fn was_pulled(events: &[Event]) -> bool {
    of_container(events).any(|event| pull_event(event) == Some(PullEvent::Pulled))
}

/// Why the pull failed, and in the kubelet's words. Its own limit is no answer: it asks again.
fn pull_failure(events: &[Event]) -> Option<(PullFailure, String)> {
    of_container(events).find_map(|event| match pull_event(event)? {
        PullEvent::Failed(PullFailure::Throttled) => None,
        PullEvent::Failed(cause) => Some((cause, event.message.clone().unwrap_or_default())),
        PullEvent::Pulled | PullEvent::MissingSecrets(_) => None,
    })
}

/// A secret that the kubelet could not read is half of the answer.
fn with_missing_secrets(message: String, events: &[Event]) -> String {
    let missing = events
        .iter()
        .find(|event| matches!(pull_event(event), Some(PullEvent::MissingSecrets(_))))
        .and_then(|event| event.message.as_deref());
    match missing {
        Some(words) => format!("{message} ({words})"),
        None => message,
    }
}

fn last_heard(events: &[Event]) -> Option<String> {
    let last = events.iter().max_by_key(|event| last_seen(event))?;
    Some(format!(
        "{}: {}",
        last.reason.as_deref().unwrap_or_default(),
        last.message.as_deref().unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const AFTER: Duration = Duration::from_secs(3);
    const UNAUTHORIZED: &str = r#"Failed to pull image "quay.io/a/b:v1": failed to pull and unpack image "quay.io/a/b:v1": failed to resolve reference "quay.io/a/b:v1": failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://quay.io/v2/auth?scope=repository%3Aa%2Fb%3Apull&service=quay.io: 401 UNAUTHORIZED"#;

    fn look(status: &Value, events: &[Value]) -> Look {
        let pod = json!({"spec": {"containers": [], "nodeName": "node-1"}, "status": status});
        let events: Vec<Event> = events
            .iter()
            .map(|event| serde_json::from_value(event.clone()).unwrap())
            .collect();
        judge(&serde_json::from_value(pod).unwrap(), &events, AFTER)
    }

    fn event(reason: &str, message: &str, container: &str) -> Value {
        let object = match container {
            "" => json!({"kind": "Pod"}),
            name => json!({"kind": "Pod", "fieldPath": format!("spec.containers{{{name}}}")}),
        };
        json!({"metadata": {}, "involvedObject": object, "reason": reason, "message": message})
    }

    fn container(state: &Value, image_id: &str) -> Value {
        json!({"phase": "Pending", "containerStatuses": [{
            "name": CONTAINER, "image": "quay.io/a/b:v1", "imageID": image_id, "ready": false,
            "restartCount": 0, "state": state,
        }]})
    }

    fn waits(reason: &str, message: &str) -> Value {
        container(
            &json!({"waiting": {"reason": reason, "message": message}}),
            "",
        )
    }

    fn pulled(digest: Option<&str>) -> Look {
        Look::Decided(PullVerdict::Pulled {
            took: AFTER,
            digest: digest.map(str::to_owned),
            node: Some("node-1".to_owned()),
        })
    }

    fn refused(reason: &str, message: &str) -> Look {
        Look::Decided(PullVerdict::Refused {
            reason: reason.to_owned(),
            cause: PullFailure::of(reason, message),
            message: message.to_owned(),
            node: Some("node-1".to_owned()),
        })
    }

    #[test]
    fn a_container_that_is_made_or_fails_after_the_pull_was_pulled() {
        let id = "quay.io/a/b@sha256:0123";
        let start_error = json!({"terminated": {"exitCode": 128, "reason": "StartError"}});
        for (status, digest) in [
            (container(&json!({"running": {}}), id), Some("sha256:0123")),
            (container(&start_error, id), Some("sha256:0123")),
            (container(&start_error, "sha256:4567"), None),
            (
                waits(
                    "CreateContainerConfigError",
                    "container has runAsNonRoot and image will run as root",
                ),
                None,
            ),
            (waits("CreateContainerError", "no command specified"), None),
            (
                waits("RunContainerError", "no such file or directory"),
                None,
            ),
        ] {
            assert_eq!(look(&status, &[]), pulled(digest), "{status}");
        }
    }

    #[test]
    fn the_pulled_event_is_enough() {
        let message = r#"Successfully pulled image "quay.io/a/b:v1" in 1.2s (1.2s including waiting). Image size: 7 bytes."#;
        let events = [
            event("Pulling", "", CONTAINER),
            event("Pulled", message, CONTAINER),
        ];
        let Look::Decided(verdict) = pulled(None) else {
            panic!("it is decided")
        };
        for status in [waits("ContainerCreating", ""), json!({})] {
            assert_eq!(look(&status, &events), Look::Pulled(verdict.clone()));
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_kubelets_words() {
        for (reason, message) in [
            (
                "ErrImagePull",
                "failed to pull and unpack image: 401 Unauthorized",
            ),
            (
                "ImagePullBackOff",
                r#"Back-off pulling image "quay.io/a/b:v1": ErrImagePull: 401"#,
            ),
            ("InvalidImageName", "couldn't parse image name"),
            (
                "RegistryUnavailable",
                "image pull failed because the registry is unavailable",
            ),
            (
                "SignatureValidationFailed",
                "image pull failed: the signature validation failed",
            ),
            // A pull secret that cannot be read has no reason but the error itself.
            (
                "illegal base64 data at input byte 0",
                "illegal base64 data at input byte 0",
            ),
        ] {
            let status = waits(reason, message);
            assert_eq!(look(&status, &[]), refused(reason, message), "{reason}");
        }
        let events = [
            event("Failed", UNAUTHORIZED, CONTAINER),
            event("Failed", "Error: ErrImagePull", CONTAINER),
        ];
        let expected = refused("ErrImagePull", UNAUTHORIZED);
        assert_eq!(look(&waits("ContainerCreating", ""), &events), expected);
        // The first words say why; a back-off only repeats them.
        assert_eq!(
            look(&waits("ImagePullBackOff", "Back-off"), &events),
            expected
        );
    }

    #[test]
    fn a_pull_secret_the_kubelet_could_not_read_is_part_of_the_refusal() {
        let words = "Unable to retrieve some image pull secrets (pull); attempting to pull the image may not succeed.";
        let events = [event("FailedToRetrieveImagePullSecret", words, "")];
        let status = waits("ErrImagePull", "401 Unauthorized");
        let expected = refused("ErrImagePull", &format!("401 Unauthorized ({words})"));
        assert_eq!(look(&status, &events), expected);
    }

    #[test]
    fn what_is_no_verdict_is_waited_for() {
        const THROTTLED: &str = "pull QPS exceeded";
        let throttled = format!("Failed to pull image \"quay.io/a/b:v1\": {THROTTLED}");
        for (status, events) in [
            (json!({}), vec![]),
            (json!({"phase": "Pending"}), vec![]),
            (waits("ContainerCreating", ""), vec![]),
            (waits("PodInitializing", ""), vec![]),
            // Not the registry's word, and tried again by itself.
            (
                waits("ErrImagePull", THROTTLED),
                vec![event("Failed", &throttled, CONTAINER)],
            ),
            // Somebody's sidecar.
            (
                waits("PodInitializing", ""),
                vec![event("Pulled", "x", "istio-proxy")],
            ),
            (
                waits("PodInitializing", ""),
                vec![event("Failed", UNAUTHORIZED, "istio-proxy")],
            ),
            // Made up by the kubelet for a pod that ended before its container began.
            (
                container(
                    &json!({"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}),
                    "",
                ),
                vec![],
            ),
        ] {
            let seen = look(&status, &events);
            assert!(matches!(seen, Look::Waiting(_)), "{status}: {seen:?}");
        }
    }

    #[test]
    fn when_time_is_up_the_last_words_are_told() {
        let mut pulling = event("Pulling", "Pulling image", CONTAINER);
        pulling["lastTimestamp"] = "2026-11-25T10:00:01Z".into();
        let mut scheduled = event("Scheduled", "Successfully assigned", "");
        scheduled["eventTime"] = "2026-11-25T10:00:00.000000Z".into();
        let verdict = look(&json!({}), &[pulling, scheduled]).when_time_is_up(AFTER);
        let last_heard = Some("Pulling: Pulling image".to_owned());
        assert_eq!(
            verdict,
            PullVerdict::NoVerdict {
                after: AFTER,
                last_heard
            }
        );
    }

    #[test]
    fn a_pod_without_a_node_may_still_get_one_until_time_is_up() {
        let why = "0/3 nodes are available: 3 Insufficient cpu.";
        let status = json!({"phase": "Pending", "conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why,
        }]});
        let seen = look(&status, &[]);
        assert_eq!(seen, Look::Unschedulable(why.to_owned()));
        let verdict = PullVerdict::Unscheduled {
            why: why.to_owned(),
        };
        assert_eq!(seen.when_time_is_up(AFTER), verdict);
    }

    #[test]
    fn a_pod_that_the_kubelet_turns_away_was_not_pulled() {
        let status = json!({"phase": "Failed", "reason": "OutOfcpu", "message": "Node didn't have enough resource: cpu"});
        let why = "OutOfcpu: Node didn't have enough resource: cpu".to_owned();
        assert_eq!(
            look(&status, &[]),
            Look::Decided(PullVerdict::Unscheduled { why })
        );
    }
}
