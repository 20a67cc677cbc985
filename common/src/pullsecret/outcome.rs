//! What became of every target.

use super::plan::{EntryPlan, NamespacePlan, Problem, Refusal, SecretPlan, Verdict, Write};
use crate::Failure;
use crate::cli::{ContextColumn, Report, Table, detail, escape_control, serialize_next};
use crate::cluster::Cluster;
use crate::fingerprint::{Fingerprint, shown};
use crate::hint::{self, Hint, edit_secret};
use jiff::Timestamp;
use serde::Serialize;

/// What was done, in kubectl's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It was right already.
    Unchanged,
    /// It holds a bridge while a rotation lasts, and was left so.
    Bridged,
    /// A new secret.
    Created,
    /// A new credential in an existing secret.
    Updated,
    /// Only references of service accounts or workloads were added.
    Attached,
    /// Only references were removed.
    Detached,
    /// The object was removed.
    Deleted,
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
        matches!(self, Self::Refused | Self::Failed | Self::Skipped)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Bridged => "bridged",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Attached => "attached",
            Self::Detached => "detached",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One target's line in the report.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The cluster, by the name of its context.
    pub context: String,
    /// The namespace.
    pub namespace: String,
    /// The kind of the object named next; `secret` where a pull secret is meant.
    pub kind: &'static str,
    /// The object's name.
    pub name: String,
    /// The `auths` key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
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
    /// An outcome for a target without an entry of its own.
    pub fn new(
        context: &str,
        namespace: &str,
        kind: &'static str,
        name: &str,
        result: Verb,
    ) -> Self {
        Self {
            context: context.to_owned(),
            namespace: namespace.to_owned(),
            kind,
            name: name.to_owned(),
            key: String::new(),
            account: String::new(),
            result,
            before: None,
            after: None,
            references: Vec::new(),
            message: String::new(),
            next: None,
            written_at: None,
        }
    }

    /// With a reason.
    #[must_use]
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = text.into();
        self
    }

    /// With what a failure says.
    #[must_use]
    pub fn failure(mut self, failure: &Failure) -> Self {
        self.message = failure.message().to_owned();
        self.next = failure
            .next_step()
            .map(|next| next.clone().at(&self.context));
        self
    }

    /// With the next command.
    #[must_use]
    pub fn next(mut self, hint: impl Into<Hint>) -> Self {
        self.next = Some(hint.into().at(&self.context));
        self
    }

    /// What plans that are not carried out come to.
    pub fn of_plans(cluster: &Cluster, plans: &[NamespacePlan]) -> Vec<Self> {
        let mut outcomes = Vec::new();
        for plan in plans {
            let first = outcomes.len();
            outcomes.extend(
                plan.secrets
                    .iter()
                    .flat_map(|secret| Self::of_plan(cluster.context(), secret)),
            );
            if let Some((name, accounts)) = &plan.attach
                && let Some(outcome) = outcomes[first..]
                    .iter_mut()
                    .find(|outcome| outcome.name == *name)
                && outcome.result != Verb::Unchanged
            {
                outcome.references = accounts
                    .iter()
                    .map(|account| format!("serviceaccount/{account}"))
                    .collect();
            }
        }
        outcomes
    }

    /// What a plan says of each of its entries, assuming that it is carried out.
    pub(super) fn of_plan(context: &str, plan: &SecretPlan) -> Vec<Self> {
        plan.entries
            .iter()
            .map(|entry| Self::of_entry(context, plan, entry))
            .collect()
    }

    fn of_entry(context: &str, plan: &SecretPlan, entry: &EntryPlan) -> Self {
        let written = match plan.write {
            Write::Create(_) => Verb::Created,
            _ => Verb::Updated,
        };
        let (result, message) = match (&entry.verdict, &plan.refusal) {
            (Verdict::Current, _) => (Verb::Unchanged, String::new()),
            (Verdict::Bridged(robot), _) => (
                Verb::Bridged,
                format!("stands in for {robot} while its token is rotated"),
            ),
            (Verdict::Unknown, _) => (Verb::Unknown, "no login for its registry".to_owned()),
            (Verdict::Problem(problem), _) => (Verb::Failed, problem.to_string()),
            (_, Some(refusal)) => (Verb::Refused, refusal.reason.clone()),
            (Verdict::Replaced(other), None) => (written, format!("instead of {other}")),
            (Verdict::Stale | Verdict::Missing, None) => (written, Self::extra(plan)),
        };
        Self {
            key: entry.key.clone(),
            account: entry.account.clone(),
            before: entry.before.clone(),
            after: entry.after.clone(),
            next: next_step(plan, entry, result).map(|next| next.at(context)),
            message,
            ..Self::new(context, &plan.namespace, "secret", &plan.name, result)
        }
    }

    fn extra(plan: &SecretPlan) -> String {
        match plan.write {
            Write::Update {
                clean_last_applied: true,
                ..
            } => "last-applied-configuration, which held the old credential, removed".to_owned(),
            Write::Recreate(_) => "immutable: a new secret in its place".to_owned(),
            _ => String::new(),
        }
    }
}

fn next_step(plan: &SecretPlan, entry: &EntryPlan, result: Verb) -> Option<Hint> {
    let (namespace, name) = (&plan.namespace, &plan.name);
    if result == Verb::Refused {
        return plan.refusal.as_ref().map(Refusal::hint);
    }
    let hint = match &entry.verdict {
        Verdict::Problem(Problem::NoSuchRobot(robot)) => {
            let delete = hint::pullsecret("delete --robot").arg(robot);
            hint::robot("create")
                .arg(robot)
                .say(", or ")
                .run(delete.words("-n").arg(namespace))
        }
        Verdict::Problem(Problem::TokenUnknown(_)) => hint::robot("whoami").into(),
        Verdict::Problem(Problem::Unreadable(_)) => edit_secret(namespace, name).into(),
        _ => return None,
    };
    Some(hint)
}

/// Everything a writing command did.
#[derive(Debug, Default, Serialize)]
pub struct Outcomes {
    /// One line for each target.
    pub items: Vec<Outcome>,
    /// `client` or `server` if nothing was stored.
    #[serde(rename = "dryRun", skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<&'static str>,
}

impl Outcomes {
    /// Adds what a later round came to; of what is right then, the earlier round tells what
    /// was done.
    pub fn supersede(&mut self, later: Vec<Outcome>) {
        for item in later {
            let same = self.items.iter_mut().find(|known| {
                (&known.context, &known.namespace, &known.name, &known.key)
                    == (&item.context, &item.namespace, &item.name, &item.key)
            });
            match same {
                Some(_) if item.result == Verb::Unchanged => {}
                Some(known) => *known = item,
                None => self.items.push(item),
            }
        }
    }

    /// Whether any target failed.
    pub fn has_failure(&self) -> bool {
        self.items.iter().any(|item| item.result.is_failure())
    }

    /// `12 updated, 1 refused`: how many of each.
    pub fn summary(&self) -> String {
        let mut counts: Vec<(Verb, usize)> = Vec::new();
        for item in &self.items {
            match counts.iter_mut().find(|(verb, _)| *verb == item.result) {
                Some((_, count)) => *count += 1,
                None => counts.push((item.result, 1)),
            }
        }
        let parts: Vec<String> = counts
            .iter()
            .map(|(verb, count)| format!("{count} {}", verb.text()))
            .collect();
        if parts.is_empty() {
            "nothing to do".to_owned()
        } else {
            parts.join(", ")
        }
    }

    /// The changes as a diff, with fingerprints in the place of passwords.
    pub fn diff(&self) -> String {
        let mut text = String::new();
        for item in self
            .items
            .iter()
            .filter(|item| item.before != item.after && !item.key.is_empty())
        {
            let (Some(after), false) = (&item.after, item.result.is_failure()) else {
                continue;
            };
            text.push_str(&format!(
                "\n{}/{}  auths[\"{}\"]\n",
                item.namespace,
                item.name,
                escape_control(&item.key)
            ));
            if let Some(before) = &item.before {
                text.push_str(&format!("- {before}\n"));
            }
            text.push_str(&format!("+ {} {after}\n", escape_control(&item.account)));
        }
        text
    }
}

impl Report for Outcomes {
    fn table(&self, wide: bool) -> Table {
        let contexts =
            ContextColumn::new(self.items.iter().map(|item| item.context.as_str()), wide);
        let mut headings = contexts.headings(&["NAMESPACE", "NAME", "ROBOT", "RESULT"]);
        if wide {
            headings.extend(["KEY", "BEFORE", "AFTER"]);
        }
        headings.push("DETAIL");
        let mut table = Table::new(headings);
        for item in &self.items {
            let mut row = contexts.cells(&item.context);
            let name = if item.kind == "secret" {
                item.name.clone()
            } else {
                format!("{}/{}", item.kind, item.name)
            };
            row.extend([
                item.namespace.clone(),
                name,
                item.account.clone(),
                self.result_text(item),
            ]);
            if wide {
                row.push(item.key.clone());
                row.extend([&item.before, &item.after].map(|found| shown(found.as_ref())));
            }
            let references = references(item);
            let parts = [references.as_str(), item.message.as_str()];
            row.push(detail(parts, item.next.as_ref()));
            table.row(row);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| format!("{}/{}", item.kind, item.name))
            .collect()
    }
}

impl Outcomes {
    fn result_text(&self, item: &Outcome) -> String {
        match self.dry_run {
            Some(kind) if !item.result.is_failure() => {
                format!("{} ({kind} dry run)", item.result.text())
            }
            _ => item.result.text().to_owned(),
        }
    }
}

/// Where the secret is named now, or is not any more.
fn references(item: &Outcome) -> String {
    if item.references.is_empty() {
        return String::new();
    }
    let verb = match item.result {
        Verb::Detached | Verb::Deleted => "detached from",
        Verb::Attached | Verb::Created | Verb::Updated => "attached to",
        _ => "at",
    };
    format!("{verb} {}", item.references.join(", "))
}
