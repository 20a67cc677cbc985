//! What became of one target: a line of any report.

use crate::Failure;
use crate::cli::{Gaps, escape_control, hint_text, serialize_next};
use crate::fingerprint::Fingerprint;
use crate::hint::Hint;
use crate::place::{Kind, Place};
use jiff::Timestamp;
use serde::Serialize;
use std::fmt;

/// What was done, in kubectl's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It was right already.
    Unchanged,
    /// It was there already, and its content is not looked at.
    Exists,
    /// Somebody else wrote it, and it was left so.
    Kept,
    /// It holds a bridge while a rotation lasts, and was left so.
    Bridged,
    /// A new object.
    Created,
    /// A new entry in an existing secret.
    Added,
    /// A new credential of the same account.
    Updated,
    /// Another account's credential.
    Replaced,
    /// The entry was removed.
    Removed,
    /// Only references of service accounts or workloads were added.
    Attached,
    /// Only references were removed.
    Detached,
    /// The object was removed.
    Deleted,
    /// A role was given.
    Granted,
    /// A role was taken.
    Revoked,
    /// It cannot pull, and nothing shows that it was ever given a token: it was left alone.
    Unproven,
    /// Nothing is known of it, because its registry has no login.
    Unknown,
    /// It should change and was left alone.
    Refused,
    /// It could not be done.
    Failed,
    /// The run ended before its turn.
    Skipped,
}

impl Verb {
    /// Whether this makes the command fail.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::Unproven | Self::Refused | Self::Failed | Self::Skipped
        )
    }

    /// Whether something is other than before.
    pub fn is_change(self) -> bool {
        !self.is_failure()
            && !matches!(
                self,
                Self::Unchanged | Self::Exists | Self::Kept | Self::Bridged | Self::Unknown
            )
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "unchanged",
            Self::Exists => "exists",
            Self::Kept => "kept",
            Self::Bridged => "bridged",
            Self::Created => "created",
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
            Self::Attached => "attached",
            Self::Detached => "detached",
            Self::Deleted => "deleted",
            Self::Granted => "granted",
            Self::Revoked => "revoked",
            Self::Unproven => "unproven",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        })
    }
}

/// What became of one target.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Which target.
    #[serde(flatten)]
    pub place: Place,
    /// The robot or other account.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// What was done.
    pub result: Verb,
    /// The password before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Fingerprint>,
    /// The password after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Fingerprint>,
    /// Service accounts and workloads that got or lost the reference.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Where the old content is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// Why, and what else happened.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
    /// When the server answered the write, if there was one.
    #[serde(skip)]
    pub written_at: Option<Timestamp>,
}

impl Outcome {
    /// The same target, left out because the command was asked to end.
    #[must_use]
    pub fn skipped(mut self) -> Self {
        self.result = Verb::Skipped;
        self.message = "interrupted".to_owned();
        self.next("run the same command again")
    }

    /// An outcome without anything to say about it.
    pub fn new(place: Place, result: Verb) -> Self {
        Self {
            place,
            account: String::new(),
            result,
            before: None,
            after: None,
            references: Vec::new(),
            backup: None,
            message: String::new(),
            next: None,
            written_at: None,
        }
    }

    /// A target that could not be worked on.
    pub fn failed(place: Place, failure: &Failure) -> Self {
        let outcome = Self::new(place, Verb::Failed).message(failure.message());
        match failure.next_step() {
            Some(next) => outcome.next(next),
            None => outcome,
        }
    }

    /// With a reason.
    #[must_use]
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = text.into();
        self
    }

    /// With what to do next, in the cluster of the target.
    #[must_use]
    pub fn next(mut self, hint: impl Into<Hint>) -> Self {
        self.next = Some(hint.into().at(&self.place.context));
        self
    }

    /// `kind name: message`, and what to do next: for what is no row of a table.
    pub fn warning(&self) -> String {
        let next = self.next.as_ref();
        let next = next.map(|next| format!("\n  next: {}", escape_control(&hint_text(next))));
        format!(
            "{} {}: {}{}",
            self.place.kind,
            escape_control(&self.place.name),
            self.message,
            next.unwrap_or_default()
        )
    }

    /// The result as a table shows it: what a dry run did not do is marked so.
    pub fn result_text(&self, dry_run: Option<&str>) -> String {
        match dry_run {
            Some(kind) if !self.result.is_failure() => format!("{} ({kind} dry run)", self.result),
            _ => self.result.to_string(),
        }
    }

    /// The failure that ended it, for a command that has nothing else to report.
    pub fn to_failure(&self) -> Failure {
        let failure = Failure::new(&self.message);
        match &self.next {
            Some(next) => failure.next(next),
            None => failure,
        }
    }
}

/// What a report lacks because of clusters and namespaces that could not be looked at. One failed
/// cluster ends the command, if the report has nothing else.
pub fn gaps(failures: &[Outcome], is_empty: bool) -> Gaps {
    let only = match failures {
        [only] if is_empty => Some(only),
        _ => None,
    };
    let ends = |only: &&Outcome| only.result == Verb::Failed && only.place.kind == Kind::Context;
    Gaps {
        warnings: failures.iter().map(Outcome::warning).collect(),
        only_failure: only.filter(ends).map(Outcome::to_failure),
    }
}
