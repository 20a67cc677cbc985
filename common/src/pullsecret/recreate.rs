//! A new secret in the place of an immutable one.
//!
//! Immutable data cannot be changed, so the secret is deleted and created anew. In
//! between, a copy of a type that no kubelet uses holds the whole new secret: whenever
//! a run is killed, either the secret or the copy is complete.

use super::plan::SecretPlan;
use super::proved_write::{StoredData, proved_write};
use super::{manifest, observe};
use crate::Failure;
use crate::cluster::{
    CallError, Cluster, NamespaceSelection, Resource, WriteMode, collection, path_of,
};
use crate::dockerconfig::Document;
use crate::labels::LAST_APPLIED;
use crate::outcome::{Outcome, Verb};
use crate::place::Place;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use globset::GlobSet;
use k8s_openapi::api::core::v1::Secret;
use kube::core::params::ListParams;
use serde_json::{Value, json};

/// The copy's type.
const REPLACING: &str = "kubectl-quay.io/replacing";
/// The copy's only data key: the secret to create, as JSON.
const CONTENT: &str = "secret.json";

/// What the server adds to an object, and would not take back.
const SERVER_FIELDS: [&str; 6] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "generation",
    "selfLink",
];

/// Replaces the immutable secret that `plan` was made from by one with `document`.
///
/// # Errors
/// Conflict, if the secret changed since it was read: plan again. As long as the old
/// secret is there, nothing of ours is left behind.
pub(super) async fn recreate(
    cluster: &Cluster,
    plan: &SecretPlan,
    document: &Document,
    write: WriteMode,
) -> Result<(), CallError> {
    let Some(base) = &plan.base else {
        return Ok(());
    };
    let path = base.path();
    let mut object: Value = cluster.get(&path).await?;
    check_removable(&object)?;
    forget_server_fields(&mut object);
    object["data"][document.format().data_key()] = json!(manifest::data(document));
    manifest::note(&mut object["metadata"], plan);
    let copy = keep_copy(cluster, &plan.namespace, &plan.name, &object, write).await?;
    match cluster
        .delete(&path, &base.uid, &base.resource_version, write)
        .await
    {
        // An answer that got lost makes the second try find nothing.
        Err(error) if !error.is_not_found() => {
            drop_copy(cluster, &copy, write).await?;
            return Err(error);
        }
        _ if write == WriteMode::DryRun => return Ok(()),
        _ => {}
    }
    let collection = collection::<Secret>(&plan.namespace);
    let written: StoredData = match cluster.create(&collection, &object, write).await {
        // Likewise, or another run was faster: it is there, and what is in it decides.
        Err(error) if error.is_conflict() => cluster.get(&path).await?,
        other => other?,
    };
    proved_write(&written, document)?;
    drop_copy(cluster, &copy, write).await
}

/// A secret that would not go away at once must not be deleted: nothing could take its place.
fn check_removable(object: &Value) -> Result<(), CallError> {
    let metadata = &object["metadata"];
    if metadata["deletionTimestamp"].is_string() {
        return Err(CallError::Refused(
            "the secret is being deleted, but still exists".to_owned(),
        ));
    }
    match metadata["finalizers"]
        .as_array()
        .and_then(|names| names.first())
    {
        Some(name) => Err(CallError::Refused(format!(
            "the secret is immutable, and its finalizer {} prevents its replacement",
            name.as_str().unwrap_or_default()
        ))),
        None => Ok(()),
    }
}

/// Finishes replacements of an earlier run that was killed half way.
///
/// # Errors
/// When the copies cannot be listed.
pub async fn finish_replacements(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    excluded: &GlobSet,
) -> Result<Vec<Outcome>, Failure> {
    let params = ListParams::default().fields(&format!("type={REPLACING}"));
    let secrets = Resource::of::<Secret>();
    let copies = observe::list::<Secret>(cluster, selection, secrets, &params).await?;
    let copies = copies
        .complete()
        .map_err(|unlisted| unlisted.into_failure(cluster))?;
    let mut outcomes = Vec::new();
    for copy in copies {
        let namespace = copy.metadata.namespace.clone().unwrap_or_default();
        if excluded.is_match(&namespace) {
            continue;
        }
        let name = copy.metadata.name.clone().unwrap_or_default();
        let place = Place::secret(cluster.context(), &namespace, &name);
        let outcome = Outcome::new(place, Verb::Deleted);
        outcomes.push(match finish(cluster, &namespace, &copy).await {
            Ok(()) => outcome.message("finished a replacement that an earlier run left unfinished"),
            Err(error) => {
                let mut failed = outcome.message(format!("cannot finish a replacement: {error}"));
                failed.result = Verb::Failed;
                failed.next("run the same command again")
            }
        });
    }
    Ok(outcomes)
}

/// The secret is created from the copy, unless it is there: not yet deleted, or created already.
async fn finish(cluster: &Cluster, namespace: &str, copy: &Secret) -> Result<(), CallError> {
    let content = copy
        .data
        .as_ref()
        .and_then(|data| data.get(CONTENT))
        .map(|content| &content.0);
    let object: Value = content
        .and_then(|content| serde_json::from_slice(content).ok())
        .ok_or_else(|| CallError::Refused("the copy does not contain a secret".to_owned()))?;
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match cluster
        .get::<Value>(&path_of::<Secret>(namespace, name))
        .await
    {
        Ok(living) if living["metadata"]["deletionTimestamp"].is_string() => {
            return Err(CallError::Refused(format!(
                "secret `{name}` is being deleted, but still exists"
            )));
        }
        Ok(_) => {}
        Err(error) if !error.is_not_found() => return Err(error),
        Err(_) => {
            let _: Value = cluster
                .create(
                    &collection::<Secret>(namespace),
                    &object,
                    WriteMode::Persist,
                )
                .await?;
        }
    }
    drop_copy(cluster, copy, WriteMode::Persist).await
}

/// Stores the copy. One that is there already belongs to a run that broke off, or to one
/// that replaces the same secret at this moment: both then keep the same copy.
async fn keep_copy(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    object: &Value,
    write: WriteMode,
) -> Result<Secret, CallError> {
    let copy_name = format!("{name}.replacing");
    let data = json!({CONTENT: STANDARD.encode(object.to_string())});
    let copy = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": copy_name, "namespace": namespace},
        "type": REPLACING,
        "data": data,
    });
    match cluster
        .create(&collection::<Secret>(namespace), &copy, write)
        .await
    {
        Err(error) if error.is_conflict() => {
            let path = path_of::<Secret>(namespace, &copy_name);
            cluster
                .merge_patch(&path, &json!({"data": data}), write)
                .await
        }
        other => other,
    }
}

async fn drop_copy(cluster: &Cluster, copy: &Secret, write: WriteMode) -> Result<(), CallError> {
    if write == WriteMode::DryRun {
        return Ok(());
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let path = path_of::<Secret>(&text(&copy.metadata.namespace), &text(&copy.metadata.name));
    match cluster
        .delete_any_version(&path, &text(&copy.metadata.uid))
        .await
    {
        Err(error) if !error.is_not_found() && !error.is_conflict() => Err(error),
        _ => Ok(()),
    }
}

fn forget_server_fields(object: &mut Value) {
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return;
    };
    for field in SERVER_FIELDS {
        metadata.remove(field);
    }
    if let Some(annotations) = metadata
        .get_mut("annotations")
        .and_then(Value::as_object_mut)
    {
        annotations.remove(LAST_APPLIED);
    }
}
