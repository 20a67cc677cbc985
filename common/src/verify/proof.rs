//! What was found out about one credential in one secret.

use crate::cli::serialize_next;
use crate::fingerprint::Fingerprint;
use crate::hint::Hint;
use crate::pullsecret::{ProofState, RegistryAnswer, TokenState};
use serde::Serialize;

/// What was found out about one credential in one secret.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// The cluster, by the name of its context.
    pub context: String,
    pub namespace: String,
    pub secret: String,
    /// The `auths` key; empty if it is about the whole secret.
    pub key: String,
    /// The robot.
    pub account: String,
    /// What may be shown of its password.
    pub fingerprint: Option<Fingerprint>,
    /// Compared with what Quay has.
    pub token: TokenState,
    /// What its registry says of it.
    pub registry: RegistryAnswer,
    /// Repositories it may pull, of those it is there for.
    pub pullable: Vec<String>,
    /// Repositories it may not pull, and that nothing else gets for those who need them.
    pub refused: Vec<String>,
    /// Whether the credential is good.
    pub state: ProofState,
    /// Whether that will do: it is good, or not known where that was allowed.
    pub ok: bool,
    /// What is wrong, and what is worth knowing.
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
    /// Whether somebody is signed in to its registry.
    #[serde(skip)]
    pub has_login: bool,
}

impl Proof {
    /// A proof of a secret that is no good as a whole.
    pub(super) fn of_secret(context: &str, namespace: &str, secret: &str) -> Self {
        Self {
            context: context.to_owned(),
            namespace: namespace.to_owned(),
            secret: secret.to_owned(),
            key: String::new(),
            account: String::new(),
            fingerprint: None,
            token: TokenState::NotCompared,
            registry: RegistryAnswer::NotAsked,
            pullable: Vec::new(),
            refused: Vec::new(),
            state: ProofState::Bad,
            ok: false,
            message: String::new(),
            next: None,
            has_login: false,
        }
    }
}

/// Everything that is to be said of one thing: the worst of it is its state, and the first
/// command that helps is the next.
#[derive(Default)]
pub(super) struct Findings {
    problems: Vec<String>,
    unknown: Vec<String>,
    notes: Vec<String>,
    next: Option<Hint>,
}

impl Findings {
    pub(super) fn problem(&mut self, text: impl Into<String>, next: impl Into<Option<Hint>>) {
        self.problems.push(text.into());
        self.then(next.into());
    }

    pub(super) fn unknown(&mut self, text: impl Into<String>, next: impl Into<Option<Hint>>) {
        self.unknown.push(text.into());
        self.then(next.into());
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn then(&mut self, next: Option<Hint>) {
        if self.next.is_none() {
            self.next = next;
        }
    }

    /// Puts them on the proof.
    pub(super) fn into_proof(self, mut proof: Proof) -> Proof {
        proof.state = match (self.problems.is_empty(), self.unknown.is_empty()) {
            (false, _) => ProofState::Bad,
            (true, false) => ProofState::Unknown,
            (true, true) => ProofState::Good,
        };
        let texts = [self.problems, self.unknown, self.notes].concat();
        proof.message = texts.join("; ");
        proof.next = self.next;
        proof
    }
}
