//! A rotation's writes: every entry of one of some robots is brought to one credential.

use super::super::secret::PullSecret;
use super::repair::finish;
use super::{Consent, EntryPlan, Refusal, SecretPlan, Verdict};
use crate::dockerconfig::{Credential, belongs_to};
use crate::names::{RegistryHost, RobotName};

/// Where the pulls of some robots are to go.
#[derive(Debug, Clone)]
pub struct Swap {
    /// Every host the registry's `auths` keys may have.
    pub hosts: Vec<RegistryHost>,
    /// The robots whose entries are concerned, whatever token they hold.
    pub from: Vec<RobotName>,
    /// What those entries shall hold.
    pub to: Credential,
    /// The robot that `to` stands in for, where it is a bridge's credential.
    pub stands_in_for: Option<RobotName>,
}

impl Swap {
    /// Whether the entry `key` of `username` is one of those concerned.
    pub fn concerns(&self, key: &str, username: &str) -> bool {
        belongs_to(key, &self.hosts) && self.from.iter().any(|robot| robot.as_str() == username)
    }
}

/// Plans one secret; `None` if it holds none of the robots. Secrets that cannot be read
/// hold nothing that anybody could pull with.
pub fn plan_swap(secret: &PullSecret, swap: &Swap) -> Option<SecretPlan> {
    let document = secret.document.as_ref().ok()?;
    let mut edited = document.clone();
    let mut entries = Vec::new();
    for (key, read) in document.entries() {
        let Ok(found) = read else { continue };
        if !swap.concerns(key, &found.username) {
            continue;
        }
        let verdict = if document.holds(key, &swap.to) {
            Verdict::Current
        } else {
            edited.set(key, &swap.to);
            Verdict::Stale
        };
        entries.push(EntryPlan {
            key: key.to_owned(),
            account: found.username.clone(),
            verdict,
            before: Some(found.fingerprint()),
            after: Some(swap.to.fingerprint()),
        });
    }
    let mut bridged = secret.bridged.clone();
    match &swap.stands_in_for {
        Some(robot) => {
            bridged.insert(robot.clone());
        }
        None => bridged.retain(|robot| robot.as_str() != swap.to.username),
    }
    (!entries.is_empty()).then(|| {
        let plan = finish(secret, entries, edited, bridged, Consent::default());
        SecretPlan {
            refusal: plan.refusal.map(Refusal::without_force),
            ..plan
        }
    })
}
