//! Writes that are taken back unless they are confirmed in time.
//!
//! What waits for its confirmation is a file in the state folder; a process of its own,
//! the watchdog, waits for the deadline beside it and holds a lock as long as it lives. The
//! file's name says where things are, and a rename decides who was first:
//! `ID.json` waits, `ID.restoring.json` is being taken back, `ID.restored.json` has been;
//! `ID.trouble` tells why the watchdog did not manage it yet.

mod reminder;
mod spawn;
mod watchdog;
mod write;

pub use spawn::READY;
pub use watchdog::Watchdog;
pub use write::{Deadline, apply_with_watchdog};

use super::apply::apply;
use super::backup::backups;
use super::observed::observe;
use super::plan::{EntryChange, Intent, Request, plan};
use crate::Failure;
use crate::cluster::{Cluster, WriteMode, names_meant};
use crate::folders;
use crate::hint;
use crate::node_secrets::{SecretName, global_name};
use crate::private_file;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// So long an API server may be away when a watchdog wants to take a write back.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A write that waits for its confirmation. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// Names its files.
    pub id: String,
    /// The cluster, by the name of its context.
    pub context: String,
    /// The same, by the UID of its kube-system namespace, where that can be read.
    pub cluster: Option<String>,
    /// And by its API server's address, as a restore or a clone has the same UID.
    #[serde(default)]
    pub server: Option<String>,
    /// `namespace/name` of the secret.
    pub secret: String,
    /// What was there before, and what was written over it.
    pub backup: String,
    /// The keys of the entries that were written.
    pub written: Vec<String>,
    /// Those of them that were not taken back, because somebody changed them since.
    #[serde(default)]
    pub left: Vec<String>,
    /// When they are taken back.
    pub deadline: Timestamp,
}

/// Where a write stands that was to be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmState {
    /// Its watchdog waits for the deadline.
    Waiting,
    /// Its watchdog is taking it back.
    Restoring,
    /// It has been taken back.
    Restored,
    /// Its watchdog is gone: nothing happens by itself any more.
    Orphaned,
}

impl Pending {
    /// A write in `cluster` that has so much time to be confirmed; nothing is stored yet.
    pub(super) async fn new(cluster: &Cluster, secret: SecretName, within: Duration) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = Timestamp::now();
        let within = SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX);
        Self {
            id: format!("{}-{}-{number}", now.as_millisecond(), std::process::id()),
            context: cluster.context().to_owned(),
            cluster: cluster.identity().await,
            server: Some(cluster.server().to_owned()),
            secret: secret.to_string(),
            backup: String::new(),
            written: Vec::new(),
            left: Vec::new(),
            deadline: now.saturating_add(within).unwrap_or(Timestamp::MAX),
        }
    }

    /// The same, for a write of these entries over what this backup holds.
    pub(super) fn with(&self, backup: &str, written: Vec<String>) -> Self {
        Self {
            backup: backup.to_owned(),
            written,
            ..self.clone()
        }
    }

    /// The keys that were written.
    pub fn keys(&self) -> Vec<&str> {
        self.written.iter().map(String::as_str).collect()
    }

    /// How long its watchdog may need the backup, by the API server's clock: what other machines
    /// drop is judged by that one, and this machine's may be days off.
    pub(super) fn watched_until(&self, server: Timestamp) -> Timestamp {
        let longest = SignedDuration::try_from(GIVE_UP_AFTER).unwrap_or(SignedDuration::MAX);
        let left = Timestamp::now().duration_until(self.deadline);
        server
            .saturating_add(left.saturating_add(longest))
            .unwrap_or(Timestamp::MAX)
    }

    /// Why its watchdog did not manage to take it back yet.
    pub fn trouble(&self) -> Option<String> {
        std::fs::read_to_string(file(&self.id, "trouble").ok()?).ok()
    }

    /// Whether it is in this cluster, whatever its context is called here and there.
    fn is_in(&self, cluster: &Cluster, identity: Option<&str>) -> bool {
        let is_there = |server: &str| server == cluster.server();
        match (self.cluster.as_deref(), identity) {
            (Some(written), Some(found)) => {
                written == found && self.server.as_deref().is_none_or(is_there)
            }
            _ => self.context == cluster.context(),
        }
    }

    fn secret_name(&self) -> Option<SecretName> {
        let (namespace, name) = self.secret.split_once('/')?;
        global_name(namespace, name)
    }

    /// Stores it, or what it has become after a conflict.
    pub(super) fn store(&self) -> Result<(), Failure> {
        let text = serde_json::to_vec(self)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", self.id)))?;
        private_file::replace(&file(&self.id, "json")?, &text)
    }

    /// Forgets a write that did not come about. Its watchdog ends by itself.
    pub(super) fn forget(&self) -> Result<(), Failure> {
        take(&self.id, "json").map(drop)
    }
}

/// Everything that waits, waited in vain, or was taken back, the oldest first.
pub fn pending() -> Result<Vec<(Pending, ConfirmState)>, Failure> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(folder()?) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        Err(error) => {
            return Err(Failure::new(format!(
                "cannot read the changes that wait for a \
                                                       confirmation: {error}"
            )));
        }
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((id, kind)) = name.split_once('.') else {
            continue;
        };
        let state = match kind {
            "json" if is_watched(id)? => ConfirmState::Waiting,
            "restoring.json" if is_watched(id)? => ConfirmState::Restoring,
            "restored.json" => ConfirmState::Restored,
            "json" | "restoring.json" => ConfirmState::Orphaned,
            _ => continue,
        };
        // One that vanishes meanwhile has been confirmed.
        if let Some(pending) = read(&entry.path()) {
            found.push((pending, state));
        }
    }
    found.sort_by(|a, b| a.0.id.cmp(&b.0.id));
    Ok(found)
}

/// What waits, or is being taken back, in this secret of this cluster.
pub(super) async fn unconfirmed(
    cluster: &Cluster,
    secret: SecretName,
) -> Result<Vec<(Pending, ConfirmState)>, Failure> {
    let mut found = pending()?;
    found.retain(|(pending, state)| {
        pending.secret == secret.to_string() && *state != ConfirmState::Restored
    });
    if found.is_empty() {
        return Ok(found);
    }
    let identity = cluster.identity().await;
    found.retain(|(pending, _)| pending.is_in(cluster, identity.as_deref()));
    Ok(found)
}

/// Refuses to write where an earlier write waits for its confirmation: taking that back
/// would take this one along.
///
/// # Errors
/// Names the write that waits.
pub async fn check_confirmed(cluster: &Cluster, secret: SecretName) -> Result<(), Failure> {
    let unconfirmed = unconfirmed(cluster, secret).await?;
    waiting(cluster, secret, &unconfirmed).map_or(Ok(()), Err)
}

/// Why nothing is written over the one of these that waits, if one does.
pub(super) fn waiting(
    cluster: &Cluster,
    secret: SecretName,
    unconfirmed: &[(Pending, ConfirmState)],
) -> Option<Failure> {
    let waits =
        |state: &ConfirmState| matches!(state, ConfirmState::Waiting | ConfirmState::Restoring);
    let (pending, _) = unconfirmed.iter().find(|(_, state)| waits(state))?;
    let failure = Failure::new(format!(
        "{secret} (context {}) was not written: an earlier change of {} waits for its \
         confirmation until {:.0}",
        cluster.context(),
        pending.keys().join(", "),
        pending.deadline
    ));
    let keep = hint::global("confirm").say(" keeps that change; to undo it: ");
    Some(failure.next(keep.run(hint::global("rollback").at(cluster.context()))))
}

/// Confirms every write in one of `contexts`, or everywhere if that is empty: nothing takes
/// it back any more. Returns those that were still to be confirmed.
pub fn confirm(contexts: &[String]) -> Result<Vec<(Pending, ConfirmState)>, Failure> {
    let waiting = pending()?;
    let known: Vec<&str> = waiting
        .iter()
        .map(|(pending, _)| pending.context.as_str())
        .collect();
    let contexts = names_meant(contexts, &known);
    let chosen = |pending: &Pending| contexts.is_empty() || contexts.contains(&pending.context);
    let mut confirmed = Vec::new();
    for (pending, state) in waiting.iter().cloned() {
        if chosen(&pending) && pending.acknowledge(state)? {
            confirmed.push((pending, state));
        }
    }
    Ok(confirmed)
}

/// After a rollback: what waited in this secret of this cluster is not taken back any more.
/// Returns what it was.
pub async fn acknowledge(cluster: &Cluster, secret: SecretName) -> Result<Vec<Pending>, Failure> {
    let mut acknowledged = Vec::new();
    for (pending, state) in unconfirmed(cluster, secret).await? {
        if pending.acknowledge(state)? {
            acknowledged.push(pending);
        }
    }
    Ok(acknowledged)
}

impl Pending {
    /// Takes it away from its watchdog, or clears up after one that is gone; `false` if there is
    /// nothing to be acknowledged any more.
    fn acknowledge(&self, state: ConfirmState) -> Result<bool, Failure> {
        let taken = match state {
            ConfirmState::Waiting => take(&self.id, "json")?,
            ConfirmState::Restoring => take(&self.id, "restoring.json")?,
            ConfirmState::Orphaned => {
                for kind in ["restoring.json", "json", "lock"] {
                    take(&self.id, kind)?;
                }
                true
            }
            ConfirmState::Restored => false,
        };
        take(&self.id, "trouble")?;
        Ok(taken)
    }

    /// Forgets a write that was taken back, once somebody was told.
    pub fn forget_restored(&self) -> Result<(), Failure> {
        take(&self.id, "restored.json").map(drop)
    }
}

/// Takes the written entries back to what the backup has, and leaves all others alone;
/// returns those that somebody changed since, and so were left too.
///
/// # Errors
/// The backup is gone, or the cluster does not let us.
pub(super) async fn undo(cluster: &Cluster, pending: &Pending) -> Result<Vec<String>, Failure> {
    if let Some(expected) = &pending.cluster
        && let Some(found) = cluster.identity().await
        && found != *expected
    {
        return Err(Failure::new(format!(
            "context {} now leads to another cluster",
            pending.context
        )));
    }
    let name = pending
        .secret_name()
        .ok_or_else(|| Failure::new(format!("{} is not a global pull secret", pending.secret)))?;
    let backup = &pending.backup;
    let kept = backups(cluster, name.namespace, name.name).await?;
    let found = kept.into_iter().find(|kept| kept.name == *backup);
    let found = found.ok_or_else(|| Failure::new(format!("backup {backup} no longer exists")))?;
    let document = found
        .document()
        .map_err(|error| Failure::new(format!("cannot read backup {backup}: {error}")))?;
    let request = Request {
        intent: Intent::Undo {
            wrote: found.wrote,
            document,
        },
        replace: Vec::new(),
        force: true,
    };
    let observed = observe(cluster).await?;
    let planned = plan(&observed, &request).map_err(|found| found.into_failure(cluster, name))?;
    let applied = apply(cluster, &request, observed, planned, WriteMode::Persist).await?;
    let left = applied.plan.entries.into_iter();
    let left = left.filter(|entry| matches!(entry.change, EntryChange::Refused { .. }));
    Ok(left.map(|entry| entry.key).collect())
}

fn folder() -> Result<PathBuf, Failure> {
    Ok(folders::state()?.join("unconfirmed"))
}

/// A file of this write; the folder exists afterwards.
fn file(id: &str, kind: &str) -> Result<PathBuf, Failure> {
    let folder = folder()?;
    private_file::make_folder(&folder)?;
    Ok(folder.join(format!("{id}.{kind}")))
}

/// Removes a file; `false` if somebody else was faster.
fn take(id: &str, kind: &str) -> Result<bool, Failure> {
    match std::fs::remove_file(file(id, kind)?) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::new(format!("cannot confirm {id}: {error}"))),
    }
}

fn read(path: &std::path::Path) -> Option<Pending> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Whether the watchdog of this write lives: it holds the lock.
fn is_watched(id: &str) -> Result<bool, Failure> {
    match File::open(file(id, "lock")?) {
        Ok(lock) => Ok(lock.try_lock_shared().is_err()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::new(format!(
            "cannot check the watchdog of {id}: {error}"
        ))),
    }
}
