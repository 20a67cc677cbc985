//! The robot's credential is brought into a namespace, whatever is there.

use super::super::current_tokens::{CurrentTokens, RobotAnswer};
use super::super::secret::PullSecret;
use super::super::trust::Trust;
use super::super::unusable::Unusable;
use super::repair::{finish, leave_to_nodes, plan_secret, problem, unreadable};
use super::{
    Consent, EntryPlan, NamespacePlan, PlacedCredential, Problem, SecretPlan, Verdict, WriteAction,
};
use crate::dockerconfig::{Document, EntryError, is_served};
use crate::kubelet::{Fault, Format};
use crate::names::RobotName;
use std::collections::BTreeSet;

/// Brings the robot's credential into a namespace: refreshes it wherever it is,
/// otherwise adds it to the secret of the chosen name, which is created if missing.
pub fn plan_namespace(
    namespace: &str,
    secrets: &[PullSecret],
    placed: &PlacedCredential,
    wanted: &CurrentTokens,
    trust: &Trust,
    consent: Consent,
) -> NamespacePlan {
    let named = secrets
        .iter()
        .find(|secret| secret.name == placed.secret_name);
    let mut plans: Vec<SecretPlan> = secrets
        .iter()
        .filter(|secret| holds_robot(secret, wanted))
        .filter_map(|secret| plan_secret(secret, wanted, trust, consent))
        .map(tell_fault)
        .collect();
    let serves = |plan: &SecretPlan| plan.fault().is_none() && placed.is_served_by(plan, wanted);
    if !plans.iter().any(serves) {
        plans.retain(|plan| plan.name != placed.secret_name);
        plans.push(match named {
            Some(secret) => plan_target(secret, placed, wanted, trust, consent),
            None => leave_to_nodes(plan_new(namespace, placed)),
        });
    }
    let usable = |plan: &&SecretPlan| plan.refusal.is_none() && !plan.has_problem() && serves(plan);
    let attached = plans
        .iter()
        .filter(usable)
        .find(|plan| plan.name == placed.secret_name)
        .or_else(|| plans.iter().find(usable))
        .map(|plan| plan.name.clone());
    NamespacePlan {
        namespace: namespace.to_owned(),
        create_namespace: false,
        attach: attached.map(|secret| (secret, placed.service_accounts.clone())),
        secrets: plans,
    }
}

/// What to do with a secret that shall hold the robot, whatever it holds now.
pub(in crate::pullsecret) fn plan_target(
    secret: &PullSecret,
    placed: &PlacedCredential,
    wanted: &CurrentTokens,
    trust: &Trust,
    consent: Consent,
) -> SecretPlan {
    match Unusable::of_target(secret) {
        Some(why) => SecretPlan {
            name: secret.name.clone(),
            base: Some(secret.clone()),
            ..plan_new(&secret.namespace, placed).unusable(&why)
        },
        None => tell_fault(plan_entry(secret, placed, wanted, trust, consent)),
    }
}

/// A broken entry, also one of another registry, and the kubelet refuses every pod that names
/// the secret: then it is handed to nobody.
fn tell_fault(mut plan: SecretPlan) -> SecretPlan {
    let Some(fault) = plan.fault() else {
        return plan;
    };
    let key = match &fault {
        Fault::Entry(key, _) => key.as_str(),
        Fault::Content(_) => "",
    };
    let is_told =
        |entry: &EntryPlan| entry.key == key && matches!(entry.verdict, Verdict::Problem(_));
    if !plan.entries.iter().any(is_told) {
        let broken = Problem::Unusable(Unusable::Broken(fault.to_string()));
        plan.entries.push(problem(key, broken));
    }
    plan
}

fn plan_entry(
    secret: &PullSecret,
    placed: &PlacedCredential,
    wanted: &CurrentTokens,
    trust: &Trust,
    consent: Consent,
) -> SecretPlan {
    let document = match &secret.document {
        Ok(document) => document,
        Err(error) => return unreadable(secret, error.to_string()),
    };
    let held_already = holds_robot(secret, wanted)
        .then(|| plan_secret(secret, wanted, trust, consent))
        .flatten();
    let (mut edited, mut entries) = match held_already {
        Some(plan) if placed.is_served_by(&plan, wanted) => return plan,
        Some(plan) => (
            plan.write.document().unwrap_or(document).clone(),
            plan.entries,
        ),
        None => (document.clone(), Vec::new()),
    };
    let held = document
        .entries()
        .find(|(key, _)| *key == placed.key)
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
            return held_by(secret, placed, document, &format!("`{}`", other.username));
        }
        Some(Err(_)) => return held_by(secret, placed, document, "an unreadable entry"),
    };
    edited.set(&placed.key, &placed.credential);
    entries.push(EntryPlan {
        key: placed.key.clone(),
        account: placed.robot.to_string(),
        verdict,
        before,
        after: Some(placed.credential.fingerprint()),
        unused: None,
    });
    let bridged = placed.bridged(&secret.bridged);
    leave_to_nodes(finish(secret, entries, edited, bridged, consent))
}

/// The key is somebody else's, and the user did not ask for it to be switched.
fn held_by(
    secret: &PullSecret,
    placed: &PlacedCredential,
    document: &Document,
    holder: &str,
) -> SecretPlan {
    let entry = problem(&placed.key, Problem::HeldBy(holder.to_owned()));
    let unchanged = document.clone();
    finish(
        secret,
        vec![entry],
        unchanged,
        secret.bridged.clone(),
        Consent::default(),
    )
}

fn plan_new(namespace: &str, placed: &PlacedCredential) -> SecretPlan {
    let mut document = Document::empty(Format::DockerConfigJson);
    document.set(&placed.key, &placed.credential);
    SecretPlan {
        namespace: namespace.to_owned(),
        name: placed.secret_name.clone(),
        base: None,
        entries: vec![EntryPlan {
            key: placed.key.clone(),
            account: placed.robot.to_string(),
            verdict: Verdict::Missing,
            before: None,
            after: Some(placed.credential.fingerprint()),
            unused: None,
        }],
        write: WriteAction::Create(document),
        bridged: Some(placed.bridged(&BTreeSet::new())),
        refusal: None,
    }
}

impl PlacedCredential {
    /// Whether a kubelet finds the robot's credential in the planned secret: under a key that
    /// it uses for the registry's images, or under the one that was asked for.
    fn is_served_by(&self, plan: &SecretPlan, wanted: &CurrentTokens) -> bool {
        plan.entries.iter().any(|entry| {
            let registry = wanted.registry_of(&entry.key);
            entry.key == self.key
                || registry.is_some_and(|registry| is_served(&entry.key, &registry.names.hosts))
        })
    }

    /// The robots whose bridges a secret holds once this credential is in it.
    fn bridged(&self, before: &BTreeSet<RobotName>) -> BTreeSet<RobotName> {
        let mut bridged = before.clone();
        if self.credential.username != self.robot.as_str() {
            bridged.insert(self.robot.clone());
        }
        bridged
    }
}

fn holds_robot(secret: &PullSecret, wanted: &CurrentTokens) -> bool {
    secret.document.as_ref().is_ok_and(|document| {
        document.entries().any(|(key, read)| {
            read.is_ok_and(|found| {
                let known = wanted.known(key, &found.username);
                !matches!(known, RobotAnswer::NoLogin | RobotAnswer::NotAsked)
            })
        })
    })
}
