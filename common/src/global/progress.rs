//! How far one step on the way to the nodes is.

use super::rendered::Holds;
use crate::cli::serialize_next;
use crate::hint::Hint;
use serde::Serialize;

/// How far a pool is, or what a hosted cluster has in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Its nodes have what it wants.
    Updated,
    /// Some of its nodes do not have it yet.
    Updating,
    /// What writes to its nodes has not begun.
    Waiting,
    /// Some of its nodes do not get it, for a reason of their own.
    Degraded,
    /// Somebody stopped it.
    Paused,
    /// Something has to be changed before its nodes get it.
    Blocked,
    /// Nothing ever brings it to these nodes.
    Missing,
}

impl Progress {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::Updating => "updating",
            Self::Waiting => "waiting",
            Self::Degraded => "degraded",
            Self::Paused => "paused",
            Self::Blocked => "blocked",
            Self::Missing => "missing",
        }
    }
}

/// One step on the way to the nodes: a pool, or what a hosted cluster has in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolProgress {
    /// The cluster, by the name of its context.
    pub context: String,
    /// `kind/name`.
    pub name: String,
    /// How far it is.
    pub state: Progress,
    /// Nodes that have what the secret holds now.
    pub updated: usize,
    /// Nodes in all.
    pub nodes: usize,
    /// Whether it brings what the secret holds now.
    pub secret: Holds,
    /// The rendered config that a pool wants.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub config: String,
    /// What is worth knowing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do about it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
}

impl PoolProgress {
    /// A step of no nodes of its own.
    pub(super) fn of(context: &str, name: String, state: Progress, secret: Holds) -> Self {
        Self {
            context: context.to_owned(),
            name,
            state,
            updated: 0,
            nodes: 0,
            secret,
            config: String::new(),
            message: String::new(),
            next: None,
        }
    }

    /// Nothing more will happen by itself.
    pub fn is_blocked(&self) -> bool {
        matches!(
            self.state,
            Progress::Paused | Progress::Degraded | Progress::Blocked | Progress::Missing
        )
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_blocked() || self.state == Progress::Updated
    }

    /// The name without its kind.
    pub fn pool(&self) -> &str {
        self.name
            .rsplit_once('/')
            .map_or(&self.name, |(_, name)| name)
    }
}
