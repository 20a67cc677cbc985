//! What the secret held before each write, kept in a Secret beside it.

use super::plan::Written;
use crate::Failure;
use crate::cluster::{CallError, Cluster, WriteMode, collection, list_all, path_of};
use crate::dockerconfig::{Document, DocumentError};
use crate::hint::{Hint, can_i};
use crate::kubelet::Format;
use crate::labels::MANAGED_BY;
use crate::node_secrets::SecretName;
use crate::pullsecret::PullSecret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::core::params::ListParams;
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A type of our own: nothing that looks for pull secrets finds a backup.
const TYPE: &str = "kubectl-quay.io/pull-secret-backup";
/// Names the secret that was backed up.
const BACKUP_OF: &str = "kubectl-quay/backup-of";
/// On a backup that a watchdog may still need: until when, RFC 3339.
const KEPT_UNTIL: &str = "kubectl-quay/kept-until";
/// On a backup of what a watchdog took back.
const TAKEN_BACK: &str = "kubectl-quay/taken-back";
/// What was written over the content: the entries, as in a pull secret.
const WROTE: &str = "wrote.json";
/// And the keys of the entries that were removed, as a list.
const REMOVED: &str = "removed.json";
/// Kept for each secret.
const KEPT: usize = 5;
/// Names are made from the time; another run may have taken this millisecond.
const TRIES: usize = 3;

/// One backup, as the cluster has it.
pub struct Backup {
    pub name: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Whether it holds what was not confirmed, and so was taken back.
    pub(super) taken_back: bool,
    kept_until: Option<Timestamp>,
    /// What was written over the content; nothing where nobody said so.
    pub(super) wrote: Written,
    uid: String,
    content: SecretSlice<u8>,
}

impl Backup {
    /// What the secret held then.
    pub fn document(&self) -> Result<Document, DocumentError> {
        Document::parse_verbatim(Format::DockerConfigJson, self.content.expose_secret())
    }

    pub(super) fn holds(&self, content: &[u8]) -> bool {
        self.content.expose_secret() == content
    }

    fn read(secret: Secret) -> Option<Self> {
        let mut data = secret.data?;
        let annotations = secret.metadata.annotations.unwrap_or_default();
        let content = data.remove(Format::DockerConfigJson.data_key())?.0;
        Some(Self {
            name: secret.metadata.name?,
            created: secret.metadata.creation_timestamp.map(|time| time.0),
            taken_back: annotations.contains_key(TAKEN_BACK),
            kept_until: annotations
                .get(KEPT_UNTIL)
                .and_then(|until| until.parse().ok()),
            wrote: wrote(&data).unwrap_or_default(),
            uid: secret.metadata.uid.unwrap_or_default(),
            content: SecretSlice::from(content),
        })
    }
}

/// What the backup says of the write after it.
fn wrote(data: &BTreeMap<String, ByteString>) -> Option<Written> {
    let entries = Document::parse(Format::DockerConfigJson, &data.get(WROTE)?.0).ok()?;
    let removed: Vec<String> = serde_json::from_slice(&data.get(REMOVED)?.0).ok()?;
    Some(Written::read(entries, removed))
}

/// The backups of one secret, the newest first.
///
/// # Errors
/// Names the right that is missing.
pub async fn backups(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Vec<Backup>, Failure> {
    list(cluster, namespace, name)
        .await
        .map_err(|error| failed(error, cluster, namespace, "list"))
}

/// Keeps what `secret` holds now in a backup beside it, and returns the backup's name.
/// A newest backup with the same content is enough. Five are kept.
///
/// # Errors
/// If it cannot be kept: then nothing may be written over it.
pub async fn back_up(
    cluster: &Cluster,
    secret: &PullSecret,
    write: WriteMode,
) -> Result<String, Failure> {
    let document = secret.document.as_ref().map_err(|error| {
        Failure::new(format!(
            "cannot back up {}/{}: {error}",
            secret.namespace, secret.name
        ))
    })?;
    let content = document.to_json();
    let content = content.expose_secret();
    let place = (secret.namespace.as_str(), secret.name.as_str());
    let kept = keep_in(cluster, place, content, &Purpose::default(), write).await?;
    Ok(kept.name)
}

/// A backup that was made, or was there.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub name: String,
    /// Which older ones could not be deleted, and why.
    pub note: Option<String>,
}

/// What a backup is needed for.
#[derive(Debug, Clone, Default)]
pub(super) struct Purpose {
    /// What is about to be written over the content.
    pub wrote: Written,
    /// No run on any machine drops it before.
    pub until: Option<Timestamp>,
    /// A watchdog makes it of what it takes back.
    pub taken_back: bool,
}

impl Purpose {
    fn annotations(&self) -> Value {
        let mut annotations = json!({});
        if let Some(until) = self.until {
            annotations[KEPT_UNTIL] = until.to_string().into();
        }
        if self.taken_back {
            annotations[TAKEN_BACK] = "true".into();
        }
        annotations
    }
}

/// Keeps `content`, which the secret holds now.
pub(super) async fn keep(
    cluster: &Cluster,
    name: SecretName,
    content: &[u8],
    purpose: &Purpose,
    write: WriteMode,
) -> Result<Kept, Failure> {
    keep_in(
        cluster,
        (name.namespace, name.name),
        content,
        purpose,
        write,
    )
    .await
}

async fn keep_in(
    cluster: &Cluster,
    place: (&str, &str),
    content: &[u8],
    purpose: &Purpose,
    write: WriteMode,
) -> Result<Kept, Failure> {
    let (namespace, name) = place;
    let existing = backups(cluster, namespace, name).await?;
    let newest = existing.first().filter(|newest| {
        let says_it = purpose.wrote.is_empty() || newest.wrote == purpose.wrote;
        newest.holds(content) && newest.kept_until >= purpose.until && says_it
    });
    let kept = match newest {
        Some(newest) => newest.name.clone(),
        None => create(cluster, place, content, purpose, write)
            .await
            .map_err(|error| failed(error, cluster, namespace, "create"))?,
    };
    if write == WriteMode::Persist {
        // The same content under an older name says nothing any more.
        let now = cluster.now();
        let others = existing.iter().filter(|backup| {
            backup.name != kept && backup.kept_until.is_none_or(|until| until < now)
        });
        let (same, others): (Vec<_>, Vec<_>) = others.partition(|backup| backup.holds(content));
        let dropped = same.into_iter().chain(others.into_iter().skip(KEPT - 1));
        let note = drop_all(cluster, namespace, name, dropped).await;
        return Ok(Kept { name: kept, note });
    }
    Ok(Kept {
        name: kept,
        note: None,
    })
}

async fn list(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<Backup>, CallError> {
    let params = ListParams::default()
        .fields(&format!("type={TYPE}"))
        .labels(&format!("{BACKUP_OF}={name}"));
    let secrets = list_all::<Secret>(cluster, &collection::<Secret>(namespace), &params).await?;
    let mut backups: Vec<Backup> = secrets.into_iter().filter_map(Backup::read).collect();
    // The server's clock has seconds; the names, made from ours, milliseconds.
    backups.sort_by(|a, b| (b.created, &b.name).cmp(&(a.created, &a.name)));
    Ok(backups)
}

async fn create(
    cluster: &Cluster,
    place: (&str, &str),
    content: &[u8],
    purpose: &Purpose,
    write: WriteMode,
) -> Result<String, CallError> {
    let (namespace, name) = place;
    let mut tried = 1;
    loop {
        let backup = format!(
            "{name}-backup-{}",
            Timestamp::now().strftime("%Y%m%d-%H%M%S-%3f")
        );
        let object = object(place, &backup, content, purpose);
        let created: Result<Value, CallError> = cluster
            .create(&collection::<Secret>(namespace), &object, write)
            .await;
        match created {
            Ok(_) => return Ok(backup),
            // Ours, where only the answer to an earlier try was lost.
            Err(error) if error.is_conflict() => {
                let path = path_of::<Secret>(namespace, &backup);
                let there: Secret = cluster.get(&path).await?;
                if Backup::read(there).is_some_and(|there| there.holds(content)) {
                    return Ok(backup);
                }
                if tried == TRIES {
                    return Err(error);
                }
                tried += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn object(place: (&str, &str), backup: &str, content: &[u8], purpose: &Purpose) -> Value {
    let (namespace, name) = place;
    let mut data = json!({Format::DockerConfigJson.data_key(): STANDARD.encode(content)});
    if !purpose.wrote.is_empty() {
        let entries = purpose.wrote.entries().to_json();
        data[WROTE] = STANDARD.encode(entries.expose_secret()).into();
        let removed: Vec<&str> = purpose.wrote.removed().collect();
        data[REMOVED] = STANDARD.encode(json!(removed).to_string()).into();
    }
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": backup,
            "namespace": namespace,
            "labels": {MANAGED_BY.0: MANAGED_BY.1, BACKUP_OF: name},
            "annotations": purpose.annotations(),
        },
        "type": TYPE,
        "immutable": true,
        "data": data,
    })
}

/// Deletes backups. One too many harms nobody, so what stays is only told.
async fn drop_all(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    backups: impl Iterator<Item = &Backup>,
) -> Option<String> {
    let mut left = Vec::new();
    for backup in backups {
        let path = path_of::<Secret>(namespace, &backup.name);
        if let Err(error) = cluster.delete_any_version(&path, &backup.uid).await {
            left.push(error);
        }
    }
    let number = left.len();
    let why = match left.pop()? {
        error if error.is_forbidden() => {
            format!("you are not allowed to delete secrets in namespace `{namespace}`")
        }
        error => error.to_string(),
    };
    let backups = match number {
        1 => "1 old backup".to_owned(),
        number => format!("{number} old backups"),
    };
    Some(format!(
        "{backups} of {namespace}/{name} (context {}) could not be deleted: {why}",
        cluster.context()
    ))
}

fn failed(error: CallError, cluster: &Cluster, namespace: &str, verb: &str) -> Failure {
    let forbidden = error.is_forbidden();
    let context = cluster.context();
    let action = format!("{verb} backups in namespace `{namespace}`");
    let failure = error.into_failure(context, &action);
    if !forbidden {
        return failure;
    }
    let ask = format!(
        "ask for the right to {verb} secrets in namespace `{namespace}`, then check with: "
    );
    failure.next(Hint::from(ask).run(can_i(context, namespace, verb, "secrets")))
}
