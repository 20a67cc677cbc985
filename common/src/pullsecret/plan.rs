//! What is to be done with each secret, and why. No I/O: observed in, plan out.

use super::secret::PullSecret;
use super::wanted::{Known, RobotToken, Wanted};
use crate::credentials::Fingerprint;
use crate::dockerconfig::{Credential, Document, Format};
use crate::quay::RobotName;
use secrecy::{ExposeSecret, SecretString};

/// What the user allowed beyond the careful default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent {
    /// Write secrets that are immutable or belong to another tool.
    pub force: bool,
    /// Replace the account that holds the key.
    pub replace_account: bool,
}

/// A robot's credential that every chosen namespace shall have.
#[derive(Debug, Clone)]
pub struct Ensure {
    /// The robot.
    pub robot: RobotName,
    /// Its current credential.
    pub credential: Credential,
    /// The `auths` key to write where the robot is in no secret yet.
    pub key: String,
    /// The secret to create where the robot is in no secret yet.
    pub secret_name: String,
    /// Service accounts that shall hand the secret to their pods.
    pub service_accounts: Vec<String>,
}

/// What is true of one entry, and so what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds the robot's current token.
    Current,
    /// It holds another token: it is replaced.
    Stale,
    /// There is no entry yet: it is added.
    Missing,
    /// The key holds another account (or nothing readable), and the user wants it replaced.
    Replaced(String),
    /// Its registry has no login here, so nothing is known.
    Unknown,
    /// The entry cannot be left like this, and cannot be repaired by us.
    Problem(String),
}

/// One entry's part of a plan.
#[derive(Debug, Clone)]
pub struct EntryPlan {
    /// The key below `auths`; empty if the whole secret is meant.
    pub key: String,
    /// The account: a robot, or whoever holds the key.
    pub account: String,
    /// What is true of it.
    pub verdict: Verdict,
    /// The password it holds now.
    pub before: Option<Fingerprint>,
    /// The password it will hold.
    pub after: Option<Fingerprint>,
}

/// How the secret is written.
#[derive(Debug, Clone)]
pub enum Write {
    /// Not at all.
    Nothing,
    /// A new secret with this content.
    Create(Document),
    /// In place: this content, and maybe without the last-applied annotation.
    Update {
        /// The whole new content.
        document: Document,
        /// Remove the annotation, because it still holds a replaced credential.
        clean_last_applied: bool,
    },
    /// A new secret in the place of an immutable one.
    Recreate(Document),
}

/// Why a stale secret is left alone, and where to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: String,
    /// What to do instead.
    pub remedy: String,
}

/// One secret's part of a plan.
#[derive(Debug, Clone)]
pub struct SecretPlan {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What the plan was made from; `None` for a secret that does not exist.
    pub base: Option<PullSecret>,
    /// Every entry that concerns us.
    pub entries: Vec<EntryPlan>,
    /// What is written.
    pub write: Write,
    /// Set if it should be written and is not.
    pub refusal: Option<Refusal>,
}

/// One namespace's part of a plan, carried out from top to bottom.
#[derive(Debug, Clone)]
pub struct NamespacePlan {
    /// The namespace.
    pub namespace: String,
    /// Create it first.
    pub create_namespace: bool,
    /// Its secrets.
    pub secrets: Vec<SecretPlan>,
    /// The secret to attach, and the service accounts to attach it to.
    pub attach: Option<(String, Vec<String>)>,
}

impl SecretPlan {
    /// Whether an entry is in a state that fails the target.
    pub fn has_problem(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| matches!(entry.verdict, Verdict::Problem(_)))
    }

    /// Whether anything is written.
    pub fn writes(&self) -> bool {
        !matches!(self.write, Write::Nothing)
    }
}

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
            Err(crate::dockerconfig::EntryError::Empty) => {}
            Err(error) if wanted.registry_of(key).is_some() => {
                entries.push(problem(key, String::new(), error.to_string()));
            }
            Err(_) => {}
        }
    }
    (!entries.is_empty()).then(|| finish(secret, entries, edited, consent))
}

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
            None => plan_new(namespace, ensure),
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
pub(super) fn plan_target(
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
        None | Some(Err(crate::dockerconfig::EntryError::Empty)) => (Verdict::Missing, None),
        Some(Ok(other)) if consent.replace_account => (
            Verdict::Replaced(other.username.clone()),
            Some(other.fingerprint()),
        ),
        Some(Err(_)) if consent.replace_account => {
            (Verdict::Replaced("an unreadable entry".to_owned()), None)
        }
        Some(Ok(other)) => {
            let reason = format!(
                "the key is held by `{}`; --replace-account switches it",
                other.username
            );
            return finish(
                secret,
                vec![problem(&ensure.key, other.username, reason)],
                document.clone(),
                consent,
            );
        }
        Some(Err(error)) => {
            let reason = format!("{error}; --replace-account writes the entry anew");
            return finish(
                secret,
                vec![problem(&ensure.key, String::new(), reason)],
                document.clone(),
                consent,
            );
        }
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
    finish(secret, vec![entry], edited, consent)
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
        refusal: None,
    }
}

fn holds_robot(secret: &PullSecret, wanted: &Wanted) -> bool {
    secret.document.as_ref().is_ok_and(|document| {
        document.entries().any(|(key, read)| {
            read.is_ok_and(|found| matches!(wanted.known(key, &found.username), Known::Robot(..)))
        })
    })
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
            Verdict::Problem(format!("robot `{robot}` does not exist in Quay")),
            None,
        )),
        Known::Robot(_, RobotToken::Unreadable(reason)) => {
            Some(plan(Verdict::Problem(reason.clone()), None))
        }
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

fn finish(
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

/// Whether the manifest that `kubectl apply` remembers still holds a credential that
/// is replaced now. It would stay readable, and a later apply would bring it back.
fn keeps_replaced(
    manifest: &SecretString,
    format: Format,
    edited: &Document,
    entries: &[EntryPlan],
) -> bool {
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(manifest.expose_secret()) else {
        return true;
    };
    let remembered = ["data", "stringData"].iter().find_map(|field| {
        let text = manifest.get(field)?.get(format.data_key())?.as_str()?;
        Some(if *field == "data" {
            decode(text)
        } else {
            Some(text.as_bytes().to_vec())
        })
    });
    match remembered {
        None => false,
        Some(None) => true,
        Some(Some(content)) => match Document::parse(format, &content) {
            Err(_) => true,
            Ok(old) => old.entries().any(|(key, read)| {
                entries.iter().any(|entry| entry.key == key)
                    && read.map_or(true, |credential| !edited.holds(key, &credential))
            }),
        },
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

fn unreadable(secret: &PullSecret, reason: String) -> SecretPlan {
    SecretPlan {
        namespace: secret.namespace.clone(),
        name: secret.name.clone(),
        base: Some(secret.clone()),
        entries: vec![problem("", String::new(), reason)],
        write: Write::Nothing,
        refusal: None,
    }
}

fn problem(key: &str, account: String, reason: String) -> EntryPlan {
    EntryPlan {
        key: key.to_owned(),
        account,
        verdict: Verdict::Problem(reason),
        before: None,
        after: None,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
