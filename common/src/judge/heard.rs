//! What the kubelet said about a container's image: from the pod's status, which keeps its last
//! words, and from events, which expire.

use crate::kubelet::{PullEvent, PullFailure, Waiting};
use crate::workload::{last_seen, pull_event};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Event};
use serde::Serialize;

/// The kubelet's last word about an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Heard {
    /// None yet.
    Nothing,
    /// The image is there, and was used or may be.
    HasImage,
    /// It could not be pulled.
    Failed {
        /// What the words mean.
        cause: PullFailure,
        /// `ErrImagePull`, `ImagePullBackOff`, …
        reason: String,
        words: String,
        /// When they were last said, if an event still tells.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
}

/// What the status and the events of one container say. `field` is its path in the pod:
/// `spec.containers{shop}`.
pub(super) fn heard(status: Option<&ContainerStatus>, events: &[Event], field: &str) -> Heard {
    let told = last_told(events, field);
    let Some(state) = status.and_then(|status| status.state.as_ref()) else {
        return told.map_or(Heard::Nothing, |(_, heard)| heard);
    };
    let has_image = status.is_some_and(|status| !status.image_id.is_empty());
    if state.running.is_some() || state.terminated.is_some() && has_image {
        return Heard::HasImage;
    }
    let waiting = state.waiting.clone().unwrap_or_default();
    let reason = waiting.reason.unwrap_or_default();
    let words = waiting.message.unwrap_or_default();
    match (Waiting::of(&reason, &words), told) {
        (Waiting::AfterThePull, _) => Heard::HasImage,
        (Waiting::NotYet, told) => told.map_or(Heard::Nothing, |(_, heard)| heard),
        // A kubelet before 1.28 does not say in the status what the runtime said.
        (Waiting::Image(PullFailure::Other), Some((_, failed @ Heard::Failed { .. }))) => failed,
        (Waiting::Image(cause), told) => Heard::Failed {
            cause,
            reason,
            words,
            at: told.and_then(|(at, _)| at),
        },
    }
}

/// The secrets that the kubelet missed when it last looked.
pub(super) fn missed(events: &[Event]) -> Vec<String> {
    let missing = events.iter().filter_map(|event| match pull_event(event)? {
        PullEvent::MissingSecrets(names) => Some((last_seen(event), names)),
        PullEvent::Pulled | PullEvent::Failed(_) => None,
    });
    missing
        .max_by_key(|(at, _)| *at)
        .map(|(_, names)| names)
        .unwrap_or_default()
}

fn last_told(events: &[Event], field: &str) -> Option<(Option<Timestamp>, Heard)> {
    let about = events
        .iter()
        .filter(|event| event.involved_object.field_path.as_deref() == Some(field));
    let told = about.filter_map(|event| {
        let at = last_seen(event);
        let heard = match pull_event(event)? {
            PullEvent::Pulled => Heard::HasImage,
            PullEvent::Failed(cause) => Heard::Failed {
                cause,
                reason: "ErrImagePull".to_owned(),
                words: event.message.clone().unwrap_or_default(),
                at,
            },
            PullEvent::MissingSecrets(_) => return None,
        };
        Some((at, heard))
    });
    told.max_by_key(|(at, _)| *at)
}
