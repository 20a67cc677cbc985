//! The receipt of a rotation: what an auditor asks for. No token is in it.

use super::consumer::Consumer;
use super::log::{Statement, StepTime, Switch, Validity};
use crate::cli::{Report, Table};
use crate::fingerprint::{Fingerprint, shown};
use crate::ledger::Strategy;
use crate::names::{RegistryHost, RobotName};
use crate::pulltest::PullProof;
use jiff::Timestamp;
use serde::Serialize;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The token was replaced everywhere.
    Finished,
    /// It was taken back, and nothing was replaced.
    Aborted,
}

/// Everything a rotation did, and the proof of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Of this format.
    pub version: u8,
    /// The rotation's id.
    pub rotation: String,
    pub robot: RobotName,
    /// The robot that stood in for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<RobotName>,
    pub registry: RegistryHost,
    /// How the token was replaced.
    pub strategy: Strategy,
    /// How it ended.
    pub outcome: End,
    /// Whether an earlier run began it: what that one did is not in here.
    pub resumed: bool,
    /// Whose API token was used.
    pub by: String,
    /// When this run began to change things.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// The clusters, by the names of their contexts.
    pub contexts: Vec<String>,
    /// Contexts that were left out because their clusters did not answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// The fingerprint of the replaced token; absent where it is not known any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The fingerprint of the token the robot has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Fingerprint>,
    /// When the regenerate was sent; in place only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_began: Option<Timestamp>,
    /// From the regenerate's sending to the last secret's answer, in milliseconds; in place only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<u64>,
    /// Every credential, and what it holds in the end.
    pub targets: Vec<TargetProof>,
    /// What keeps a dead credential, as the user accepted.
    pub left_behind: Vec<LeftBehind>,
    /// What was checked.
    pub statements: Vec<Statement>,
    /// What was done when.
    pub steps: Vec<StepTime>,
    /// When each credential was accepted.
    pub validities: Vec<Validity>,
    /// Every write.
    pub switches: Vec<Switch>,
    /// Who else pulled with the robot before.
    pub consumers: Vec<Consumer>,
    /// Workloads that were restarted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub restarted: Vec<RestartProof>,
    /// Images that were pulled to try it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<PullProof>,
}

/// One credential in one secret.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetProof {
    /// The cluster, by the name of its context.
    pub context: String,
    pub namespace: String,
    pub secret: String,
    /// The `auths` key.
    pub key: String,
    /// What it held before this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Fingerprint>,
    /// What it holds now.
    pub after: Fingerprint,
    /// When this run wrote it.
    pub switched: Vec<Timestamp>,
    /// Whether it holds the robot's current token.
    pub holds: bool,
}

/// A secret that keeps a credential that dies, as the user accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftBehind {
    /// The cluster, by the name of its context.
    pub context: String,
    pub namespace: String,
    pub secret: String,
    /// Why it cannot be written.
    pub reason: String,
    /// Where to change it.
    pub remedy: String,
}

/// One restarted workload.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartProof {
    /// The cluster, by the name of its context.
    pub context: String,
    /// `namespace/deployment/shop`.
    pub workload: String,
    /// What became of it.
    pub result: String,
}

impl Receipt {
    /// Whether everything that was checked holds.
    pub fn is_proved(&self) -> bool {
        let statements = self.statements.iter().all(|statement| statement.holds);
        statements && self.pulls.iter().all(|pull| pull.ok)
    }
}

impl Report for Receipt {
    fn table(&self, wide: bool) -> Table {
        let result = match self.outcome {
            End::Finished => "rotated",
            End::Aborted => "as before",
        };
        let targets = self.targets.iter().map(|target| {
            let result = if target.holds { result } else { "stale" }.to_owned();
            let place = [&target.context, &target.namespace, &target.secret];
            (place, Some(target), result)
        });
        let left = self.left_behind.iter().map(|left| {
            let result = format!("left behind: {}", left.reason);
            ([&left.context, &left.namespace, &left.secret], None, result)
        });
        let rows: Vec<_> = targets.chain(left).collect();
        Table::of(&rows, wide)
            .context(|([context, ..], ..)| context)
            .col("NAMESPACE", |([_, namespace, _], ..)| namespace)
            .col("SECRET", |([.., secret], ..)| secret)
            .col("BEFORE", |(_, target, _)| {
                shown(target.and_then(|target| target.before.as_ref()))
            })
            .col("AFTER", |(_, target, _)| {
                shown(target.map(|target| &target.after))
            })
            .wide("KEY", |(_, target, _)| {
                target.map_or("", |target| &target.key)
            })
            .col("RESULT", |(.., result)| result)
            .table()
    }

    fn names(&self) -> Vec<String> {
        vec![format!("robot/{}", self.robot)]
    }
}
