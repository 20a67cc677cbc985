//! What `verify` found out, and how it is shown.

use crate::Failure;
use crate::cli::{ContextColumn, Exit, Report, Table, detail, serialize_next};
use crate::failure::FailureKind;
use crate::fingerprint::{Fingerprint, shown};
use crate::hint::Hint;
use crate::outcome::{Outcome, only_failure, warnings};
use serde::Serialize;
use std::fmt;

/// What was found out about one credential in one secret.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// The cluster, by the name of its context.
    pub context: String,
    /// The namespace.
    pub namespace: String,
    /// The secret.
    pub secret: String,
    /// The `auths` key; empty if the secret cannot be read.
    pub key: String,
    /// The robot.
    pub account: String,
    /// What may be shown of its password.
    pub fingerprint: Option<Fingerprint>,
    /// Compared with what Quay has.
    pub token: TokenState,
    /// What its registry says of it.
    pub registry: RegistryAnswer,
    /// Repositories it may pull, of those it was asked for.
    pub pullable: Vec<String>,
    /// Repositories it may not pull.
    pub refused: Vec<String>,
    /// Whether the credential is good.
    pub ok: bool,
    /// What is wrong, and what is worth knowing.
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
}

/// A credential, compared with what is handed out for its account now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// It is the same.
    Current,
    /// It is a bridge's, while the robot's token is rotated.
    Bridged,
    /// Another one is handed out, or none.
    Stale,
    /// What is handed out is not known.
    Unknown,
    /// There is no token to compare.
    #[serde(rename = "-")]
    NotCompared,
}

/// What a registry says of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistryAnswer {
    /// It lets it in.
    Accepted,
    /// It does not.
    Refused,
    /// It does not answer.
    Unreachable,
    /// It wants the credential sent to another host, and so was not asked.
    Unknown,
    /// There is nobody to ask.
    #[serde(rename = "-")]
    NotAsked,
}

/// Everything `verify` found out.
#[derive(Debug, Default, Serialize)]
pub struct Proofs {
    /// One line for each credential.
    pub items: Vec<Proof>,
    /// Clusters and namespaces that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
}

impl Proof {
    /// A proof that says nothing yet.
    pub(super) fn blank(context: &str, namespace: &str, secret: &str, key: &str) -> Proof {
        Proof {
            context: context.to_owned(),
            namespace: namespace.to_owned(),
            secret: secret.to_owned(),
            key: key.to_owned(),
            account: String::new(),
            fingerprint: None,
            token: TokenState::NotCompared,
            registry: RegistryAnswer::NotAsked,
            pullable: Vec::new(),
            refused: Vec::new(),
            ok: false,
            message: String::new(),
            next: None,
        }
    }
}

impl Proofs {
    /// Whether everything was looked at and every credential is good.
    pub fn all_ok(&self) -> bool {
        self.failures.is_empty() && self.items.iter().all(|item| item.ok)
    }
}

impl Report for Proofs {
    fn table(&self, wide: bool) -> Table {
        let contexts =
            ContextColumn::new(self.items.iter().map(|item| item.context.as_str()), wide);
        let mut headings =
            contexts.headings(&["NAMESPACE", "SECRET", "ROBOT", "TOKEN", "REGISTRY", "PULL"]);
        if wide {
            headings.extend(["KEY", "FINGERPRINT"]);
        }
        headings.push("DETAIL");
        let mut table = Table::new(headings);
        for item in &self.items {
            let mut row = contexts.cells(&item.context);
            let asked = item.pullable.len() + item.refused.len();
            let pull = match item.registry {
                RegistryAnswer::Accepted => format!("{}/{asked}", item.pullable.len()),
                _ => "-".to_owned(),
            };
            let texts = [&item.namespace, &item.secret, &item.account];
            row.extend(texts.map(Clone::clone));
            row.extend([item.token.to_string(), item.registry.to_string(), pull]);
            if wide {
                row.push(item.key.clone());
                row.push(shown(item.fingerprint.as_ref()));
            }
            row.push(match (item.message.as_str(), &item.next) {
                ("", None) => "ok".to_owned(),
                (message, next) => detail([message], next.as_ref()),
            });
            table.row(row);
        }
        table
    }

    fn exit(&self) -> Exit {
        Exit::of(self.all_ok())
    }

    fn nothing(&self) -> Option<String> {
        let nothing = "No pull secrets of robots found.".to_owned();
        self.items.is_empty().then_some(nothing)
    }

    fn warnings(&self) -> Vec<String> {
        warnings(&self.failures)
    }

    fn only_failure(&self) -> Option<Failure> {
        only_failure(&self.failures).filter(|_| self.items.is_empty())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .items
            .iter()
            .map(|item| format!("secret/{}", item.secret))
            .collect();
        names.dedup();
        names
    }
}

impl RegistryAnswer {
    /// What a question that failed comes to.
    pub(crate) fn without(failure: &Failure) -> Self {
        match failure.kind() {
            FailureKind::Untrusted => Self::Unknown,
            _ => Self::Unreachable,
        }
    }
}

impl fmt::Display for TokenState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "current",
            Self::Bridged => "bridged",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::NotCompared => "-",
        })
    }
}

impl fmt::Display for RegistryAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
            Self::NotAsked => "-",
        })
    }
}
