//! From an intent to a plan.

use super::super::fault::faults_with;
use super::super::observed::Observed;
use super::super::topology::Topology;
use super::{EntryChange, EntryPlan, Intent, Obstacle, Plan, Request, Write};
use super::{edit, entries, red_hat, restore};
use crate::dockerconfig::Document;
use crate::hint::{self, Hint};
use crate::kubelet::Format;
use secrecy::ExposeSecret;

/// What a Secret may hold.
pub(super) const LARGEST: usize = 1 << 20;

/// Plans the request from what is there.
///
/// # Errors
/// The secret as a whole is in the way: missing, unreadable, immutable, or somebody else's.
pub fn plan(observed: &Observed, request: &Request) -> Result<Plan, Obstacle> {
    let before = base(observed, request)?;
    let mut after = before.clone();
    let mut entries = match &request.intent {
        Intent::Robot(intent) => edit::robot(observed, &mut after, intent, &request.replace),
        Intent::Refresh(wanted) => edit::refresh(&mut after, wanted),
        Intent::Entries(given) => entries::entries(observed, &mut after, given, &request.replace),
        Intent::Remove(key) => vec![edit::remove(observed, &mut after, key, &request.replace)?],
        Intent::RedHat(document) => red_hat::red_hat(&mut after, document, &request.replace)?,
        Intent::Restore(intent) if intent.exact || before.entries().next().is_none() => {
            restore::restore_all(&mut after, &intent.document)
        }
        Intent::Restore(intent) => {
            restore::restore_ours(observed, &mut after, intent, &request.replace)?
        }
        Intent::Undo { wrote, document } => restore::undo(&mut after, document, wrote),
    };
    if request.intent.gives_credentials() {
        entries.extend(still_broken(observed, &after));
    }
    let size = after.to_json().expose_secret().len();
    if size > LARGEST {
        return Err(Obstacle {
            reason: format!(
                "the secret would have {size} bytes, and a Secret can hold at most \
                             {LARGEST}"
            ),
            next: Hint::from("remove entries that are not needed: ")
                .run(hint::global("remove KEY")),
        });
    }
    let write = write(observed, request, &before, after);
    Ok(Plan { entries, write })
}

/// What has to be sent so that the secret is what the edits made of it.
fn write(observed: &Observed, request: &Request, before: &Document, after: Document) -> Write {
    let restores = matches!(&request.intent, Intent::Restore(_));
    let is_hosted = observed.topology == Topology::HostedControlPlane;
    if is_hosted && after.entries().next().is_none() {
        let loses = after != *before || restores;
        return match observed.current {
            Some(_) if loses => Write::Deletion,
            _ => Write::Nothing,
        };
    }
    match after != *before || (restores && observed.unreadable().is_some()) {
        true => Write::Content(after),
        false => Write::Nothing,
    }
}

/// What is broken afterwards, and makes the kubelets drop all of it.
fn still_broken(observed: &Observed, after: &Document) -> Vec<EntryPlan> {
    let faults = faults_with(observed, after).into_iter();
    let entries = faults.map(|fault| EntryPlan {
        key: fault.key,
        holder: None,
        account: String::new(),
        change: EntryChange::Broken {
            reason: fault.reason,
            next: fault.next,
        },
        before: None,
        after: None,
    });
    entries.collect()
}

/// What the plan begins with.
fn base(observed: &Observed, request: &Request) -> Result<Document, Obstacle> {
    let hosted = observed.topology == Topology::HostedControlPlane;
    if hosted && matches!(request.intent, Intent::RedHat(_)) {
        return Err(Obstacle {
            reason: "a hosted control plane writes its pull secret from outside the cluster"
                .to_owned(),
            next: "on the management cluster, change spec.pullSecret of the HostedCluster".into(),
        });
    }
    let Some(current) = &observed.current else {
        return match hosted || matches!(request.intent, Intent::Restore(_)) {
            true => Ok(Document::empty(Format::DockerConfigJson)),
            false => Err(Obstacle {
                reason: format!("{} does not exist", observed.name),
                next: hint::global("rollback").say(
                    ", or download the pull secret from \
                     https://console.redhat.com/openshift/install/pull-secret",
                ),
            }),
        };
    };
    let secret = &current.secret;
    if secret.immutable {
        return Err(Obstacle {
            reason: "the secret is immutable".to_owned(),
            next: hint::get(&secret.namespace, "secret")
                .arg(&secret.name)
                .words("-o yaml")
                .say(", and ask its owner"),
        });
    }
    if let Some(owner) = secret.owner.as_ref().filter(|_| !request.force) {
        return Err(Obstacle {
            reason: format!("{} manages the secret", owner.tool),
            next: format!("change {}, or pass --force", owner.place).into(),
        });
    }
    match (&secret.document, &request.intent) {
        (Ok(document), _) => Ok(document.clone()),
        (Err(_), Intent::Restore(_)) => Ok(Document::empty(Format::DockerConfigJson)),
        (Err(error), _) => Err(Obstacle {
            reason: format!("the secret is unreadable: {error}"),
            next: hint::global("backups")
                .say(", then ")
                .run(hint::global("rollback BACKUP")),
        }),
    }
}
