//! What is to be done with each secret, and why. No I/O: observed in, plan out.

mod last_applied;
mod placement;
mod repair;
mod swap;

pub use placement::plan_namespace;
pub(super) use placement::plan_target;
pub use repair::nodes_reason;
pub use repair::plan_secret;
pub use swap::{Swap, plan_swap};

use super::owner::Owner;
use super::secret::PullSecret;
use super::unusable::Unusable;
use crate::dockerconfig::{Credential, Document, UnclearOwner};
use crate::fingerprint::Fingerprint;
use crate::hint::Hint;
use crate::kubelet::{Fault, UnusedKey};
use crate::names::RobotName;
use std::collections::BTreeSet;

/// What the user allowed beyond the careful default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent {
    /// Write secrets that are immutable or belong to another tool.
    pub force: bool,
    /// Replace the account that holds the key.
    pub replace_account: bool,
}

/// A robot's credential that every chosen namespace shall have.
#[derive(Debug, Clone)]
pub struct PlacedCredential {
    pub robot: RobotName,
    /// Its current credential, or that of the bridge that stands in for it now.
    pub credential: Credential,
    /// The `auths` key to write where the robot is in no secret yet.
    pub key: String,
    /// The secret to create where the robot is in no secret yet.
    pub secret_name: String,
    /// Service accounts that shall hand the secret to their pods.
    pub service_accounts: Vec<String>,
}

/// What is true of one entry, and so what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds the robot's current token.
    Current,
    /// It holds the bridge that stands in for this robot while a rotation lasts.
    Bridged(RobotName),
    /// It holds another token: it is replaced.
    Stale,
    /// There is no entry yet: it is added.
    Missing,
    /// The key holds another account (or nothing readable), and the user wants it replaced.
    Replaced(String),
    /// It holds another token, and nothing shows that it was ever given one of this robot's.
    Unproven(RobotName),
    /// It holds a token that expires, which is renewed by who put it there.
    Keyless,
    /// Its registry has no login here, so nothing is known.
    Unknown,
    /// The entry cannot be left like this, and cannot be repaired by us.
    Problem(Problem),
}

/// What keeps an entry from being right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Quay has no such robot.
    #[error("robot `{0}` does not exist in Quay")]
    NoSuchRobot(RobotName),
    /// Quay did not tell the robot's token.
    #[error("{0}")]
    TokenUnknown(String),
    /// It is not plain whose key it stands at.
    #[error(transparent)]
    Unclear(UnclearOwner),
    /// The secret or the entry cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// No pod can pull with the secret that shall hold the robot.
    #[error(transparent)]
    Unusable(Unusable),
    /// The key that shall hold the robot holds somebody else.
    #[error("another account holds the key: {0}; pass --replace-account to replace it")]
    HeldBy(String),
}

/// One entry's part of a plan.
#[derive(Debug, Clone)]
pub struct EntryPlan {
    /// The key below `auths`; empty if the whole secret is meant.
    pub key: String,
    /// The account: a robot, or whoever holds the key.
    pub account: String,
    /// What is true of it.
    pub verdict: Verdict,
    /// The password it holds now.
    pub before: Option<Fingerprint>,
    /// The password it will hold.
    pub after: Option<Fingerprint>,
    /// Why no kubelet uses its key for the registry's images.
    pub unused: Option<UnusedKey>,
}

/// How the secret is written.
#[derive(Debug, Clone)]
pub enum WriteAction {
    /// Not at all.
    Nothing,
    /// A new secret with this content.
    Create(Document),
    /// In place: this content, and maybe without the last-applied annotation.
    Update {
        /// The whole new content.
        document: Document,
        /// Remove the annotation, because it still holds a replaced credential.
        clean_last_applied: bool,
    },
    /// A new secret in the place of an immutable one.
    Recreate(Document),
}

impl WriteAction {
    /// What is written.
    fn document(&self) -> Option<&Document> {
        match self {
            Self::Nothing => None,
            Self::Create(document) | Self::Recreate(document) | Self::Update { document, .. } => {
                Some(document)
            }
        }
    }
}

/// Why a stale secret is left alone, and where to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: String,
    /// What to do instead; absent where only force helps.
    pub remedy: Option<Hint>,
    /// What `--force` does about it, if anything.
    pub force: Option<Force>,
}

/// What `--force` does about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// It writes the secret all the same.
    Writes,
    /// It puts a new secret in the place of an immutable one.
    Replaces,
}

impl Refusal {
    /// A secret that another tool writes.
    pub(super) fn of_owner(owner: &Owner) -> Self {
        Self {
            reason: format!("{} manages the secret", owner.tool),
            remedy: Some(format!("change {}", owner.place).into()),
            force: Some(Force::Writes),
        }
    }

    /// For a command that has no `--force`: a secret that is replaced is missing for a moment.
    #[must_use]
    pub(super) fn without_force(self) -> Self {
        Self {
            remedy: self
                .remedy
                .or_else(|| Some("replace the secret with one that is not immutable".into())),
            force: None,
            ..self
        }
    }

    /// What to do for who can pass `--force`.
    pub fn hint(&self) -> Hint {
        match (self.remedy.clone(), self.force) {
            (Some(remedy), None) => remedy,
            (Some(remedy), Some(_)) => remedy.say(", or pass --force"),
            (None, Some(Force::Replaces)) => "pass --force to put a new secret in its place".into(),
            (None, _) => "pass --force".into(),
        }
    }
}

/// One secret's part of a plan.
#[derive(Debug, Clone)]
pub struct SecretPlan {
    pub namespace: String,
    pub name: String,
    /// What the plan was made from; `None` for a secret that does not exist.
    pub base: Option<PullSecret>,
    /// Every entry that concerns us.
    pub entries: Vec<EntryPlan>,
    /// What is written.
    pub write: WriteAction,
    /// The robots whose bridges it holds after the write; `None` if that does not change.
    pub bridged: Option<BTreeSet<RobotName>>,
    /// Set if it should be written and is not.
    pub refusal: Option<Refusal>,
}

/// One namespace's part of a plan, carried out from top to bottom.
#[derive(Debug, Clone)]
pub struct NamespacePlan {
    pub namespace: String,
    /// Create it first.
    pub create_namespace: bool,
    pub secrets: Vec<SecretPlan>,
    /// The secret to attach, and the service accounts to attach it to.
    pub attach: Option<(String, Vec<String>)>,
}

impl From<SecretPlan> for NamespacePlan {
    /// A secret on its own.
    fn from(plan: SecretPlan) -> Self {
        Self {
            namespace: plan.namespace.clone(),
            create_namespace: false,
            secrets: vec![plan],
            attach: None,
        }
    }
}

impl NamespacePlan {
    /// The secret that it would create is there already, and is of a type that no kubelet takes.
    #[must_use]
    pub(super) fn with_name_taken(mut self, secret_type: &str) -> Self {
        for plan in self.secrets.iter_mut().filter(|plan| plan.base.is_none()) {
            *plan = plan.clone().with_name_taken(secret_type);
            self.attach.take_if(|(secret, _)| *secret == plan.name);
        }
        self
    }
}

impl SecretPlan {
    /// Whether an entry is in a state that fails the target.
    pub fn has_problem(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| matches!(entry.verdict, Verdict::Problem(_)))
    }

    /// Nothing is written, because no pod could pull with the secret.
    #[must_use]
    pub(super) fn unusable(mut self, why: &Unusable) -> Self {
        for entry in &mut self.entries {
            entry.verdict = Verdict::Problem(Problem::Unusable(why.clone()));
            entry.after = None;
        }
        self.write = WriteAction::Nothing;
        self.bridged = None;
        self
    }

    /// Nothing is created, because a secret of that name and of another type is there.
    #[must_use]
    pub(super) fn with_name_taken(self, secret_type: &str) -> Self {
        self.unusable(&Unusable::OtherType(secret_type.to_owned()))
    }

    /// What makes a kubelet refuse every pod that names the secret, once the plan is carried out.
    fn fault(&self) -> Option<Fault> {
        let base = self.base.as_ref();
        let unchanged = base.and_then(|base| base.document.as_ref().ok());
        self.write.document().or(unchanged)?.fault()
    }

    /// Whether every entry that concerns us is right as it is.
    pub fn is_current(&self) -> bool {
        self.entries
            .iter()
            .all(|entry| matches!(entry.verdict, Verdict::Current | Verdict::Bridged(_)))
    }

    /// Whether anything is written.
    pub fn writes(&self) -> bool {
        !matches!(self.write, WriteAction::Nothing)
    }
}

#[cfg(test)]
mod tests;
