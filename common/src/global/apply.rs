//! Carries a plan out: a backup, one PATCH or DELETE, and the proof that it came about.

use super::backup::{Kept, Purpose, keep};
use super::observed::{Current, Observed, get};
use super::plan::{Intent, Obstacle, Plan, Request, RestoreIntent, Write, Written, plan};
use super::topology::{Topology, forbidden_or};
use crate::Failure;
use crate::cluster::{CallError, Cluster, WriteMode, collection, path_of};
use crate::dockerconfig::Document;
use crate::hint::{self, Hint};
use crate::kubelet::Format;
use crate::labels::LAST_APPLIED;
use crate::node_secrets::SecretName;
use crate::pullsecret::{PullSecret, StoredData, data, proved_write};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

/// A secret that keeps changing under us is given up on after so many tries.
const CONFLICTS: usize = 8;
/// A content that no node pulls with.
const NO_ENTRIES: &[u8] = br#"{"auths":{}}"#;

/// What was done in one cluster.
#[derive(Debug)]
pub struct Applied {
    /// The plan that was carried out in the end.
    pub plan: Plan,
    /// The backup of what was there before: on a hosted control plane also of no secret.
    pub(super) backup: Option<Kept>,
}

/// What a write takes that is undone unless it is confirmed.
pub(super) struct ApplyOptions<'a> {
    /// So long the backup is needed.
    pub until: Option<Timestamp>,
    /// Called between the backup and the write, with the backup's name and the plan: what
    /// would undo the write has to stand before the write is sent.
    pub before_write: &'a dyn Fn(&str, &Plan) -> Result<(), Failure>,
}

impl Obstacle {
    /// The failure of whoever wanted to write.
    pub fn into_failure(self, cluster: &Cluster, name: SecretName) -> Failure {
        let context = cluster.context();
        Failure::new(format!(
            "{name} (context {context}) was not written: {}",
            self.reason
        ))
        .next(self.next.at(context))
    }
}

/// Carries out `first`, which was planned from `observed`; plans anew where somebody else
/// was faster, except for a backup, which would undo what the other one wrote.
///
/// # Errors
/// Nothing was written, or the API server stored something else.
pub async fn apply(
    cluster: &Cluster,
    request: &Request,
    observed: Observed,
    first: Plan,
    write: WriteMode,
) -> Result<Applied, Failure> {
    let options = ApplyOptions {
        until: None,
        before_write: &|_, _| Ok(()),
    };
    apply_after(cluster, request, observed, first, write, &options).await
}

/// The same, with something to do before each attempt to write.
pub(super) async fn apply_after(
    cluster: &Cluster,
    request: &Request,
    mut observed: Observed,
    first: Plan,
    write: WriteMode,
    options: &ApplyOptions<'_>,
) -> Result<Applied, Failure> {
    let name = observed.name;
    let mut planned = first;
    for _ in 0..CONFLICTS {
        if !planned.has_write() {
            return Ok(Applied {
                plan: planned,
                backup: None,
            });
        }
        let purpose = Purpose {
            wrote: Written::by(&planned),
            until: options.until,
            taken_back: matches!(request.intent, Intent::Undo { .. }),
        };
        let kept = match before(&observed) {
            Some(content) => Some(keep(cluster, name, content, &purpose, write).await?),
            None => None,
        };
        // A dry run makes none.
        let kept = kept.filter(|_| write == WriteMode::Persist);
        if write == WriteMode::Persist {
            let backup = kept.as_ref().map(|kept| kept.name.as_str());
            (options.before_write)(backup.unwrap_or_default(), &planned)?;
        }
        let current = observed.current.as_ref();
        match send(cluster, name, current, &planned.write, write).await {
            Ok(Answer::Stored(stored, document)) => {
                proved_write(&stored, document).map_err(|_| stored_otherwise(cluster, name))?;
            }
            Ok(Answer::Deleted(uid)) if write == WriteMode::Persist => {
                prove_deletion(cluster, name, uid).await?;
            }
            Ok(Answer::Deleted(_)) => {}
            Err(error) if error.is_conflict() || error.is_not_found() => {
                observed.current = get(cluster, name).await?;
                if !is_done(&observed, &planned.write, &error) {
                    planned = plan_again(cluster, &observed, request)?;
                    continue;
                }
            }
            Err(error) => {
                let verb = verb(&observed, &planned.write);
                return Err(forbidden_or(error, cluster, name, verb));
            }
        }
        return Ok(Applied {
            plan: planned,
            backup: kept,
        });
    }
    Err(changed_meanwhile(cluster, name))
}

/// The plan for what somebody else made of the secret meanwhile. All of a backup is not restored
/// over what nobody who asked for it has seen.
fn plan_again(cluster: &Cluster, observed: &Observed, request: &Request) -> Result<Plan, Failure> {
    let name = observed.name;
    if let Intent::Restore(RestoreIntent { exact: true, .. }) = request.intent {
        return Err(changed_meanwhile(cluster, name));
    }
    plan(observed, request).map_err(|found| found.into_failure(cluster, name))
}

/// What a backup has to hold so that this write can be undone. Before the first write on a hosted
/// control plane there is no secret: a backup without entries leads back to that.
fn before(observed: &Observed) -> Option<&[u8]> {
    match &observed.current {
        Some(current) => Some(current.content()),
        None if observed.topology == Topology::HostedControlPlane => Some(NO_ENTRIES),
        None => None,
    }
}

/// Whether the secret is what this write was to make of it, although the write failed: its
/// answer was lost, or somebody else did the same.
fn is_done(observed: &Observed, write: &Write, error: &CallError) -> bool {
    match write {
        Write::Nothing => true,
        Write::Content(document) => {
            matches!(error, CallError::AfterLostAnswer(_))
                && observed.document().is_some_and(|stored| stored == document)
        }
        Write::Deletion => observed.current.is_none(),
    }
}

fn verb(observed: &Observed, write: &Write) -> &'static str {
    match (write, &observed.current) {
        (Write::Deletion, _) => "delete",
        (_, Some(_)) => "patch",
        (_, None) => "create",
    }
}

/// What the API server said of a write.
enum Answer<'a> {
    /// It stored this, and was sent that.
    Stored(StoredData, &'a Document),
    /// It deletes the secret of this identity.
    Deleted(&'a str),
}

async fn send<'a>(
    cluster: &Cluster,
    name: SecretName,
    current: Option<&'a Current>,
    write: &'a Write,
    mode: WriteMode,
) -> Result<Answer<'a>, CallError> {
    match (write, current) {
        (Write::Content(document), current) => {
            let stored = store(cluster, name, current, document, mode).await?;
            Ok(Answer::Stored(stored, document))
        }
        (_, Some(current)) => {
            let PullSecret {
                uid,
                resource_version,
                ..
            } = &current.secret;
            let path = path_of::<Secret>(name.namespace, name.name);
            cluster.delete(&path, uid, resource_version, mode).await?;
            Ok(Answer::Deleted(uid))
        }
        (_, None) => Ok(Answer::Deleted("")),
    }
}

/// A deletion that waits for a finalizer leaves the entries where they were.
async fn prove_deletion(cluster: &Cluster, name: SecretName, uid: &str) -> Result<(), Failure> {
    match get(cluster, name).await? {
        Some(current) if current.secret.uid == uid => Err(Failure::new(format!(
            "{name} (context {}) still exists after it was deleted, because it has a finalizer",
            cluster.context()
        ))
        .next(
            Hint::from("look for who set the finalizer: ").run(
                hint::get(name.namespace, "secret")
                    .arg(name.name)
                    .words("-o yaml")
                    .at(cluster.context()),
            ),
        )),
        _ => Ok(()),
    }
}

async fn store(
    cluster: &Cluster,
    name: SecretName,
    current: Option<&Current>,
    document: &Document,
    write: WriteMode,
) -> Result<StoredData, CallError> {
    let data = json!({Format::DockerConfigJson.data_key(): data(document)});
    let Some(current) = current else {
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name.name, "namespace": name.namespace},
            "type": Format::DockerConfigJson.secret_type(),
            "data": data,
        });
        return cluster
            .create(&collection::<Secret>(name.namespace), &object, write)
            .await;
    };
    let mut metadata = json!({"resourceVersion": current.secret.resource_version});
    if current.has_last_applied {
        // It holds the old content, and a later `kubectl apply` would bring it back.
        metadata["annotations"] = json!({LAST_APPLIED: Value::Null});
    }
    let patch = json!({"metadata": metadata, "data": data});
    let path = path_of::<Secret>(name.namespace, name.name);
    cluster.merge_patch(&path, &patch, write).await
}

fn stored_otherwise(cluster: &Cluster, name: SecretName) -> Failure {
    Failure::new(format!(
        "the API server stored other content in {name} (context {}) than this command sent",
        cluster.context()
    ))
    .next(
        Hint::from("look for an admission webhook that changes secrets, then: ")
            .run(hint::global("verify").at(cluster.context())),
    )
}

fn changed_meanwhile(cluster: &Cluster, name: SecretName) -> Failure {
    Failure::new(format!(
        "somebody else changed {name} (context {}) after this command read it; nothing was \
         written",
        cluster.context()
    ))
    .next("run the same command again, and check what it would change now")
}
