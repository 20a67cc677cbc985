//! What a command that writes pull secrets or references reports.

use crate::cli::{Exit, Gaps, Report, Table, detail, escape_control};
use crate::cluster::DryRun;
use crate::fingerprint::shown;
use crate::outcome::{Outcome, Verb, gaps};
use crate::place::Kind;
use serde::Serialize;

/// Everything a writing command did.
#[derive(Debug, Default, Serialize)]
pub struct Outcomes {
    /// One line for each target.
    pub items: Vec<Outcome>,
    /// `client` or `server` if nothing was stored.
    #[serde(rename = "dryRun", skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<&'static str>,
    /// What people are told where no target was concerned.
    #[serde(skip)]
    pub nothing: Option<String>,
}

impl Outcomes {
    /// Nothing yet.
    pub fn of(dry_run: DryRun) -> Self {
        Self {
            items: Vec::new(),
            dry_run: dry_run.label(),
            nothing: None,
        }
    }

    /// Adds what a later round came to. Of what is right then, the earlier round tells what was
    /// done, and the later one which account is there now.
    pub fn supersede(&mut self, later: Vec<Outcome>) {
        for item in later {
            let mut known = self.items.iter_mut();
            let same = known.find(|known| known.place == item.place);
            match same {
                Some(known) if item.result == Verb::Unchanged => {
                    known.account = item.account;
                    known.after = item.after;
                }
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
            .map(|(verb, count)| format!("{count} {}", verb))
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
            .filter(|item| item.before != item.after && !item.place.key.is_empty())
        {
            let (Some(after), false) = (&item.after, item.result.is_failure()) else {
                continue;
            };
            text.push_str(&format!(
                "\n{}/{}  auths[\"{}\"]\n",
                item.place.namespace,
                item.place.name,
                escape_control(&item.place.key)
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
        Table::of(&self.items, wide)
            .context(|item| &item.place.context)
            .col("NAMESPACE", |item| &item.place.namespace)
            .col("NAME", |item| match item.place.kind {
                Kind::Secret => item.place.name.clone(),
                kind => format!("{kind}/{}", item.place.name),
            })
            .col("ROBOT", |item| &item.account)
            .col("RESULT", |item| item.result_text(self.dry_run))
            .wide("KEY", |item| &item.place.key)
            .wide("BEFORE", |item| shown(item.before.as_ref()))
            .wide("AFTER", |item| shown(item.after.as_ref()))
            .col("DETAIL", |item| {
                let references = references(item);
                let parts = [references.as_str(), item.message.as_str()];
                detail(parts, item.next.as_ref())
            })
            .table()
    }

    fn exit(&self) -> Exit {
        Exit::of(!self.has_failure())
    }

    fn nothing(&self) -> Option<String> {
        self.nothing.clone().filter(|_| self.items.is_empty())
    }

    fn gaps(&self) -> Gaps {
        Gaps {
            // Its rows tell of them.
            warnings: Vec::new(),
            ..gaps(&self.items, true)
        }
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| format!("{}/{}", item.place.kind, item.place.name))
            .collect()
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
