//! What a run writes down: its steps and proofs for the receipt, its turning points for the ledger.

use crate::Failure;
use crate::fingerprint::Fingerprint;
use crate::ledger::{Entry, Event, Ledger, random_id};
use crate::names::{RegistryHost, RobotName};
use crate::outcome::{Outcome, Verb};
use crate::pullsecret::Swap;
use crate::receipt::{Log, Switch};
use jiff::Timestamp;

/// The notes of one run.
pub(super) struct Journal {
    pub id: String,
    pub began: Timestamp,
    pub log: Log,
    registry: RegistryHost,
    robot: RobotName,
    ledger: Ledger,
}

impl Journal {
    /// The journal of the run with this id; nothing is written yet.
    pub fn new(id: String, registry: RegistryHost, robot: RobotName, ledger: Ledger) -> Self {
        Self {
            id,
            began: Timestamp::now(),
            log: Log::default(),
            registry,
            robot,
            ledger,
        }
    }

    /// Writes a line into the ledger.
    pub async fn note(&self, event: Event) -> Result<(), Failure> {
        let entry = Entry {
            at: Timestamp::now(),
            rotation: self.id.clone(),
            registry: self.registry.clone(),
            robot: self.robot.clone(),
            event,
        };
        self.ledger.append(&entry).await
    }

    /// Something was checked.
    pub fn state(&mut self, claim: impl Into<String>, holds: bool, seen: impl Into<String>) {
        self.log.state(claim, holds, seen);
    }

    /// The robot has this token now, and no other.
    pub fn renewed(&mut self, token: &Fingerprint) {
        self.log.accepted(self.robot.as_str(), token, true);
        self.log.dead(self.robot.as_str(), Some(token));
    }

    /// Keeps every write that its API server confirmed.
    pub fn switched<'o>(&mut self, outcomes: impl Iterator<Item = &'o Outcome>, swap: &Swap) {
        for outcome in outcomes {
            if let Some(at) = outcome.written_at
                && outcome.result == Verb::Updated
            {
                self.log.switches.push(Switch {
                    context: outcome.place.context.clone(),
                    namespace: outcome.place.namespace.clone(),
                    secret: outcome.place.name.clone(),
                    key: outcome.place.key.clone(),
                    at,
                    account: swap.to.username.clone(),
                    fingerprint: outcome.after.clone(),
                });
            }
        }
    }
}

/// The id of a new rotation: its time, and something random.
pub(super) fn new_id() -> String {
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!("{now}-{}", random_id())
}
