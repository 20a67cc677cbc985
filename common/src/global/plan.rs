//! What is to be written into the global pull secret, and why. No I/O.

use super::guard::{Guarded, check_entry, red_hat_entry};
use super::observed::Observed;
use super::topology::Topology;
use crate::credentials::Fingerprint;
use crate::dockerconfig::{Credential, Document, Format, belongs_to};
use crate::pullsecret::{RobotToken, Wanted};
use crate::quay::RobotName;
use crate::registry::RegistryHost;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

/// What a Secret may hold.
const LARGEST: usize = 1 << 20;

/// What shall be true afterwards.
#[derive(Debug, Clone)]
pub enum Intent {
    /// A robot's current credential is in it.
    Robot(RobotIntent),
    /// Every robot whose registry has a login is up to date, except in Red Hat's entries.
    Refresh(Wanted),
    /// An entry is gone.
    Remove(String),
    /// Red Hat's entries are these.
    RedHat(Document),
    /// It is as a backup has it.
    Restore(RestoreIntent),
    /// These entries are as a backup has them; the rest stays.
    Undo {
        /// Their keys.
        keys: Vec<String>,
        /// What the backup holds.
        document: Document,
    },
}

/// A robot's credential, and where it goes.
#[derive(Debug, Clone)]
pub struct RobotIntent {
    /// The robot.
    pub robot: RobotName,
    /// Its current credential.
    pub credential: Credential,
    /// Every host its registry's keys may have.
    pub hosts: Vec<RegistryHost>,
    /// The key to write besides those that hold the robot.
    pub key: Option<String>,
    /// The key to write where nothing holds the robot and none was named.
    pub default_key: String,
}

/// A backup to go back to.
#[derive(Debug, Clone)]
pub struct RestoreIntent {
    /// What it holds, with robots' tokens replaced that no longer work.
    pub document: Document,
    /// Also where that changes or drops an entry of Red Hat's.
    pub exact: bool,
}

/// An intent, and what the user allowed for it.
#[derive(Debug, Clone)]
pub struct Request {
    /// What shall be true afterwards.
    pub intent: Intent,
    /// The keys of guarded entries that may be written.
    pub replace: Vec<String>,
    /// Write a secret that another tool writes too.
    pub force: bool,
}

/// What happens to one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is right already.
    Unchanged,
    /// It is new.
    Added,
    /// It gets another credential of the same account.
    Updated,
    /// It gets another account's credential.
    Replaced,
    /// It is removed.
    Removed,
    /// It is left alone although it should change.
    Refused {
        /// Why.
        reason: String,
        /// What to do.
        next: Option<String>,
    },
}

/// One entry's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPlan {
    /// Its key below `auths`.
    pub key: String,
    /// Who holds it before.
    pub holder: Option<String>,
    /// Who is to hold it.
    pub account: String,
    /// What happens.
    pub step: Step,
    /// The password before.
    pub before: Option<Fingerprint>,
    /// The password after.
    pub after: Option<Fingerprint>,
}

/// The plan for one cluster.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Every entry that is concerned.
    pub entries: Vec<EntryPlan>,
    /// The whole new content, if anything is written.
    pub document: Option<Document>,
}

impl Plan {
    /// The keys that the plan changes.
    pub fn changed_keys(&self) -> Vec<String> {
        let changed = self
            .entries
            .iter()
            .filter(|entry| !matches!(entry.step, Step::Unchanged | Step::Refused { .. }));
        changed.map(|entry| entry.key.clone()).collect()
    }

    /// Whether an entry is left alone that should change.
    pub fn has_refusal(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| matches!(entry.step, Step::Refused { .. }))
    }
}

/// Why nothing can be planned at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Why.
    pub reason: String,
    /// What to do.
    pub next: String,
}

/// Plans the request from what is there.
///
/// # Errors
/// The secret as a whole is in the way: missing, unreadable, immutable, or somebody else's.
pub fn plan(observed: &Observed, request: &Request) -> Result<Plan, Obstacle> {
    let before = base(observed, request)?;
    let mut after = before.clone();
    let entries = match &request.intent {
        Intent::Robot(intent) => robot(observed, &mut after, intent, &request.replace),
        Intent::Refresh(wanted) => refresh(&mut after, wanted),
        Intent::Remove(key) => vec![remove(&mut after, key, &request.replace)?],
        Intent::RedHat(document) => copy_all(&mut after, document, document.entries()),
        Intent::Restore(intent) => restore(&mut after, intent, &request.replace),
        Intent::Undo { keys, document } => {
            let keys = keys.iter().map(|key| (key.as_str(), ()));
            copy_all(&mut after, document, keys)
        }
    };
    let size = after.to_json().expose_secret().len();
    if size > LARGEST {
        return Err(Obstacle {
            reason: format!("it would have {size} bytes, and a Secret holds {LARGEST} at most"),
            next: "remove entries nobody needs: oc quay-global remove KEY".to_owned(),
        });
    }
    let rewritten =
        matches!(&request.intent, Intent::Restore(_)) && observed.unreadable().is_some();
    let document = (after != before || rewritten).then_some(after);
    Ok(Plan { entries, document })
}

/// What the plan begins with.
fn base(observed: &Observed, request: &Request) -> Result<Document, Obstacle> {
    let hosted = observed.topology == Topology::HostedControlPlane;
    if hosted && matches!(request.intent, Intent::RedHat(_)) {
        return Err(Obstacle {
            reason: "the pull secret of a hosted control plane is written from outside the cluster"
                .to_owned(),
            next: "change spec.pullSecret of its HostedCluster, on the management cluster"
                .to_owned(),
        });
    }
    let Some(current) = &observed.current else {
        return match hosted {
            true => Ok(Document::empty(Format::DockerConfigJson)),
            false => Err(Obstacle {
                reason: format!("there is no {}", observed.name),
                next: "restore it first: download it from https://console.redhat.com/openshift/install/pull-secret"
                    .to_owned(),
            }),
        };
    };
    let secret = &current.secret;
    if secret.immutable {
        return Err(Obstacle {
            reason: "it is immutable".to_owned(),
            next: format!(
                "kubectl -n {} get secret {} -o yaml, and ask who made it so",
                secret.namespace, secret.name
            ),
        });
    }
    if let Some(owner) = secret.owner.as_ref().filter(|_| !request.force) {
        return Err(Obstacle {
            reason: format!("{} writes it", owner.tool),
            next: format!("change {}, or pass --force", owner.place),
        });
    }
    match (&secret.document, &request.intent) {
        (Ok(document), _) => Ok(document.clone()),
        (Err(_), Intent::Restore(_)) => Ok(Document::empty(Format::DockerConfigJson)),
        (Err(error), _) => Err(Obstacle {
            reason: format!("it cannot be read: {error}"),
            next: "oc quay-global backups, then oc quay-global rollback BACKUP".to_owned(),
        }),
    }
}

/// Who holds the entry `key`, and the password's fingerprint.
fn holder(document: &Document, key: &str) -> Option<(String, Option<Fingerprint>)> {
    let (_, read) = document.entries().find(|(name, _)| *name == key)?;
    Some(match read {
        Ok(credential) => {
            let fingerprint = credential.fingerprint();
            (credential.username, Some(fingerprint))
        }
        Err(error) => (format!("unreadable: {error}"), None),
    })
}

fn robot(
    observed: &Observed,
    after: &mut Document,
    intent: &RobotIntent,
    replace: &[String],
) -> Vec<EntryPlan> {
    let holding = after.entries().filter(|(key, read)| {
        belongs_to(key, &intent.hosts)
            && read
                .as_ref()
                .is_ok_and(|credential| credential.username == intent.robot.as_str())
    });
    let mut keys: Vec<String> = holding.map(|(key, _)| key.to_owned()).collect();
    let named = intent.key.clone();
    let missing = named.or_else(|| keys.is_empty().then(|| intent.default_key.clone()));
    keys.extend(
        missing
            .filter(|key| !keys.contains(key))
            .as_slice()
            .iter()
            .cloned(),
    );
    keys.iter()
        .map(|key| match refusal(observed, after, key, intent, replace) {
            Some((reason, next)) => {
                let (holder, before) = holder(after, key).unzip();
                EntryPlan {
                    key: key.clone(),
                    account: intent.robot.to_string(),
                    holder,
                    step: Step::Refused { reason, next },
                    before: before.flatten(),
                    after: None,
                }
            }
            None => set(after, key, &intent.credential),
        })
        .collect()
}

fn refusal(
    observed: &Observed,
    document: &Document,
    key: &str,
    intent: &RobotIntent,
    replace: &[String],
) -> Option<(String, Option<String>)> {
    let mut original = observed.original.iter().flat_map(Document::entries);
    if original.any(|(name, _)| name == key) {
        return Some((
            format!("the hosted cluster's own pull secret has `{key}` too, and wins"),
            Some(format!(
                "choose another key, such as --key {}/{}, or change spec.pullSecret of the HostedCluster",
                key.split('/').next().unwrap_or(key),
                intent.robot.namespace()
            )),
        ));
    }
    let guarded = check_entry(document, key, intent.robot.as_str(), replace).err()?;
    let next = match &guarded {
        Guarded::RedHat { key, .. } => format!(
            "--key {}/{} for the robot alone, or --replace-entry {key} to give up Red Hat's",
            red_hat_entry(key).map_or(key.as_str(), |entry| entry.key),
            intent.robot.namespace()
        ),
        Guarded::Held { key, .. } => format!("--replace-entry {key} to replace that account"),
    };
    Some((guarded.to_string(), Some(next)))
}

/// Writes the credential, and tells what that changes.
fn set(after: &mut Document, key: &str, credential: &Credential) -> EntryPlan {
    let (holder, before) = holder(after, key).unzip();
    let step = match &holder {
        _ if after.holds(key, credential) => Step::Unchanged,
        None => Step::Added,
        Some(account) if *account == credential.username => Step::Updated,
        Some(_) => Step::Replaced,
    };
    if step != Step::Unchanged {
        after.set(key, credential);
    }
    EntryPlan {
        key: key.to_owned(),
        holder,
        account: credential.username.clone(),
        step,
        before: before.flatten(),
        after: Some(credential.fingerprint()),
    }
}

fn refresh(after: &mut Document, wanted: &Wanted) -> Vec<EntryPlan> {
    let mut found = Vec::new();
    for (key, read) in after.entries() {
        let robot = read
            .ok()
            .and_then(|held| held.username.parse::<RobotName>().ok());
        let Some(robot) = robot.filter(|_| red_hat_entry(key).is_none()) else {
            continue;
        };
        let registry = wanted.registry_of(key);
        let token = registry.and_then(|registry| registry.robots.get(&robot));
        found.extend(token.map(|token| (key.to_owned(), robot, token.clone())));
    }
    let entries = found.into_iter().map(|(key, robot, token)| {
        let reason = match token {
            RobotToken::Current(token) => {
                return set(after, &key, &Credential::new(robot.as_str(), token));
            }
            RobotToken::NoSuchRobot => format!("robot `{robot}` does not exist in Quay"),
            RobotToken::Unreadable(reason) => reason,
        };
        let (holder, before) = holder(after, &key).unzip();
        EntryPlan {
            step: Step::Refused {
                reason,
                next: Some(format!(
                    "oc quay-global remove {key}, or create the robot again"
                )),
            },
            key,
            holder,
            account: robot.to_string(),
            before: before.flatten(),
            after: None,
        }
    });
    entries.collect()
}

fn remove(after: &mut Document, key: &str, replace: &[String]) -> Result<EntryPlan, Obstacle> {
    let Some((account, before)) = holder(after, key) else {
        let keys: Vec<&str> = after.entries().map(|(key, _)| key).collect();
        return Err(Obstacle {
            reason: format!("it has no entry `{key}`"),
            next: format!("name one of: {}", keys.join(", ")),
        });
    };
    let guarded = red_hat_entry(key).filter(|_| !replace.iter().any(|named| named == key));
    let step = match guarded {
        Some(entry) => Step::Refused {
            reason: format!("`{key}` is Red Hat's: without it {}", entry.breaks),
            next: Some(format!("--replace-entry {key} to drop it all the same")),
        },
        None => {
            after.remove(key);
            Step::Removed
        }
    };
    Ok(EntryPlan {
        key: key.to_owned(),
        holder: Some(account.clone()),
        account,
        step,
        before,
        after: None,
    })
}

/// Makes every one of these entries what it is in `source`.
fn copy_all<'a, T>(
    after: &mut Document,
    source: &Document,
    keys: impl Iterator<Item = (&'a str, T)>,
) -> Vec<EntryPlan> {
    keys.map(|(key, _)| {
        let entry = copy(after, source, key);
        after.copy(key, source);
        entry
    })
    .collect()
}

/// What copying the entry from `source` would change.
fn copy(current: &Document, source: &Document, key: &str) -> EntryPlan {
    let (holder_before, before) = holder(current, key).unzip();
    let (holder_after, after) = holder(source, key).unzip();
    let step = match (&holder_before, &holder_after) {
        _ if current.agrees(key, source) => Step::Unchanged,
        (None, _) => Step::Added,
        (_, None) => Step::Removed,
        (Some(old), Some(new)) if old == new => Step::Updated,
        _ => Step::Replaced,
    };
    EntryPlan {
        key: key.to_owned(),
        account: holder_after
            .or_else(|| holder_before.clone())
            .unwrap_or_default(),
        holder: holder_before,
        step,
        before: before.flatten(),
        after: after.flatten(),
    }
}

/// All or nothing: half a backup is no state that ever was.
fn restore(after: &mut Document, intent: &RestoreIntent, replace: &[String]) -> Vec<EntryPlan> {
    let target = &intent.document;
    let keys: BTreeSet<&str> = after
        .entries()
        .chain(target.entries())
        .map(|(key, _)| key)
        .collect();
    let mut entries: Vec<EntryPlan> = keys.iter().map(|key| copy(after, target, key)).collect();
    for entry in &mut entries {
        // What cannot be read now is lost already.
        let loses = entry.before.is_some() && !matches!(entry.step, Step::Unchanged | Step::Added);
        let named = intent.exact || replace.contains(&entry.key);
        if let Some(red_hat) = red_hat_entry(&entry.key).filter(|_| loses && !named) {
            entry.step = Step::Refused {
                reason: format!(
                    "`{}` is Red Hat's and would change: if the backup's is dead, {}",
                    entry.key, red_hat.breaks
                ),
                next: Some(format!(
                    "--replace-entry {} to bring the backup's back, or --exact for all",
                    entry.key
                )),
            };
        }
    }
    let is_refused = |entry: &EntryPlan| matches!(entry.step, Step::Refused { .. });
    if entries.iter().any(is_refused) {
        entries.retain(is_refused);
    } else {
        after.clone_from(target);
    }
    entries
}

#[cfg(test)]
mod tests;
