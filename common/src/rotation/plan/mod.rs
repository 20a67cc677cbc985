//! Whether a rotation may begin, and what it will touch. No I/O.

pub(super) mod cluster;
mod decide;

pub use decide::plan;

#[cfg(test)]
mod tests;

use super::stage::Stage;
use crate::Failure;
use crate::cli::{hint_text, serialize_hint};
use crate::fingerprint::Fingerprint;
use crate::hint::Hint;
use crate::names::RobotName;
use crate::receipt::LeftBehind;
use serde::Serialize;
use std::fmt;

/// What is going to happen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What is left to do.
    #[serde(skip)]
    pub stage: Stage,
    /// Every credential that is replaced.
    pub targets: Vec<Target>,
    /// Every secret that keeps a credential that dies.
    pub left_behind: Vec<LeftBehind>,
    /// Every credential that names the robot, cannot pull now, and has no claim to the new token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<Target>,
    /// Contexts whose clusters do not answer, left out because the user said so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// What keeps the rotation from beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
}

/// One credential in one secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The cluster, by the name of its context.
    pub context: String,
    pub namespace: String,
    pub secret: String,
    /// The `auths` key.
    pub key: String,
    /// The robot or its bridge.
    pub account: String,
    /// What may be shown of the password.
    pub fingerprint: Fingerprint,
}

/// One reason not to begin, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Why.
    pub reason: String,
    /// What to do.
    #[serde(serialize_with = "serialize_hint")]
    pub remedy: Hint,
}

impl Plan {
    /// Everything that keeps the rotation from beginning, as one failure.
    ///
    /// # Errors
    /// That failure, if there is any reason.
    pub fn check(&self, robot: &RobotName) -> Result<(), Failure> {
        let Some(first) = self.refusals.first() else {
            return Ok(());
        };
        let what = match self.stage {
            Stage::NotBegun => "was not rotated, and nothing was changed",
            _ => "stays as it is, and this run changed nothing",
        };
        if self.refusals.len() == 1 {
            let message = format!("{robot} {what}: {}", first.reason);
            return Err(Failure::new(message).next(&first.remedy));
        }
        let lines: Vec<String> = self
            .refusals
            .iter()
            .map(|refusal| format!("\n  - {refusal}"))
            .collect();
        Err(Failure::new(format!("{robot} {what}:{}", lines.concat())))
    }

    pub(super) fn refuse(&mut self, reason: impl Into<String>, remedy: impl Into<Hint>) {
        self.refusals.push(Refusal {
            reason: reason.into(),
            remedy: remedy.into(),
        });
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason, hint_text(&self.remedy))
    }
}
