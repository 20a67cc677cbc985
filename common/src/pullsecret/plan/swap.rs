//! A rotation's writes: every entry of one of some robots is brought to one credential.

use super::super::secret::PullSecret;
use super::super::token_search::hides_any;
use super::super::trust::Claim;
use super::repair::finish;
use super::{Consent, EntryPlan, Refusal, SecretPlan, Verdict, WriteAction};
use crate::dockerconfig::{Credential, belongs_to};
use crate::names::{RegistryHost, RobotName};
use secrecy::{ExposeSecret, SecretString};

/// Where the pulls of some robots are to go.
#[derive(Debug, Clone)]
pub struct Swap {
    /// Every host the registry's `auths` keys may have.
    pub hosts: Vec<RegistryHost>,
    /// Whose entries are concerned. All of their tokens but the new one die, or are dead: no
    /// secret may keep one where it is not replaced.
    pub claim: Claim,
    /// What those entries shall hold.
    pub to: Credential,
    /// The robot that `to` stands in for, where it is a bridge's credential.
    pub stands_in_for: Option<RobotName>,
}

impl Swap {
    /// Whether what the secret holds under `key` is one of the entries concerned.
    pub fn concerns(&self, secret: &PullSecret, key: &str, found: &Credential) -> bool {
        belongs_to(key, &self.hosts) && self.claim.is_proven(secret, key, found)
    }

    /// The tokens that no secret may keep.
    fn dying(&self) -> impl Iterator<Item = &SecretString> {
        let new = self.to.password.expose_secret();
        let tokens = self.claim.tokens.iter();
        tokens.filter(move |token| token.expose_secret() != new)
    }
}

/// Plans one secret; `None` if it holds none of the robots, and none of the tokens that die.
/// One that keeps such a token where it cannot be replaced is refused: whoever pulls with it in
/// a way that nobody knows would be cut off.
pub fn plan_swap(secret: &PullSecret, swap: &Swap) -> Option<SecretPlan> {
    let Ok(document) = &secret.document else {
        let hides = secret.hides_any(swap.dying(), &swap.hosts);
        return hides.then(|| hidden(secret, swap));
    };
    let mut edited = document.clone();
    let mut entries = Vec::new();
    for (key, read) in document.entries() {
        let Ok(found) = read else { continue };
        if !swap.concerns(secret, key, &found) {
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
            unused: None,
        });
    }
    let mut bridged = secret.bridged.clone();
    match &swap.stands_in_for {
        Some(robot) => {
            bridged.insert(robot.clone());
        }
        None => bridged.retain(|robot| robot.as_str() != swap.to.username),
    }
    if hides_any(&edited, swap.dying(), &swap.hosts) {
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
    let robot = swap.claim.robot.1.to_string();
    let refusal = Refusal {
        reason: format!(
            "the secret holds a token of {robot} outside of the entries that a \
                         kubelet reads"
        ),
        remedy: Some(
            "remove that token from the secret, or put it into an entry for the registry".into(),
        ),
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
            unused: None,
        }],
        write: WriteAction::Nothing,
        bridged: None,
        refusal: Some(refusal),
    }
}
