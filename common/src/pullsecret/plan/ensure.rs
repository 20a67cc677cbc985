//! The robot's credential is brought into a namespace, whatever is there.

use super::super::secret::PullSecret;
use super::super::wanted::{Known, Wanted};
use super::repair::{finish, leave_to_nodes, plan_secret, problem, unreadable};
use super::{Consent, Ensure, EntryPlan, NamespacePlan, Problem, SecretPlan, Verdict, Write};
use crate::dockerconfig::{Document, EntryError, Format};
use crate::names::RobotName;
use std::collections::BTreeSet;

/// Brings the robot's credential into a namespace: refreshes it wherever it is,
/// otherwise adds it to the secret of the chosen name, which is created if missing.
pub fn plan_namespace(
    namespace: &str,
    secrets: &[PullSecret],
    ensure: &Ensure,
    wanted: &Wanted,
    consent: Consent,
) -> NamespacePlan {
    let named = secrets
        .iter()
        .find(|secret| secret.name == ensure.secret_name);
    let mut plans: Vec<SecretPlan> = secrets
        .iter()
        .filter(|secret| holds_robot(secret, wanted))
        .filter_map(|secret| plan_secret(secret, wanted, consent))
        .collect();
    if plans.is_empty() {
        plans.push(match named {
            Some(secret) => plan_target(secret, ensure, wanted, consent),
            None => leave_to_nodes(plan_new(namespace, ensure)),
        });
    }
    let usable = |plan: &&SecretPlan| plan.refusal.is_none() && !plan.has_problem();
    let attached = plans
        .iter()
        .filter(usable)
        .find(|plan| plan.name == ensure.secret_name)
        .or_else(|| plans.iter().find(usable))
        .map(|plan| plan.name.clone());
    NamespacePlan {
        namespace: namespace.to_owned(),
        create_namespace: false,
        attach: attached.map(|secret| (secret, ensure.service_accounts.clone())),
        secrets: plans,
    }
}

/// What to do with a secret that shall hold the robot, whatever it holds now.
pub(in crate::pullsecret) fn plan_target(
    secret: &PullSecret,
    ensure: &Ensure,
    wanted: &Wanted,
    consent: Consent,
) -> SecretPlan {
    let document = match &secret.document {
        Ok(document) => document,
        Err(error) => return unreadable(secret, error.to_string()),
    };
    if holds_robot(secret, wanted)
        && let Some(plan) = plan_secret(secret, wanted, consent)
    {
        return plan;
    }
    let held = document
        .entries()
        .find(|(key, _)| *key == ensure.key)
        .map(|(_, read)| read);
    let (verdict, before) = match held {
        None | Some(Err(EntryError::Empty)) => (Verdict::Missing, None),
        Some(Ok(other)) if consent.replace_account => (
            Verdict::Replaced(other.username.clone()),
            Some(other.fingerprint()),
        ),
        Some(Err(_)) if consent.replace_account => {
            (Verdict::Replaced("an unreadable entry".to_owned()), None)
        }
        Some(Ok(other)) => {
            return held_by(secret, ensure, document, &format!("`{}`", other.username));
        }
        Some(Err(_)) => return held_by(secret, ensure, document, "an entry that cannot be read"),
    };
    let mut edited = document.clone();
    edited.set(&ensure.key, &ensure.credential);
    let entry = EntryPlan {
        key: ensure.key.clone(),
        account: ensure.robot.to_string(),
        verdict,
        before,
        after: Some(ensure.credential.fingerprint()),
    };
    let bridged = ensure.bridged(&secret.bridged);
    leave_to_nodes(finish(secret, vec![entry], edited, bridged, consent))
}

/// The key is somebody else's, and the user did not ask for it to be switched.
fn held_by(secret: &PullSecret, ensure: &Ensure, document: &Document, holder: &str) -> SecretPlan {
    let entry = problem(&ensure.key, Problem::HeldBy(holder.to_owned()));
    let unchanged = document.clone();
    finish(
        secret,
        vec![entry],
        unchanged,
        secret.bridged.clone(),
        Consent::default(),
    )
}

fn plan_new(namespace: &str, ensure: &Ensure) -> SecretPlan {
    let mut document = Document::empty(Format::DockerConfigJson);
    document.set(&ensure.key, &ensure.credential);
    SecretPlan {
        namespace: namespace.to_owned(),
        name: ensure.secret_name.clone(),
        base: None,
        entries: vec![EntryPlan {
            key: ensure.key.clone(),
            account: ensure.robot.to_string(),
            verdict: Verdict::Missing,
            before: None,
            after: Some(ensure.credential.fingerprint()),
        }],
        write: Write::Create(document),
        bridged: Some(ensure.bridged(&BTreeSet::new())),
        refusal: None,
    }
}

impl Ensure {
    /// The robots whose bridges a secret holds once this credential is in it.
    fn bridged(&self, before: &BTreeSet<RobotName>) -> BTreeSet<RobotName> {
        let mut bridged = before.clone();
        if self.credential.username != self.robot.as_str() {
            bridged.insert(self.robot.clone());
        }
        bridged
    }
}

fn holds_robot(secret: &PullSecret, wanted: &Wanted) -> bool {
    secret.document.as_ref().is_ok_and(|document| {
        document.entries().any(|(key, read)| {
            read.is_ok_and(|found| {
                let known = wanted.known(key, &found.username);
                matches!(known, Known::Robot(..) | Known::Bridge(..))
            })
        })
    })
}
