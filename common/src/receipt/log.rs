//! What a run notes down while it works, for its receipt.

use crate::fingerprint::Fingerprint;
use jiff::Timestamp;
use serde::Serialize;

/// One step of the run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepTime {
    /// What was done.
    pub step: String,
    /// From when.
    pub began: Timestamp,
    /// Until when; `None` where the run ended in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// One write of one secret, as its API server confirmed it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Switch {
    /// The cluster, by the name of its context.
    pub context: String,
    pub namespace: String,
    pub secret: String,
    /// The `auths` key.
    pub key: String,
    /// When the server answered.
    pub at: Timestamp,
    /// Whose credential it holds since.
    pub account: String,
    /// And which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// When a credential was accepted, as far as this run knows.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validity {
    /// The robot.
    pub account: String,
    /// The token's fingerprint.
    pub fingerprint: Fingerprint,
    /// From when; `None` if it was so before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when; `None` while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Something that was checked in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    pub claim: String,
    /// Whether it holds.
    pub holds: bool,
    pub seen: String,
}

/// The notes of one run.
#[derive(Debug, Default)]
pub struct Log {
    /// Its steps, in order.
    pub steps: Vec<StepTime>,
    /// Its writes, in the order of the answers.
    pub switches: Vec<Switch>,
    /// The credentials in play.
    pub validities: Vec<Validity>,
    /// What was checked.
    pub statements: Vec<Statement>,
    /// When the regenerate was sent; in place only.
    pub window_began: Option<Timestamp>,
    /// From the regenerate's sending to the last secret's answer, in milliseconds.
    pub window_ms: Option<u64>,
}

impl Log {
    /// A step begins, and the one before ends.
    pub fn begin(&mut self, step: &str) {
        let now = Timestamp::now();
        self.end_step(now);
        self.steps.push(StepTime {
            step: step.to_owned(),
            began: now,
            ended: None,
        });
    }

    /// The last step is over.
    pub fn end_step(&mut self, now: Timestamp) {
        if let Some(last) = self.steps.last_mut() {
            last.ended.get_or_insert(now);
        }
    }

    /// A credential is accepted; from now on if `new`.
    pub fn accepted(&mut self, account: &str, fingerprint: &Fingerprint, new: bool) {
        let known = self
            .validities
            .iter()
            .any(|known| known.account == account && known.fingerprint == *fingerprint);
        if !known {
            self.validities.push(Validity {
                account: account.to_owned(),
                fingerprint: fingerprint.clone(),
                from: new.then(Timestamp::now),
                until: None,
            });
        }
    }

    /// Every credential of the account but `except` is dead since now.
    pub fn dead(&mut self, account: &str, except: Option<&Fingerprint>) {
        let now = Timestamp::now();
        for known in &mut self.validities {
            if known.account == account && Some(&known.fingerprint) != except {
                known.until.get_or_insert(now);
            }
        }
    }

    /// Something was checked.
    pub fn state(&mut self, claim: impl Into<String>, holds: bool, seen: impl Into<String>) {
        self.statements.push(Statement {
            claim: claim.into(),
            holds,
            seen: seen.into(),
        });
    }
}
