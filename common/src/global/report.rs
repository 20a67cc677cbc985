//! What became of the global pull secret, and how it is shown.

use super::apply::Applied;
use super::plan::{EntryChange, EntryPlan, Plan};
use crate::Failure;
use crate::cli::{ContextColumn, Report, Table, detail, escape_control, serialize_next};
use crate::fingerprint::{Fingerprint, shown};
use crate::hint::Hint;
use crate::node_secrets::SecretName;
use serde::Serialize;

/// One entry's line in the report, or one cluster's where no entry is concerned.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The cluster, by the name of its context.
    pub context: String,
    /// `namespace/name` of the secret.
    pub secret: String,
    /// The key below `auths`; empty if the whole secret is meant.
    pub key: String,
    /// Who holds the entry now.
    pub account: String,
    /// `unchanged`, `unknown`, `added`, `updated`, `replaced`, `removed`, `refused` or `failed`.
    pub result: &'static str,
    /// The password before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Fingerprint>,
    /// The password after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Fingerprint>,
    /// Where the old content is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
}

/// Everything a writing command did.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// One line for each entry.
    pub items: Vec<Change>,
    /// `client` or `server` if nothing was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<&'static str>,
}

impl Change {
    /// A cluster where nothing could be done.
    pub fn failed(context: &str, failure: &Failure) -> Self {
        Self {
            context: context.to_owned(),
            secret: String::new(),
            key: String::new(),
            account: String::new(),
            result: "failed",
            before: None,
            after: None,
            backup: None,
            message: failure.message().to_owned(),
            next: failure.next_step().map(|next| next.clone().at(context)),
        }
    }

    fn of(context: &str, name: SecretName, entry: &EntryPlan) -> Self {
        let instead = match (&entry.change, &entry.holder) {
            (EntryChange::Replaced, Some(holder)) => format!("instead of {holder}"),
            _ => String::new(),
        };
        let (result, message, next) = match &entry.change {
            EntryChange::Unchanged => ("unchanged", String::new(), None),
            EntryChange::Unknown => ("unknown", "no login for its registry".to_owned(), None),
            EntryChange::Added => ("added", String::new(), None),
            EntryChange::Updated => ("updated", String::new(), None),
            EntryChange::Replaced => ("replaced", instead, None),
            EntryChange::Removed => ("removed", String::new(), None),
            EntryChange::Refused { reason, next } => ("refused", reason.clone(), next.clone()),
        };
        Self {
            context: context.to_owned(),
            secret: name.to_string(),
            key: entry.key.clone(),
            account: entry.account.clone(),
            result,
            before: entry.before.clone(),
            after: entry.after.clone(),
            backup: None,
            message,
            next: next.map(|next| next.at(context)),
        }
    }

    /// Whether it is something else than before.
    pub fn is_change(&self) -> bool {
        !self.is_failure() && !matches!(self.result, "unchanged" | "unknown")
    }

    /// Whether it makes the command fail.
    pub fn is_failure(&self) -> bool {
        matches!(self.result, "refused" | "failed")
    }
}

impl Changes {
    /// What a plan says, assuming that it is carried out.
    pub fn of_plan(context: &str, name: SecretName, plan: &Plan) -> Vec<Change> {
        plan.entries
            .iter()
            .map(|entry| Change::of(context, name, entry))
            .collect()
    }

    /// What was carried out.
    pub fn of_applied(context: &str, name: SecretName, applied: &Applied) -> Vec<Change> {
        let mut changes = Self::of_plan(context, name, &applied.plan);
        for change in &mut changes {
            if change.is_change() {
                change.backup.clone_from(&applied.backup);
            }
        }
        changes
    }

    /// Whether anything failed.
    pub fn has_failure(&self) -> bool {
        self.items.iter().any(Change::is_failure)
    }

    /// The changes as a diff, with fingerprints in the place of passwords.
    pub fn diff(&self) -> String {
        let mut text = String::new();
        for change in self.items.iter().filter(|item| item.is_change()) {
            text.push_str(&format!(
                "{} (context {})  auths[\"{}\"]\n",
                change.secret,
                escape_control(&change.context),
                escape_control(&change.key)
            ));
            let account = escape_control(&change.account);
            if let Some(before) = &change.before {
                text.push_str(&format!("- {before}\n"));
            }
            if let Some(after) = &change.after {
                text.push_str(&format!("+ {account} {after}\n"));
            }
        }
        text
    }
}

impl Report for Changes {
    fn table(&self, wide: bool) -> Table {
        let contexts =
            ContextColumn::new(self.items.iter().map(|item| item.context.as_str()), wide);
        let mut headings = contexts.headings(&["KEY", "ACCOUNT", "RESULT"]);
        if wide {
            headings.extend(["BEFORE", "AFTER"]);
        }
        headings.push("DETAIL");
        let mut table = Table::new(headings);
        for item in &self.items {
            let mut row = contexts.cells(&item.context);
            let result = match self.dry_run {
                Some(kind) if !item.is_failure() => format!("{} ({kind} dry run)", item.result),
                _ => item.result.to_owned(),
            };
            row.extend([item.key.clone(), item.account.clone(), result]);
            if wide {
                row.extend([&item.before, &item.after].map(|found| shown(found.as_ref())));
            }
            let backup = item.backup.as_ref().map(|name| format!("backup {name}"));
            let parts = [item.message.as_str(), backup.as_deref().unwrap_or_default()];
            row.push(detail(parts, item.next.as_ref()));
            table.row(row);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let named = |item: &&Change| !item.key.is_empty();
        self.items
            .iter()
            .filter(named)
            .map(|item| format!("auth/{}", item.key))
            .collect()
    }
}
