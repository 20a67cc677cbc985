//! What Red Hat hands out to an account, brought into a cluster: all of it, or nothing.

use super::super::observed::Observed;
use super::super::protected::{TELEMETRY, is_registry_service_account, red_hat_entry};
use super::edit::copy;
use super::{EntryChange, EntryPlan, Obstacle};
use crate::dockerconfig::{Credential, Document, EntryError};
use crate::hint::{self, Command, Hint};

/// Where a cluster's owner is changed.
const CONSOLE: &str = "https://console.redhat.com/openshift";

/// What the secret shows of the account that the cluster belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It has nothing of Red Hat's.
    NoAccount,
    /// It has Red Hat's entries, and not the one for Telemetry.
    OptedOut,
    /// It has that too.
    Reporting,
}

impl Standing {
    fn of(current: &Document) -> Self {
        let is_service_account = |read: Result<Credential, EntryError>| {
            read.is_ok_and(|held| is_registry_service_account(&held.username))
        };
        let entries = current.entries();
        let keys = entries.filter_map(|(key, read)| {
            let entry = red_hat_entry(key)?;
            (!is_service_account(read)).then_some(entry.key)
        });
        let keys: Vec<&str> = keys.collect();
        match (keys.is_empty(), keys.contains(&TELEMETRY)) {
            (true, _) => Self::NoAccount,
            (false, false) => Self::OptedOut,
            (false, true) => Self::Reporting,
        }
    }
}

/// A question that only the cluster's owner can answer, and the keys that a yes allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub text: String,
    pub keys: Vec<String>,
}

/// What to ask before what Red Hat hands out is written: whether entries are added to a secret
/// that was made without them.
pub fn question(observed: &Observed, handed: &Document, context: &str) -> Option<Question> {
    let current = observed.document()?;
    let secret = format!("{} (context {context})", observed.name);
    match Standing::of(current) {
        Standing::NoAccount => Some(Question {
            text: format!(
                "{secret} has none of Red Hat's entries. Add those of your account to it?"
            ),
            keys: handed.entries().map(|(key, _)| key.to_owned()).collect(),
        }),
        Standing::OptedOut => Some(Question {
            text: format!(
                "{secret} has no entry `{TELEMETRY}`, so the cluster has opted out of remote \
                 health reporting. Add the entry?"
            ),
            keys: vec![TELEMETRY.to_owned()],
        }),
        Standing::Reporting => None,
    }
}

/// Brings Red Hat's entries, and no others, unless that would hand the cluster to another
/// account: its owner in OpenShift Cluster Manager is whoever `cloud.openshift.com` holds. If one
/// entry is refused, none is written: a secret never holds two accounts of Red Hat's.
pub(super) fn red_hat(
    after: &mut Document,
    handed: &Document,
    replace: &[String],
) -> Result<Vec<EntryPlan>, Obstacle> {
    let keys: Vec<&str> = handed.entries().map(|(key, _)| key).collect();
    if !keys.iter().any(|key| red_hat_entry(key).is_some()) {
        return Err(Obstacle {
            reason: "the downloaded pull secret has none of Red Hat's entries".to_owned(),
            next: "compare it with https://console.redhat.com/openshift/install/pull-secret".into(),
        });
    }
    let standing = Standing::of(after);
    let mut entries: Vec<EntryPlan> = keys
        .into_iter()
        .map(|key| entry(after, handed, key, standing, replace))
        .collect();
    if entries.iter().any(EntryPlan::is_refused) {
        entries.retain(EntryPlan::is_refused);
        name_all(&mut entries, standing, replace);
        return Ok(entries);
    }
    for entry in entries.iter().filter(|entry| entry.changes()) {
        after.copy(&entry.key, handed);
    }
    Ok(entries)
}

fn entry(
    current: &Document,
    handed: &Document,
    key: &str,
    standing: Standing,
    replace: &[String],
) -> EntryPlan {
    let mut entry = copy(current, handed, key);
    let named = replace.iter().any(|named| named == key);
    let change = match refusal(current, handed, &entry, standing) {
        Some(Refusal::Unreadable) => Some(Refusal::Unreadable.change()),
        _ if named => None,
        Some(refusal) => Some(refusal.change()),
        None => left(&entry, standing),
    };
    if let Some(change) = change {
        entry.account = entry.holder.clone().unwrap_or_default();
        entry.change = change;
        entry.after = None;
    }
    entry
}

/// Why the entry is not Red Hat's to replace.
fn left(entry: &EntryPlan, standing: Standing) -> Option<EntryChange> {
    let next = hint::global("update --from-ocm --replace-entry").arg(&entry.key);
    let service_account = entry
        .holder
        .as_ref()
        .filter(|holder| is_registry_service_account(holder));
    match (service_account, standing, &entry.change) {
        (Some(account), ..) => Some(EntryChange::Left {
            reason: format!(
                "the entry holds the registry service account `{account}`, so it was left alone"
            ),
            next: Hint::from("to replace it: ").run(next),
        }),
        (None, Standing::OptedOut, EntryChange::Added) if entry.key == TELEMETRY => {
            Some(EntryChange::Left {
                reason: "the cluster has opted out of remote health reporting, so the entry was \
                         not added"
                    .to_owned(),
                next: Hint::from("to add it: ").run(next),
            })
        }
        _ => None,
    }
}

/// Why an entry that Red Hat hands out is not written.
enum Refusal {
    /// No kubelet could read it.
    Unreadable,
    /// The secret was made without Red Hat's entries.
    NoAccount,
    /// Its entry holds this account, which is another one.
    OtherAccount(String),
}

impl Refusal {
    fn change(&self) -> EntryChange {
        let reason = match self {
            Self::Unreadable => "the entry in the downloaded pull secret is unreadable".to_owned(),
            Self::NoAccount => "the secret has none of Red Hat's entries".to_owned(),
            Self::OtherAccount(holder) => {
                format!("the entry holds {holder}, and your login to Red Hat is another account")
            }
        };
        let next = "compare it with https://console.redhat.com/openshift/install/pull-secret";
        EntryChange::Refused {
            reason,
            next: matches!(self, Self::Unreadable).then(|| next.into()),
        }
    }
}

fn refusal(
    current: &Document,
    handed: &Document,
    entry: &EntryPlan,
    standing: Standing,
) -> Option<Refusal> {
    let key = &entry.key;
    if entry.after.is_none() {
        return Some(Refusal::Unreadable);
    }
    if standing == Standing::NoAccount && entry.change == EntryChange::Added {
        return Some(Refusal::NoAccount);
    }
    let holder = entry
        .holder
        .as_ref()
        .filter(|_| entry.change == EntryChange::Replaced)
        .filter(|holder| !is_registry_service_account(holder))?;
    // Red Hat may give an account another name for pulling; its email stays.
    let same_person = current.has_same_email(key, handed);
    let unreadable = entry.before.is_none();
    if red_hat_entry(key).is_some() && (same_person || unreadable) {
        return None;
    }
    Some(Refusal::OtherAccount(holder.clone()))
}

/// One command for all that was refused: followed one by one, they would make a mix.
fn name_all(entries: &mut [EntryPlan], standing: Standing, replace: &[String]) {
    let refused = entries.iter().map(|entry| entry.key.clone());
    let keys: Vec<String> = replace.iter().cloned().chain(refused).collect();
    let hint = match standing {
        Standing::NoAccount => Hint::from("to add all of them: ").run(replacing(&keys)),
        Standing::OptedOut | Standing::Reporting => take_over(&keys),
    };
    for entry in entries {
        if let EntryChange::Refused { next, .. } = &mut entry.change {
            next.get_or_insert_with(|| hint.clone());
        }
    }
}

/// How a cluster becomes another account's.
pub fn take_over(keys: &[String]) -> Hint {
    Hint::from("sign in as the account that the cluster belongs to: ")
        .run(hint::global("ocm login"))
        .say(&format!(
            "; or, if it shall belong to yours, initiate the transfer of its ownership at \
             {CONSOLE}, then: "
        ))
        .run(replacing(keys))
}

fn replacing(keys: &[String]) -> Command {
    let update = hint::global("update --from-ocm");
    keys.iter().fold(update, |command, key| {
        command.words("--replace-entry").arg(key)
    })
}
