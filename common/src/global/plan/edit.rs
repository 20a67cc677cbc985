//! The edits that plans are made of: each changes the document, and tells what that means.

use super::super::observed::Observed;
use super::super::protected::{ProtectedEntry, check_removable, check_writable, red_hat_entry};
use super::{EntryChange, EntryPlan, Obstacle, RobotIntent};
use crate::credentials::clear_up;
use crate::dockerconfig::{Credential, Document, EntryError, belongs_to};
use crate::fingerprint::Fingerprint;
use crate::hint::{self, Hint};
use crate::names::RobotName;
use crate::pullsecret::{CurrentTokens, RobotToken};

/// Who holds the entry `key`, and the password's fingerprint.
fn holder(document: &Document, key: &str) -> Option<(String, Option<Fingerprint>)> {
    let (_, read) = document.entries().find(|(name, _)| *name == key)?;
    Some(match read {
        Ok(credential) => {
            let fingerprint = credential.fingerprint();
            (credential.username, Some(fingerprint))
        }
        Err(EntryError::Empty) => ("no credential".to_owned(), None),
        Err(error) => (format!("unreadable: {error}"), None),
    })
}

pub(super) fn robot(
    observed: &Observed,
    after: &mut Document,
    intent: &RobotIntent,
    replace: &[String],
) -> Vec<EntryPlan> {
    let holding = after.entries().filter(|(key, read)| {
        let is_robots = |held: &Credential| held.username == intent.robot.as_str();
        belongs_to(key, &intent.names.hosts) && read.as_ref().is_ok_and(is_robots)
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
    let unclear = not_agreed(after, intent);
    let written = keys
        .iter()
        .map(|key| match refusal(observed, after, key, intent, replace) {
            Some((reason, next)) => {
                let (holder, before) = holder(after, key).unzip();
                EntryPlan {
                    key: key.clone(),
                    account: intent.robot.to_string(),
                    holder,
                    change: EntryChange::Refused { reason, next },
                    before: before.flatten(),
                    after: None,
                }
            }
            None => set(after, key, &intent.credential),
        });
    written.chain(unclear).collect()
}

/// The robot's entries at a name that its registry claims, and nobody agreed to.
fn not_agreed(document: &Document, intent: &RobotIntent) -> Vec<EntryPlan> {
    let entries = document.entries().filter_map(|(key, read)| {
        let held = read.ok()?;
        let claim = intent.names.claim(key);
        let unclear = claim.filter(|_| held.username == intent.robot.as_str())?;
        Some(EntryPlan {
            key: key.to_owned(),
            account: held.username.clone(),
            holder: Some(held.username.clone()),
            change: EntryChange::Refused {
                next: Some(clear_up(&unclear)),
                reason: unclear.to_string(),
            },
            before: Some(held.fingerprint()),
            after: None,
        })
    });
    entries.collect()
}

fn refusal(
    observed: &Observed,
    document: &Document,
    key: &str,
    intent: &RobotIntent,
    replace: &[String],
) -> Option<(String, Option<Hint>)> {
    if let Some(reason) = original_wins(observed, key) {
        return Some((
            reason,
            Some(
                format!(
                    "choose another key, such as --key {}/{}, or change spec.pullSecret of the HostedCluster",
                    key.split('/').next().unwrap_or(key),
                    intent.robot.namespace()
                )
                .into(),
            ),
        ));
    }
    let robot = intent.robot.as_str();
    let protected = check_writable(document, key, robot, replace, &observed.release).err()?;
    let update = |key: &str| {
        hint::global("update --robot")
            .arg(&intent.robot)
            .words("--key")
            .arg(key)
    };
    let next = match &protected {
        ProtectedEntry::RedHat { key, .. } => {
            let own = red_hat_entry(key).map_or(key.as_str(), |entry| entry.key);
            let own = format!("{own}/{}", intent.robot.namespace());
            let instead = format!(
                ", or pass --key {key} --replace-entry {key} to overwrite Red \
                                   Hat's entry"
            );
            update(&own).say(&instead)
        }
        ProtectedEntry::Releases { key, .. } | ProtectedEntry::Held { key, .. } => {
            update(key).words("--replace-entry").arg(key).into()
        }
    };
    Some((protected.to_string(), Some(next)))
}

/// Why an entry of this key would never reach a node: a hosted cluster's own comes first.
pub(super) fn original_wins(observed: &Observed, key: &str) -> Option<String> {
    let mut original = observed.original.iter().flat_map(Document::entries);
    original.any(|(name, _)| name == key).then(|| {
        format!(
            "the hosted cluster's own pull secret also has an entry `{key}`, which takes precedence"
        )
    })
}

/// Writes the credential, and tells what that changes.
fn set(after: &mut Document, key: &str, credential: &Credential) -> EntryPlan {
    let (holder, before) = holder(after, key).unzip();
    let change = match &holder {
        _ if after.holds(key, credential) => EntryChange::Unchanged,
        None => EntryChange::Added,
        Some(account) if *account == credential.username => EntryChange::Updated,
        Some(_) => EntryChange::Replaced,
    };
    if change != EntryChange::Unchanged {
        after.set(key, credential);
    }
    EntryPlan {
        key: key.to_owned(),
        holder,
        account: credential.username.clone(),
        change,
        before: before.flatten(),
        after: Some(credential.fingerprint()),
    }
}

pub(super) fn refresh(after: &mut Document, wanted: &CurrentTokens) -> Vec<EntryPlan> {
    let mut found = Vec::new();
    for (key, read) in after.entries() {
        let robot = read
            .ok()
            .and_then(|held| held.username.parse::<RobotName>().ok());
        if let Some(robot) = robot.filter(|_| red_hat_entry(key).is_none()) {
            let registry = wanted.registry_of(key);
            let token = registry.map(|registry| registry.robots.get(&robot).cloned());
            let mut bridges = registry.iter().flat_map(|registry| &registry.bridges);
            let rotated = bridges.find(|bridge| {
                bridge.token.is_some() && (bridge.name == robot || bridge.robot == robot)
            });
            let rotated = rotated.map(|bridge| bridge.robot.clone());
            let unclear = wanted.owner_of(key).err();
            found.push((key.to_owned(), robot, token, rotated, unclear));
        }
    }
    let entries = found
        .into_iter()
        .map(|(key, robot, token, rotated, unclear)| {
            let refused = |reason: String, next: Hint| EntryChange::Refused {
                reason,
                next: Some(next),
            };
            let change = match token {
                _ if let Some(unclear) = unclear => {
                    refused(unclear.to_string(), clear_up(&unclear))
                }
                _ if let Some(rotated) = rotated => refused(
                    "a rotation of this robot is in progress".to_owned(),
                    hint::robot("rotate").arg(rotated).words("--global").into(),
                ),
                Some(Some(RobotToken::Current(token))) => {
                    return set(after, &key, &Credential::new(robot.as_str(), token));
                }
                Some(Some(RobotToken::NoSuchRobot)) => refused(
                    format!("robot `{robot}` does not exist in Quay"),
                    hint::global("remove")
                        .arg(&key)
                        .say(", or ")
                        .run(hint::robot("create").arg(&robot)),
                ),
                Some(Some(RobotToken::Unreadable(reason))) => {
                    refused(reason, hint::robot("whoami").into())
                }
                Some(None) | None => EntryChange::Unknown,
            };
            let (holder, before) = holder(after, &key).unzip();
            EntryPlan {
                change,
                key,
                holder,
                account: robot.to_string(),
                before: before.flatten(),
                after: None,
            }
        });
    entries.collect()
}

pub(super) fn remove(
    observed: &Observed,
    after: &mut Document,
    key: &str,
    replace: &[String],
) -> Result<EntryPlan, Obstacle> {
    let Some((account, before)) = holder(after, key) else {
        let keys: Vec<&str> = after.entries().map(|(key, _)| key).collect();
        return Err(Obstacle {
            reason: format!("the secret has no entry `{key}`"),
            next: format!("pass one of: {}", keys.join(", ")).into(),
        });
    };
    let change = match check_removable(after, key, replace, &observed.release) {
        Err(protected) => EntryChange::Refused {
            reason: protected.to_string(),
            next: Some(
                hint::global("remove")
                    .arg(key)
                    .words("--replace-entry")
                    .arg(key)
                    .into(),
            ),
        },
        Ok(()) => {
            after.remove(key);
            EntryChange::Removed
        }
    };
    Ok(EntryPlan {
        key: key.to_owned(),
        holder: Some(account.clone()),
        account,
        change,
        before,
        after: None,
    })
}

/// What copying the entry from `source` would change.
pub(super) fn copy(current: &Document, source: &Document, key: &str) -> EntryPlan {
    let (holder_before, before) = holder(current, key).unzip();
    let (holder_after, after) = holder(source, key).unzip();
    let change = match (&holder_before, &holder_after) {
        _ if current.agrees(key, source) => EntryChange::Unchanged,
        (None, _) => EntryChange::Added,
        (_, None) => EntryChange::Removed,
        (Some(old), Some(new)) if old == new => EntryChange::Updated,
        _ => EntryChange::Replaced,
    };
    EntryPlan {
        key: key.to_owned(),
        account: holder_after
            .or_else(|| holder_before.clone())
            .unwrap_or_default(),
        holder: holder_before,
        change,
        before: before.flatten(),
        after: after.flatten(),
    }
}
