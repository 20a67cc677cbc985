//! Every robot's entry is brought to its current token, in the secrets that are there.

use super::last_applied::keeps_replaced;
use super::{Consent, EntryPlan, Problem, Refusal, SecretPlan, Verdict, Write};
use crate::dockerconfig::{Credential, Document, EntryError};
use crate::pullsecret::PullSecret;
use crate::pullsecret::wanted::{Known, RobotToken, Wanted};

/// Repairs one secret: every entry of a robot we know is brought to its current token.
/// `None` if nothing in it concerns us.
pub fn plan_secret(secret: &PullSecret, wanted: &Wanted, consent: Consent) -> Option<SecretPlan> {
    let document = match &secret.document {
        Ok(document) => document,
        Err(error) => return Some(unreadable(secret, error.to_string())),
    };
    let mut edited = document.clone();
    let mut entries = Vec::new();
    for (key, read) in document.entries() {
        match read {
            Ok(found) => entries.extend(judge(key, &found, document, &mut edited, wanted)),
            Err(EntryError::Empty) => {}
            Err(error) if wanted.registry_of(key).is_some() => {
                entries.push(problem(key, Problem::Unreadable(error.to_string())));
            }
            Err(_) => {}
        }
    }
    (!entries.is_empty()).then(|| finish(secret, entries, edited, consent))
}

fn judge(
    key: &str,
    found: &Credential,
    document: &Document,
    edited: &mut Document,
    wanted: &Wanted,
) -> Option<EntryPlan> {
    let plan = |verdict, after| EntryPlan {
        key: key.to_owned(),
        account: found.username.clone(),
        verdict,
        before: Some(found.fingerprint()),
        after,
    };
    match wanted.known(key, &found.username) {
        Known::NotAsked => None,
        Known::NoLogin => Some(plan(Verdict::Unknown, None)),
        Known::Robot(robot, RobotToken::NoSuchRobot) => Some(plan(
            Verdict::Problem(Problem::NoSuchRobot(robot.clone())),
            None,
        )),
        Known::Robot(_, RobotToken::Unreadable(reason)) => Some(plan(
            Verdict::Problem(Problem::TokenUnknown(reason.clone())),
            None,
        )),
        Known::Robot(robot, RobotToken::Current(token)) => {
            let current = Credential::new(robot.as_str(), token.clone());
            let after = Some(current.fingerprint());
            if document.holds(key, &current) {
                return Some(plan(Verdict::Current, after));
            }
            edited.set(key, &current);
            Some(plan(Verdict::Stale, after))
        }
    }
}

/// The plan that brings the secret from what it is to `edited`.
pub(super) fn finish(
    secret: &PullSecret,
    entries: Vec<EntryPlan>,
    edited: Document,
    consent: Consent,
) -> SecretPlan {
    let changed = secret
        .document
        .as_ref()
        .is_ok_and(|document| *document != edited);
    let refusal = if changed {
        refusal(secret, consent)
    } else {
        None
    };
    let write = match (changed && refusal.is_none(), secret.immutable) {
        (false, _) => Write::Nothing,
        (true, true) => Write::Recreate(edited),
        (true, false) => Write::Update {
            clean_last_applied: secret
                .last_applied
                .as_ref()
                .is_some_and(|manifest| keeps_replaced(manifest, secret.format, &edited, &entries)),
            document: edited,
        },
    };
    SecretPlan {
        namespace: secret.namespace.clone(),
        name: secret.name.clone(),
        base: Some(secret.clone()),
        entries,
        write,
        refusal,
    }
}

fn refusal(secret: &PullSecret, consent: Consent) -> Option<Refusal> {
    if consent.force {
        return None;
    }
    if let Some(owner) = &secret.owner {
        return Some(Refusal {
            reason: format!("{} writes it", owner.tool),
            remedy: format!("change {}, or pass --force", owner.place),
        });
    }
    secret.immutable.then(|| Refusal {
        reason: "it is immutable".to_owned(),
        remedy: "pass --force to put a new secret in its place".to_owned(),
    })
}

/// The plan for a secret whose content is no credential document.
pub(super) fn unreadable(secret: &PullSecret, reason: String) -> SecretPlan {
    SecretPlan {
        namespace: secret.namespace.clone(),
        name: secret.name.clone(),
        base: Some(secret.clone()),
        entries: vec![problem("", Problem::Unreadable(reason))],
        write: Write::Nothing,
        refusal: None,
    }
}

/// An entry that stays as it is.
pub(super) fn problem(key: &str, problem: Problem) -> EntryPlan {
    EntryPlan {
        key: key.to_owned(),
        account: String::new(),
        verdict: Verdict::Problem(problem),
        before: None,
        after: None,
    }
}
