//! What is to be written into the global pull secret, and why. No I/O.

mod decide;
mod edit;
mod entries;
mod red_hat;
mod restore;
mod written;

pub use decide::plan;
pub use red_hat::{Question, question, take_over};
pub use written::Written;

use crate::dockerconfig::{Credential, Document, RegistryNames};
use crate::fingerprint::Fingerprint;
use crate::hint::Hint;
use crate::names::RobotName;
use crate::pullsecret::CurrentTokens;

/// What shall be true afterwards.
#[derive(Debug, Clone)]
pub enum Intent {
    /// A robot's current credential is in it.
    Robot(RobotIntent),
    /// Every robot whose registry has a login is up to date, except in Red Hat's entries.
    Refresh(CurrentTokens),
    /// These entries are in it, of whatever registries.
    Entries(Document),
    /// An entry is gone.
    Remove(String),
    /// Red Hat's entries are these.
    RedHat(Document),
    /// What was written since a backup is taken back, or everything is as the backup has it.
    Restore(RestoreIntent),
    /// These entries are as a backup has them, unless somebody changed them since; the rest
    /// stays.
    Undo {
        /// What was written into them.
        wrote: Written,
        /// What the backup holds.
        document: Document,
    },
}

/// A robot's credential, and where it goes.
#[derive(Debug, Clone)]
pub struct RobotIntent {
    pub robot: RobotName,
    /// Its current credential.
    pub credential: Credential,
    /// The hosts that its registry's keys may have, and what that claims beyond them.
    pub names: RegistryNames,
    /// The key to write besides those that hold the robot.
    pub key: Option<String>,
    /// The key to write where nothing holds the robot and none was named.
    pub default_key: String,
}

/// A backup to go back to.
#[derive(Debug, Clone)]
pub struct RestoreIntent {
    /// What it holds, with robots' tokens replaced that no longer work.
    pub document: Document,
    /// What these plugins wrote since the backup was made.
    pub wrote: Vec<Written>,
    /// Restore everything, also what others wrote, and entries of Red Hat's.
    pub exact: bool,
}

impl Intent {
    /// Whether nodes shall pull with what is written: then it is no success in a file that no
    /// kubelet reads.
    pub(super) fn gives_credentials(&self) -> bool {
        matches!(
            self,
            Self::Robot(_) | Self::Refresh(_) | Self::Entries(_) | Self::RedHat(_)
        )
    }
}

/// An intent, and what the user allowed for it.
#[derive(Debug, Clone)]
pub struct Request {
    /// What shall be true afterwards.
    pub intent: Intent,
    /// The keys of protected entries that may be written.
    pub replace: Vec<String>,
    /// Write a secret that another tool writes too.
    pub force: bool,
}

/// What happens to one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryChange {
    /// It is right already.
    Unchanged,
    /// It is new.
    Added,
    /// It gets another credential of the same account.
    Updated,
    /// It gets another account's credential.
    Replaced,
    /// It is removed.
    Removed,
    /// Somebody else wrote it since the backup, and it stays.
    Kept,
    /// Nothing is known of it, because its registry has no login.
    Unknown,
    /// It stays broken, and with it the whole file: nodes get nothing of what is written.
    Broken {
        /// What is wrong with it.
        reason: String,
        /// What repairs it.
        next: Hint,
    },
    /// It is left alone, and that is right so.
    Left {
        /// Why.
        reason: String,
        /// How it is changed all the same.
        next: Hint,
    },
    /// It is left alone although it should change.
    Refused {
        /// Why.
        reason: String,
        /// What to do.
        next: Option<Hint>,
    },
}

/// One entry's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPlan {
    /// Its key below `auths`.
    pub key: String,
    /// Who holds it before.
    pub holder: Option<String>,
    /// Who is to hold it.
    pub account: String,
    /// What happens.
    pub change: EntryChange,
    /// The password before.
    pub before: Option<Fingerprint>,
    /// The password after.
    pub after: Option<Fingerprint>,
}

impl EntryPlan {
    fn changes(&self) -> bool {
        !matches!(
            self.change,
            EntryChange::Unchanged
                | EntryChange::Kept
                | EntryChange::Unknown
                | EntryChange::Left { .. }
                | EntryChange::Broken { .. }
                | EntryChange::Refused { .. }
        )
    }

    fn is_refused(&self) -> bool {
        matches!(self.change, EntryChange::Refused { .. })
    }
}

/// What becomes of the secret.
#[derive(Debug, Clone)]
pub enum Write {
    /// It stays as it is.
    Nothing,
    /// It holds this, whole.
    Content(Document),
    /// It is deleted. On a hosted control plane only that takes its last entry from the nodes:
    /// HyperShift refuses an additional pull secret without entries, and changes nothing then.
    Deletion,
}

/// The plan for one cluster.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Every entry that is concerned.
    pub entries: Vec<EntryPlan>,
    /// What becomes of the secret.
    pub write: Write,
}

impl Plan {
    /// Whether anything is sent to the API server.
    pub fn has_write(&self) -> bool {
        !matches!(self.write, Write::Nothing)
    }

    /// The whole new content, if the secret gets one.
    pub fn document(&self) -> Option<&Document> {
        match &self.write {
            Write::Content(document) => Some(document),
            Write::Nothing | Write::Deletion => None,
        }
    }

    /// The keys that the plan changes.
    pub fn changed_keys(&self) -> Vec<String> {
        let changed = self.entries.iter().filter(|entry| entry.changes());
        changed.map(|entry| entry.key.clone()).collect()
    }

    /// Whether an entry is left alone that should change.
    pub fn has_refusal(&self) -> bool {
        self.entries.iter().any(EntryPlan::is_refused)
    }
}

/// Why nothing can be planned at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Why.
    pub reason: String,
    /// What to do.
    pub next: Hint,
}

#[cfg(test)]
mod tests;
