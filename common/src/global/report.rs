//! What became of the global pull secrets, and how it is shown.

use super::apply::Applied;
use super::plan::{EntryChange, EntryPlan, Plan, Write};
use crate::cli::{Exit, Gaps, Report, Table, detail, escape_control};
use crate::fingerprint::shown;
use crate::node_secrets::SecretName;
use crate::outcome::{Outcome, Verb, gaps};
use crate::place::Place;
use serde::Serialize;

/// Everything a writing command did: a line for each entry, or for a whole secret or cluster
/// where no entry is concerned.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// One line for each.
    pub items: Vec<Outcome>,
    /// `client` or `server` if nothing was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<&'static str>,
    /// What else there is to say to people.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// What a plan says, assuming that it is carried out.
pub(super) fn of_plan(context: &str, name: SecretName, plan: &Plan) -> Vec<Outcome> {
    let secret = Place::secret(context, name.namespace, name.name);
    let entries = plan.entries.iter();
    let mut outcomes: Vec<Outcome> = entries.map(|entry| of_entry(&secret, entry)).collect();
    if let Write::Deletion = plan.write {
        for outcome in outcomes.iter_mut().filter(|one| one.result.is_change()) {
            "no other entry is left, so the secret is deleted".clone_into(&mut outcome.message);
        }
    }
    outcomes
}

/// What was carried out.
pub(super) fn of_applied(context: &str, name: SecretName, applied: &Applied) -> Vec<Outcome> {
    let mut outcomes = of_plan(context, name, &applied.plan);
    for outcome in &mut outcomes {
        if outcome.result.is_change() {
            outcome.backup = applied.backup.as_ref().map(|kept| kept.name.clone());
        }
    }
    outcomes
}

fn of_entry(secret: &Place, entry: &EntryPlan) -> Outcome {
    let (result, message) = match (&entry.change, &entry.holder) {
        (EntryChange::Unchanged, _) => (Verb::Unchanged, String::new()),
        (EntryChange::Kept, _) => (
            Verb::Kept,
            "it differs from the backup, and these plugins did not write it".to_owned(),
        ),
        (EntryChange::Unknown, _) => (
            Verb::Unknown,
            "you are not logged in to its registry".to_owned(),
        ),
        (EntryChange::Added, _) => (Verb::Added, String::new()),
        (EntryChange::Updated, _) => (Verb::Updated, String::new()),
        (EntryChange::Replaced, Some(holder)) => (Verb::Replaced, format!("instead of {holder}")),
        (EntryChange::Replaced, None) => (Verb::Replaced, String::new()),
        (EntryChange::Removed, _) => (Verb::Removed, String::new()),
        (EntryChange::Left { reason, .. }, Some(_)) => (Verb::Kept, reason.clone()),
        (EntryChange::Left { reason, .. }, None) => (Verb::Unchanged, reason.clone()),
        (EntryChange::Refused { reason, .. }, _) => (Verb::Refused, reason.clone()),
        (EntryChange::Broken { reason, .. }, _) => (Verb::Failed, reason.clone()),
    };
    let next = match &entry.change {
        EntryChange::Refused { next, .. } => next.clone(),
        EntryChange::Left { next, .. } | EntryChange::Broken { next, .. } => Some(next.clone()),
        _ => None,
    };
    Outcome {
        account: entry.account.clone(),
        before: entry.before.clone(),
        after: entry.after.clone(),
        message,
        next: next.map(|next| next.at(&secret.context)),
        ..Outcome::new(secret.clone().key(&entry.key), result)
    }
}

impl Changes {
    /// Whether anything failed.
    pub fn has_failure(&self) -> bool {
        self.items.iter().any(|item| item.result.is_failure())
    }

    /// The contexts where something was stored.
    pub fn written_contexts(&self) -> Vec<&str> {
        if self.dry_run.is_some() {
            return Vec::new();
        }
        let changed = self.items.iter().filter(|item| item.result.is_change());
        let mut contexts: Vec<&str> = changed.map(|item| item.place.context.as_str()).collect();
        contexts.dedup();
        contexts
    }

    /// The changes as a diff, with fingerprints in the place of passwords.
    pub fn diff(&self) -> String {
        let mut text = String::new();
        for item in self.items.iter().filter(|item| item.result.is_change()) {
            let place = &item.place;
            text.push_str(&format!(
                "{}/{} (context {})  auths[\"{}\"]\n",
                place.namespace,
                place.name,
                escape_control(&place.context),
                escape_control(&place.key)
            ));
            let account = escape_control(&item.account);
            if let Some(before) = &item.before {
                text.push_str(&format!("- {before}\n"));
            }
            if let Some(after) = &item.after {
                text.push_str(&format!("+ {account} {after}\n"));
            }
        }
        text
    }
}

impl Report for Changes {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.place.context)
            .col("KEY", |item| &item.place.key)
            .col("ACCOUNT", |item| &item.account)
            .col("RESULT", |item| item.result_text(self.dry_run))
            .wide("BEFORE", |item| shown(item.before.as_ref()))
            .wide("AFTER", |item| shown(item.after.as_ref()))
            .col("DETAIL", |item| {
                let backup = item.backup.as_ref().map(|name| format!("backup {name}"));
                let parts = [item.message.as_str(), backup.as_deref().unwrap_or_default()];
                detail(parts, item.next.as_ref())
            })
            .table()
    }

    fn exit(&self) -> Exit {
        Exit::of(!self.has_failure())
    }

    fn nothing(&self) -> Option<String> {
        let nothing = "There is nothing to change.".to_owned();
        self.items.is_empty().then_some(nothing)
    }

    fn gaps(&self) -> Gaps {
        Gaps {
            // Its rows tell of them.
            warnings: Vec::new(),
            ..gaps(&self.items, true)
        }
    }

    fn names(&self) -> Vec<String> {
        let keys = self.items.iter().map(|item| &item.place.key);
        let named = keys.filter(|key| !key.is_empty());
        named.map(|key| format!("auth/{key}")).collect()
    }
}
