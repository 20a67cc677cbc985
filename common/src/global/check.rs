//! What `verify` says of entries, and how it is shown.

use crate::cli::{Exit, Gaps, Report, Table, detail, serialize_next};
use crate::fingerprint::{Fingerprint, shown};
use crate::hint::Hint;
use crate::outcome::{Outcome, gaps};
use crate::pullsecret::{ProofState, RegistryAnswer, TokenState};
use serde::Serialize;
use std::fmt;

/// What was found out about one entry.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The cluster, by the name of its context; empty for a file that is in none yet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// `namespace/name` of the secret, or the file.
    pub secret: String,
    /// The key below `auths`; empty if the secret cannot be read.
    pub key: String,
    /// Who holds it.
    pub account: String,
    /// What may be shown of its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What its registry says of it.
    pub registry: RegistryAnswer,
    /// Compared with what Quay or Red Hat hands out.
    pub token: TokenState,
    /// Whether the entry is good.
    pub state: ProofState,
    /// Whether that will do: it is good, or not known where that was allowed.
    pub ok: bool,
    /// What is wrong, and what is worth knowing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
}

/// Everything that was found out.
#[derive(Debug, Default, Serialize)]
pub struct Checks {
    /// One line for each entry, and for each that is missing.
    pub items: Vec<Check>,
    /// Clusters that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
    /// What could not be looked at, and so counts as if it were not there.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

impl Check {
    /// Nothing is known yet, and nothing is wrong.
    pub(super) fn blank(context: &str, name: impl fmt::Display, key: &str) -> Self {
        Self {
            context: context.to_owned(),
            secret: name.to_string(),
            key: key.to_owned(),
            account: String::new(),
            fingerprint: None,
            registry: RegistryAnswer::NotAsked,
            token: TokenState::NotCompared,
            state: ProofState::Good,
            ok: true,
            message: String::new(),
            next: None,
        }
    }

    /// Something is wrong.
    pub(super) fn fail(&mut self, reason: &str) {
        self.find(ProofState::Bad, reason);
        self.ok = false;
    }

    /// Something is not known; `allowed` if that will do.
    pub(super) fn doubt(&mut self, reason: &str, allowed: bool) {
        self.find(ProofState::Unknown, reason);
        self.ok &= allowed;
    }

    /// Something worth knowing.
    pub(super) fn note(&mut self, text: &str) {
        self.find(ProofState::Good, text);
    }

    fn find(&mut self, state: ProofState, text: &str) {
        self.state = self.state.max(state);
        if !self.message.is_empty() {
            self.message.push_str("; ");
        }
        self.message.push_str(text);
    }
}

impl Report for Checks {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("KEY", |item| &item.key)
            .col("ACCOUNT", |item| &item.account)
            .col("REGISTRY", |item| item.registry)
            .col("TOKEN", |item| item.token)
            .col("OK", |item| item.state)
            .wide("FINGERPRINT", |item| shown(item.fingerprint.as_ref()))
            .wide("SECRET", |item| &item.secret)
            .col("DETAIL", |item| {
                detail([item.message.as_str()], item.next.as_ref())
            })
            .table()
    }

    fn exit(&self) -> Exit {
        Exit::of(self.failures.is_empty() && self.items.iter().all(|item| item.ok))
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
        let named = self.items.iter().filter(|item| !item.key.is_empty());
        named.map(|item| format!("auth/{}", item.key)).collect()
    }
}
