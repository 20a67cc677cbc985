//! How a pull test ends.

use crate::kubelet::PullFailure;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// How a pull test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "camelCase")]
pub enum PullVerdict {
    /// The image was pulled.
    Pulled {
        /// From the pod's creation to the news; includes scheduling.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        took: Duration,
        /// `sha256:…`, where the container got far enough to tell.
        digest: Option<String>,
        /// Where it was pulled.
        node: Option<String>,
    },
    /// The kubelet could not pull it.
    Refused {
        /// The kubelet's one word: `ErrImagePull`.
        reason: String,
        /// What the kubelet's words mean.
        cause: PullFailure,
        /// The kubelet's own words.
        message: String,
        /// Where it was tried.
        node: Option<String>,
    },
    /// No node took the pod, so nothing was pulled.
    Unscheduled {
        /// The scheduler's or the kubelet's own words.
        why: String,
    },
    /// Time was up before anything was known.
    NoVerdict {
        /// How long it was waited for.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        after: Duration,
        /// The last that was said about the pod.
        last_heard: Option<String>,
    },
}

impl PullVerdict {
    /// Whether the image was pulled.
    pub fn is_pulled(&self) -> bool {
        matches!(self, Self::Pulled { .. })
    }

    /// The same, if it was known earlier already that the image was pulled.
    pub(super) fn pulled_after(mut self, earlier: Option<Duration>) -> Self {
        if let (Self::Pulled { took, .. }, Some(earlier)) = (&mut self, earlier) {
            *took = earlier;
        }
        self
    }

    /// Whether the nodes are where to look next, since no registry was heard of.
    pub(super) fn is_about_nodes(&self) -> bool {
        matches!(self, Self::Unscheduled { .. } | Self::NoVerdict { .. })
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pulled { .. } => "pulled",
            Self::Refused { .. } => "refused",
            Self::Unscheduled { .. } => "unscheduled",
            Self::NoVerdict { .. } => "no verdict",
        }
    }

    /// The rest of what is known, for people.
    pub fn detail(&self) -> String {
        let on = |node: &Option<String>| {
            node.iter()
                .map(|node| format!(" on node {node}"))
                .collect::<String>()
        };
        match self {
            Self::Pulled { took, digest, node } => {
                let digest: String = digest.iter().map(|digest| format!(", {digest}")).collect();
                format!("in {:.1}s{}{digest}", took.as_secs_f64(), on(node))
            }
            Self::Refused {
                reason,
                cause,
                message,
                node,
            } => format!("{cause}; {reason}{}: {message}", on(node)),
            Self::Unscheduled { why } => format!("no node accepted the test pod: {why}"),
            Self::NoVerdict { after, last_heard } => {
                let last = last_heard
                    .as_deref()
                    .unwrap_or("neither the pod nor its events say anything");
                format!("no result after {:.0}s: {last}", after.as_secs_f64())
            }
        }
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 10.0).round() / 10.0)
}
