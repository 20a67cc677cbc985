//! What is in the global pull secret.

use super::absent::{Absence, Absent, absent_red_hat, unread_mirrors};
use super::fault::{NO_CREDENTIAL, file_fault, gone};
use super::observed::Observed;
use super::protected::red_hat_entry;
use super::view::{SecretView, observe_all};
use crate::Failure;
use crate::cli::{Exit, Gaps, Report, Table, detail, serialize_next};
use crate::cluster::{Cluster, InContext, Seen};
use crate::dockerconfig::{Credential, EntryError};
use crate::fingerprint::{Fingerprint, shown};
use crate::hint::{self, Hint};
use crate::names::RobotName;
use crate::node_secrets::{GLOBAL_PULL_SECRET, SecretName};
use crate::outcome::{Outcome, gaps};
use serde::Serialize;
use std::fmt;

/// One entry, or one that should be there.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The cluster, by the name of its context.
    pub context: String,
    /// `namespace/name` of the secret that holds it.
    pub secret: String,
    /// Its key below `auths`.
    pub key: String,
    /// Who holds it.
    pub account: String,
    pub kind: EntryKind,
    /// What may be shown of its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// Whether it is there.
    pub state: Presence,
    /// Why, and what that breaks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What repairs it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
}

/// Whose an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// Red Hat gives it to every cluster.
    RedHat,
    /// A robot's of some Quay.
    Robot,
    /// Anybody else's.
    Other,
}

/// Whether an entry is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It can be read.
    Present,
    /// It holds no credential, as docker writes it beside a credential helper.
    Empty,
    /// It is not there, and should be.
    Missing,
    /// It is not there, and the cluster works without it.
    #[serde(rename = "not needed")]
    NotNeeded,
    /// A kubelet could not read it either.
    Unreadable,
}

/// The entries of every cluster.
#[derive(Debug, Default, Serialize)]
pub struct Entries {
    /// One line for each.
    pub items: Vec<Entry>,
    /// Clusters that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
    /// What could not be looked at, and so counts as if it were not there.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// Every entry of the secret in every cluster, and every one of Red Hat's that it lacks.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be looked at is one of the failures.
pub async fn show(clusters: &Seen<Cluster>) -> Result<Entries, Failure> {
    let seen = observe_all(clusters).await?;
    let each = seen.in_each(async |view| {
        let entries = entries(&view)?;
        let is_missing = entries.iter().any(|entry| entry.state == Presence::Missing);
        let warning = is_missing.then(|| unread_mirrors(&view.observed.release, view.context()));
        Ok((entries, warning.flatten()))
    });
    let seen = each.await?;
    let failures = seen.failures();
    let (items, warnings): (Vec<_>, Vec<_>) = seen.reached.into_iter().unzip();
    Ok(Entries {
        failures,
        items: items.into_iter().flatten().collect(),
        warnings: warnings.into_iter().flatten().collect(),
    })
}

/// On a hosted control plane Red Hat's entries are in the secret that its owner gave it.
fn entries(view: &SecretView<'_>) -> Result<Vec<Entry>, Failure> {
    let (context, observed) = (view.cluster.context(), &view.observed);
    if let Some(error) = observed.unreadable() {
        let name = observed.name;
        let failure = Failure::new(format!(
            "{name} (context {context}) cannot be read: {error}"
        ));
        return Err(failure.next(hint::global("backups").at(context)));
    }
    if let Some(failure) = gone(observed, context) {
        return Err(failure);
    }
    let mut found = present(context, observed);
    let keys = found.iter().map(|entry| entry.key.as_str());
    let absent = absent_red_hat(&observed.release, keys);
    found.extend(absent.iter().map(|absent| missing(context, absent)));
    Ok(found)
}

fn missing(context: &str, absent: &Absent) -> Entry {
    Entry {
        state: match absent.absence {
            Absence::Missing | Absence::OptedOut => Presence::Missing,
            Absence::NotNeeded(_) => Presence::NotNeeded,
        },
        message: absent.message(),
        ..blank(context, GLOBAL_PULL_SECRET, absent.entry.key)
    }
}

fn present(context: &str, observed: &Observed) -> Vec<Entry> {
    let mut found = Vec::new();
    for (name, document) in observed.documents() {
        let entries = document.entries();
        let mut entries: Vec<Entry> = entries
            .map(|(key, read)| entry(blank(context, name, key), read))
            .collect();
        if let Some(fault) = file_fault(observed, name, document) {
            let told = entries
                .iter()
                .position(|entry| entry.key == fault.key && entry.state == Presence::Unreadable);
            let told = told.unwrap_or_else(|| {
                entries.push(blank(context, name, &fault.key));
                entries.len() - 1
            });
            let entry = &mut entries[told];
            entry.state = Presence::Unreadable;
            entry.message = fault.reason;
            entry.next = Some(fault.next.at(context));
        }
        found.extend(entries);
    }
    found
}

fn blank(context: &str, secret: SecretName, key: &str) -> Entry {
    Entry {
        context: context.to_owned(),
        secret: secret.to_string(),
        key: key.to_owned(),
        account: String::new(),
        kind: match red_hat_entry(key) {
            Some(_) => EntryKind::RedHat,
            None => EntryKind::Other,
        },
        fingerprint: None,
        state: Presence::Present,
        message: String::new(),
        next: None,
    }
}

fn entry(mut entry: Entry, read: Result<Credential, EntryError>) -> Entry {
    match read {
        Ok(held) => {
            entry.fingerprint = Some(held.fingerprint());
            entry.account = held.username;
        }
        Err(EntryError::Empty) => {
            entry.state = Presence::Empty;
            entry.message = NO_CREDENTIAL.to_owned();
        }
        Err(EntryError::Broken(fault)) => {
            entry.state = Presence::Unreadable;
            entry.message = fault.to_string();
        }
    }
    if entry.kind == EntryKind::Other && RobotName::is_robot(&entry.account) {
        entry.kind = EntryKind::Robot;
    }
    entry
}

impl Report for Entries {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("KEY", |item| &item.key)
            .col("ACCOUNT", |item| &item.account)
            .col("KIND", |item| item.kind)
            .col("FINGERPRINT", |item| shown(item.fingerprint.as_ref()))
            .col("STATE", |item| item.state)
            .wide("SECRET", |item| &item.secret)
            .col("DETAIL", |item| {
                detail([item.message.as_str()], item.next.as_ref())
            })
            .table()
    }

    fn exit(&self) -> Exit {
        Exit::of(self.failures.is_empty())
    }

    fn nothing(&self) -> Option<String> {
        let nothing = "No global pull secret was readable.".to_owned();
        self.items.is_empty().then_some(nothing)
    }

    fn gaps(&self) -> Gaps {
        let mut gaps = gaps(&self.failures, self.items.is_empty());
        gaps.warnings.extend(self.warnings.iter().cloned());
        gaps
    }

    fn names(&self) -> Vec<String> {
        let is_there =
            |item: &&Entry| !matches!(item.state, Presence::Missing | Presence::NotNeeded);
        let present = self.items.iter().filter(is_there);
        let present = present.filter(|item| !item.key.is_empty());
        present.map(|item| format!("auth/{}", item.key)).collect()
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RedHat => "red-hat",
            Self::Robot => "robot",
            Self::Other => "other",
        })
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Present => "present",
            Self::Empty => "empty",
            Self::Missing => "missing",
            Self::NotNeeded => "not needed",
            Self::Unreadable => "unreadable",
        })
    }
}
