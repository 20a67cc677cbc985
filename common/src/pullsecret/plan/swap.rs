//! A rotation's writes: every entry of one of some robots is brought to one credential.

use super::super::secret::PullSecret;
use super::repair::finish;
use super::{Consent, EntryPlan, Refusal, SecretPlan, Verdict, WriteAction};
use crate::dockerconfig::{Credential, belongs_to};
use crate::names::{RegistryHost, RobotName};
use secrecy::SecretString;

/// Where the pulls of some robots are to go.
#[derive(Debug, Clone)]
pub struct Swap {
    /// Every host the registry's `auths` keys may have.
    pub hosts: Vec<RegistryHost>,
    /// The robots whose entries are concerned, whatever token they hold.
    pub from: Vec<RobotName>,
    /// What those entries shall hold.
    pub to: Credential,
    /// Tokens that die, or are dead: no secret may keep one where it is not replaced.
    pub dying: Vec<SecretString>,
    /// The robot that `to` stands in for, where it is a bridge's credential.
    pub stands_in_for: Option<RobotName>,
}

impl Swap {
    /// Whether the entry `key` of `username` is one of those concerned.
    pub fn concerns(&self, key: &str, username: &str) -> bool {
        belongs_to(key, &self.hosts) && self.from.iter().any(|robot| robot.as_str() == username)
    }
}

/// Plans one secret; `None` if it holds none of the robots, and none of the tokens that die.
/// One that keeps such a token where it cannot be replaced is refused: whoever pulls with it in
/// a way that nobody knows would be cut off.
pub fn plan_swap(secret: &PullSecret, swap: &Swap) -> Option<SecretPlan> {
    let hides = |secret: &PullSecret| secret.hides_any(&swap.dying, &swap.hosts);
    let Ok(document) = &secret.document else {
        return hides(secret).then(|| hidden(secret, swap));
    };
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
    let after = PullSecret {
        document: Ok(edited.clone()),
        ..secret.clone()
    };
    if hides(&after) {
        return Some(hidden(secret, swap));
    }
    if entries.is_empty() {
        return None;
    }
    let plan = finish(secret, entries, edited, bridged, Consent::default());
    Some(SecretPlan {
        refusal: plan.refusal.map(Refusal::without_force),
        ..plan
    })
}

/// The plan for a secret that would keep a token that dies.
fn hidden(secret: &PullSecret, swap: &Swap) -> SecretPlan {
    let robot = swap
        .from
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    let refusal = Refusal {
        reason: format!("it holds a token of {robot} where no kubelet looks for it"),
        remedy: Some("remove that token, or write it as an entry of the registry".into()),
        force: None,
    };
    SecretPlan {
        namespace: secret.namespace.clone(),
        name: secret.name.clone(),
        base: Some(secret.clone()),
        entries: vec![EntryPlan {
            key: String::new(),
            account: robot,
            verdict: Verdict::Stale,
            before: None,
            after: None,
        }],
        write: WriteAction::Nothing,
        bridged: None,
        refusal: Some(refusal),
    }
}
