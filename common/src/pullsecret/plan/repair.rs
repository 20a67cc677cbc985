//! Every robot's entry is brought to its current token, in the secrets that are there.

use super::super::current_tokens::{CurrentTokens, RobotAnswer, RobotToken};
use super::super::secret::PullSecret;
use super::super::trust::Trust;
use super::last_applied::keeps_replaced;
use super::{Consent, EntryPlan, Force, Problem, Refusal, SecretPlan, Verdict, WriteAction};
use crate::dockerconfig::{Credential, Document, EntryError};
use crate::fingerprint::{Fingerprint, is_jwt};
use crate::hint;
use crate::names::RobotName;
use crate::node_secrets::{is_derived, is_global};
use std::collections::BTreeSet;

/// Repairs one secret: every entry of a robot we know, whose claim is proven or adopted, is
/// brought to its current token. `None` if nothing in it concerns us, and for what OpenShift copies by itself.
pub fn plan_secret(
    secret: &PullSecret,
    wanted: &CurrentTokens,
    trust: &Trust,
    consent: Consent,
) -> Option<SecretPlan> {
    if is_derived(&secret.namespace, &secret.name) {
        return None;
    }
    let document = match &secret.document {
        Ok(document) => document,
        Err(error) => return Some(unreadable(secret, error.to_string())),
    };
    let mut edited = document.clone();
    let mut entries = Vec::new();
    let mut bridged = secret.bridged.clone();
    for (key, read) in document.entries() {
        match read {
            Ok(found) => {
                let entry = Entry {
                    secret,
                    document,
                    key,
                    found: &found,
                };
                let Some((entry, becomes)) = entry.judge(wanted, trust) else {
                    continue;
                };
                if let Some(credential) = becomes {
                    edited.set(key, &credential.credential);
                    credential.note(&mut bridged);
                }
                entries.push(EntryPlan {
                    unused: wanted.unused(key),
                    ..entry
                });
            }
            Err(EntryError::Empty) => {}
            Err(error) if wanted.registry_of(key).is_some() => {
                entries.push(problem(key, Problem::Unreadable(error.to_string())));
            }
            Err(_) => {}
        }
    }
    (!entries.is_empty()).then(|| leave_to_nodes(finish(secret, entries, edited, bridged, consent)))
}

/// What an entry shall hold instead of what it holds.
struct Replacement {
    credential: Credential,
    robot: RobotName,
}

impl Replacement {
    /// A bridge is noted on the secret it is written into, and only there.
    fn note(&self, bridged: &mut BTreeSet<RobotName>) {
        match self.credential.username == self.robot.as_str() {
            true => bridged.remove(&self.robot),
            false => bridged.insert(self.robot.clone()),
        };
    }
}

/// One entry as it stands in its secret.
struct Entry<'a> {
    secret: &'a PullSecret,
    document: &'a Document,
    key: &'a str,
    found: &'a Credential,
}

impl Entry<'_> {
    /// What is true of it, and what it shall hold instead if it is not right.
    fn judge(
        &self,
        wanted: &CurrentTokens,
        trust: &Trust,
    ) -> Option<(EntryPlan, Option<Replacement>)> {
        let (key, document) = (self.key, self.document);
        let left = |verdict| Some((self.plan(verdict, None), None));
        let (robot, token, bridge) = match wanted.known(key, &self.found.username) {
            RobotAnswer::NotAsked => return None,
            RobotAnswer::NoLogin => return left(Verdict::Unknown),
            RobotAnswer::Unclear(owner) => return left(Verdict::Problem(Problem::Unclear(owner))),
            RobotAnswer::Robot(robot, token) => (robot, token, None),
            RobotAnswer::Bridge(bridge, token) => (&bridge.robot, token, Some(bridge)),
        };
        let token = match token {
            RobotToken::Current(token) => token,
            RobotToken::NoSuchRobot => {
                return left(Verdict::Problem(Problem::NoSuchRobot(robot.clone())));
            }
            RobotToken::Unreadable(reason) => {
                return left(Verdict::Problem(Problem::TokenUnknown(reason.clone())));
            }
        };
        let own = Credential::new(robot.as_str(), token.clone());
        let standing = wanted.standing_bridge(key, robot);
        if let Some(credential) = standing.as_ref().filter(|_| bridge.is_some())
            && document.holds(key, credential)
        {
            let after = Some(credential.fingerprint());
            return Some((self.plan(Verdict::Bridged(robot.clone()), after), None));
        }
        if bridge.is_none() && document.holds(key, &own) {
            let mut current = self.plan(Verdict::Current, None);
            current.after.clone_from(&current.before);
            return Some((current, None));
        }
        if is_jwt(&self.found.password) {
            return left(Verdict::Keyless);
        }
        if !self.is_proven(robot, wanted, trust) {
            return left(Verdict::Unproven(robot.clone()));
        }
        // While a bridge stands, the robot's own token is about to die or was just born.
        let credential = standing.unwrap_or(own);
        let after = Some(credential.fingerprint());
        let mut stale = self.plan(Verdict::Stale, after);
        if bridge.is_some() {
            // A bridge that is gone is not what the secret holds then.
            stale.account.clone_from(&credential.username);
        }
        let becomes = Replacement {
            credential,
            robot: robot.clone(),
        };
        Some((stale, Some(becomes)))
    }

    fn plan(&self, verdict: Verdict, after: Option<Fingerprint>) -> EntryPlan {
        EntryPlan {
            key: self.key.to_owned(),
            account: self.found.username.clone(),
            verdict,
            before: Some(self.found.fingerprint()),
            after,
            unused: None,
        }
    }

    /// Whether it may be given what the robot's pulls are to go by now.
    fn is_proven(&self, robot: &RobotName, wanted: &CurrentTokens, trust: &Trust) -> bool {
        let Some(registry) = wanted.registry_of(self.key) else {
            return false;
        };
        let robot = (&registry.registry, robot);
        wanted.holder(self.key, self.found) == Some(robot)
            || trust.covers(self.secret, self.key, robot, &self.found.password)
    }
}

/// The plan that brings the secret from what it is to `edited`.
pub(super) fn finish(
    secret: &PullSecret,
    entries: Vec<EntryPlan>,
    edited: Document,
    bridged: BTreeSet<RobotName>,
    consent: Consent,
) -> SecretPlan {
    let changed = secret
        .document
        .as_ref()
        .is_ok_and(|document| *document != edited);
    let refusal = match changed {
        true => twice(secret, &entries).or_else(|| refusal(secret, consent)),
        false => None,
    };
    let write = match (changed && refusal.is_none(), secret.immutable) {
        (false, _) => WriteAction::Nothing,
        (true, true) => WriteAction::Recreate(edited),
        (true, false) => WriteAction::Update {
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
        bridged: (bridged != secret.bridged).then_some(bridged),
        refusal,
    }
}

/// A key that stands there twice: nobody knows which of the two counts, and for whom.
fn twice(secret: &PullSecret, entries: &[EntryPlan]) -> Option<Refusal> {
    let document = secret.document.as_ref().ok()?;
    let entry = entries
        .iter()
        .find(|entry| document.times(&entry.key) > 1)?;
    Some(Refusal {
        reason: format!("the key {} appears twice in the secret", entry.key),
        remedy: Some("remove one of the two entries".into()),
        force: None,
    })
}

fn refusal(secret: &PullSecret, consent: Consent) -> Option<Refusal> {
    if consent.force {
        return None;
    }
    if let Some(owner) = &secret.owner {
        return Some(Refusal::of_owner(owner));
    }
    secret.immutable.then(|| Refusal {
        reason: "the secret is immutable".to_owned(),
        remedy: None,
        force: Some(Force::Replaces),
    })
}

/// Writes nothing into what the nodes of a cluster pull with: that takes a backup, the look
/// at the machines and the rest of `oc quay-global`, and no `--force` stands for them.
pub(super) fn leave_to_nodes(mut plan: SecretPlan) -> SecretPlan {
    let Some(reason) = nodes_reason(&plan.namespace, &plan.name) else {
        return plan;
    };
    if plan.writes() {
        plan.write = WriteAction::Nothing;
        plan.bridged = None;
        plan.refusal = Some(Refusal {
            reason: reason.to_owned(),
            remedy: Some(hint::global("update").into()),
            force: None,
        });
    }
    plan
}

/// Why a secret is left to `oc quay-global`, if it is.
pub fn nodes_reason(namespace: &str, name: &str) -> Option<&'static str> {
    if is_global(namespace, name) {
        return Some("every node pulls with this secret");
    }
    is_derived(namespace, name).then_some(
        "OpenShift copies this secret from the global pull \
                                           secret",
    )
}

/// The plan for a secret whose content is no credential document.
pub(super) fn unreadable(secret: &PullSecret, reason: String) -> SecretPlan {
    SecretPlan {
        namespace: secret.namespace.clone(),
        name: secret.name.clone(),
        base: Some(secret.clone()),
        entries: vec![problem("", Problem::Unreadable(reason))],
        write: WriteAction::Nothing,
        bridged: None,
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
        unused: None,
    }
}
