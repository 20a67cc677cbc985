//! Entries that no kubelet can read, and what they do to all others.

use super::observed::Observed;
use super::protected::red_hat_entry;
use super::topology::Topology;
use crate::Failure;
use crate::dockerconfig::{Document, EntryError};
use crate::hint::{self, Hint};
use crate::kubelet::Fault;
use crate::node_secrets::SecretName;

/// What is said of an entry like `{}`.
pub(super) const NO_CREDENTIAL: &str = "the entry holds no credential, as docker writes it if it \
                                        uses a credential helper; a kubelet asks no helper, and \
                                        pulls without a login";

/// What makes a content unreadable as a whole, although its entries can be told apart.
#[derive(Debug, Clone)]
pub(super) struct FileFault {
    pub secret: SecretName,
    /// The entry; empty where none is at fault.
    pub key: String,
    /// What is wrong, and what that breaks.
    pub reason: String,
    /// What repairs it.
    pub next: Hint,
}

/// The fault in one content, which is or shall be in the secret `name`. A kubelet reads the file
/// of its node as a whole: it then has no credential from it, whatever else is in there.
pub(super) fn file_fault(
    observed: &Observed,
    name: SecretName,
    document: &Document,
) -> Option<FileFault> {
    let (key, reason) = broken(document)?;
    let next = repair(observed, name, document, &key);
    let whose = match name == observed.name {
        true => String::new(),
        false => format!("in {name}: "),
    };
    Some(FileFault {
        reason: format!("{whose}{reason}"),
        secret: name,
        key,
        next,
    })
}

/// The key that is at fault, empty where none is, and what that breaks.
pub(super) fn broken(document: &Document) -> Option<(String, String)> {
    let (key, reason) = match document.fault()? {
        Fault::Content(fault) => (String::new(), fault.to_string()),
        Fault::Entry(key, fault) => (key, fault.to_string()),
    };
    let reason =
        format!("{reason}: the kubelet then rejects the whole file, and uses none of its entries");
    Some((key, reason))
}

/// The failure to look at a secret that is not there any more.
pub(super) fn gone(observed: &Observed, context: &str) -> Option<Failure> {
    let is_gone = observed.current.is_none() && observed.topology == Topology::Standalone;
    is_gone.then(|| {
        let name = observed.name;
        Failure::new(format!(
            "{name} (context {context}) does not exist any more"
        ))
        .next(
            Hint::from("restore it from a backup: ")
                .run(hint::global("backups").at(context))
                .say(", then ")
                .run(hint::global("rollback").at(context)),
        )
    })
}

/// The faults in everything that reaches the nodes once `written` is in the secret.
pub(super) fn faults_with(observed: &Observed, written: &Document) -> Vec<FileFault> {
    observed
        .documents_with(written)
        .filter_map(|(name, document)| file_fault(observed, name, document))
        .collect()
}

/// What replaces or removes an entry that is broken.
pub(super) fn repair_entry(observed: &Observed, key: &str) -> Hint {
    let remove = hint::global("remove").arg(key);
    match red_hat_entry(key) {
        Some(_) if observed.release.expects_red_hat() => from_ocm(),
        Some(_) => remove.words("--replace-entry").arg(key).into(),
        None => remove.into(),
    }
}

/// What brings Red Hat's entries.
pub(super) fn from_ocm() -> Hint {
    hint::global("update --from-ocm").into()
}

fn repair(observed: &Observed, name: SecretName, document: &Document, key: &str) -> Hint {
    if name != observed.name {
        return "on the management cluster, change spec.pullSecret of the HostedCluster".into();
    }
    let mut entries = document.entries();
    let is_broken =
        entries.any(|(name, read)| name == key && matches!(read, Err(EntryError::Broken(_))));
    match is_broken {
        true => repair_entry(observed, key),
        // Another entry of its key counts, or none at all: only a look at the text helps.
        false => hint::edit_secret(name.namespace, name.name).into(),
    }
}
