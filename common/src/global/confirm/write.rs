//! A write with a guard beside it.

use super::Pending;
use super::spawn::arm;
use crate::Failure;
use crate::cli::ClusterArgs;
use crate::cluster::{Cluster, Write};
use crate::global::apply::{Applied, apply_after};
use crate::global::observed::{Observed, observe};
use crate::global::plan::{Plan, Request};
use std::cell::Cell;
use std::time::Duration;

/// How long there is to confirm, and how a guard is started.
#[derive(Debug, Clone, Copy)]
pub struct Deadline<'a> {
    /// So long from now.
    pub within: Duration,
    /// What leads the guard to the same cluster.
    pub cluster: &'a ClusterArgs,
    /// The subcommand of this executable that is the guard.
    pub guard: &'a str,
}

/// Carries out a plan for real; the guard stands before the write is sent, and is told
/// where the write did not come about.
///
/// # Errors
/// Nothing was written, or the API server stored something else.
pub async fn apply_guarded(
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
            false => arm(&pending, deadline.guard, deadline.cluster),
            // A conflict: the same guard, another backup.
            true => pending.store(),
        }
    };
    let write = Write::Persist;
    let applied = apply_after(cluster, request, observed, first, write, &before_write).await;
    if armed.get()
        && applied.is_err()
        && let (Some(before), Ok(now)) = (before, observe(cluster).await)
        && let Some(now) = now.document()
        && keys.iter().all(|key| now.agrees(key, &before))
    {
        // It did not come about, so there is nothing to confirm.
        pending.forget()?;
    }
    applied
}
