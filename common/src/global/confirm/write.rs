//! A write with a watchdog beside it.

use super::super::apply::{Applied, ApplyOptions, apply_after};
use super::super::observed::{Observed, observe};
use super::super::plan::{Plan, Request};
use super::Pending;
use super::spawn::arm;
use crate::Failure;
use crate::cluster::{Cluster, ClusterArgs, WriteMode};
use crate::dockerconfig::Document;
use crate::kubelet::Format;
use std::cell::Cell;
use std::time::Duration;

/// How long there is to confirm, and how a watchdog is started.
#[derive(Debug, Clone, Copy)]
pub struct Deadline<'a> {
    /// So long from now.
    pub within: Duration,
    /// What leads the watchdog to the same cluster.
    pub cluster: &'a ClusterArgs,
    /// The subcommand of this executable that is the watchdog.
    pub watchdog: &'a str,
}

/// Carries out a plan for real; the watchdog stands before the write is sent, and is told
/// where the write did not come about.
///
/// # Errors
/// Nothing was written, or the API server stored something else.
pub async fn apply_with_watchdog(
    cluster: &Cluster,
    request: &Request,
    observed: Observed,
    first: Plan,
    deadline: Deadline<'_>,
) -> Result<Applied, Failure> {
    let pending = Pending::new(cluster, observed.name, deadline.within).await;
    let before = observed.document().cloned();
    let keys = first.changed_keys();
    let armed = Cell::new(false);
    let before_write = |backup: &str, plan: &Plan| {
        let pending = pending.with(backup, plan.changed_keys());
        match armed.replace(true) {
            false => arm(&pending, deadline.watchdog, deadline.cluster),
            // A conflict: the same watchdog, another backup.
            true => pending.store(),
        }
    };
    let options = ApplyOptions {
        until: Some(pending.watched_until(cluster.now())),
        before_write: &before_write,
    };
    let write = WriteMode::Persist;
    let applied = apply_after(cluster, request, observed, first, write, &options).await;
    let came_about = match &applied {
        // Somebody else wrote the same before us: it is theirs.
        Ok(applied) => applied.plan.has_write(),
        Err(_) => !is_as_before(cluster, &keys, before.as_ref()).await,
    };
    if armed.get()
        && !came_about
        && let Err(failure) = pending.forget()
    {
        tracing::info!(%failure, "a write that did not come about still waits for a confirmation");
    }
    applied
}

/// Whether none of these entries was written; where that cannot be seen, one may have been.
async fn is_as_before(cluster: &Cluster, keys: &[String], before: Option<&Document>) -> bool {
    let Ok(observed) = observe(cluster).await else {
        return false;
    };
    let empty = Document::empty(Format::DockerConfigJson);
    let (now, before) = (observed.document(), before.unwrap_or(&empty));
    let now = match observed.current {
        Some(_) => now,
        None => Some(&empty),
    };
    now.is_some_and(|now| keys.iter().all(|key| now.agrees(key, before)))
}
