//! A new secret in the place of an immutable one.
//!
//! Immutable data cannot be changed, so the secret is deleted and created anew. In
//! between, a copy of a type that no kubelet uses holds the whole new secret: whenever
//! a run is killed, either the secret or the copy is complete.

use super::manifest;
use super::observe;
use super::outcome::{Outcome, Verb};
use super::plan::SecretPlan;
use super::secret::{self, LAST_APPLIED};
use super::written::{Written, prove};
use crate::Failure;
use crate::cluster::{CallError, Cluster, NamespaceSelection, Write};
use crate::dockerconfig::Document;
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
/// Conflict, if the secret changed since it was read: plan again.
pub(super) async fn recreate(
    cluster: &Cluster,
    plan: &SecretPlan,
    document: &Document,
    write: Write,
) -> Result<(), CallError> {
    let Some(base) = &plan.base else {
        return Ok(());
    };
    if write == Write::DryRun {
        return Ok(());
    }
    let mut object: Value = cluster.get(&base.path()).await?;
    forget_server_fields(&mut object);
    object["data"][document.format().data_key()] = json!(manifest::data(document));
    let copy = keep_copy(cluster, &plan.namespace, &plan.name, &object).await?;
    match cluster
        .delete(&base.path(), &base.uid, &base.resource_version, write)
        .await
    {
        // An answer that got lost makes the second try find nothing.
        Err(error) if !error.is_not_found() => return Err(error),
        _ => {}
    }
    let collection = secret::collection(&plan.namespace);
    let written: Written = match cluster.create(&collection, &object, write).await {
        // Likewise: it is there, and what is in it decides.
        Err(error) if error.is_conflict() => cluster.get(&base.path()).await?,
        other => other?,
    };
    prove(&written, document)?;
    drop_copy(cluster, &copy).await
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
    let copies = observe::list::<Secret>(cluster, selection, "secrets", &params).await?;
    let mut outcomes = Vec::new();
    for copy in copies {
        let namespace = copy.metadata.namespace.clone().unwrap_or_default();
        if excluded.is_match(&namespace) {
            continue;
        }
        let name = copy.metadata.name.clone().unwrap_or_default();
        let outcome = Outcome::new(
            cluster.context(),
            &namespace,
            "secret",
            &name,
            Verb::Deleted,
        );
        outcomes.push(match finish(cluster, &namespace, &copy).await {
            Ok(()) => outcome.message("a replacement that had broken off is finished"),
            Err(error) => {
                let mut failed = outcome.message(format!("cannot finish a replacement: {error}"));
                failed.result = Verb::Failed;
                failed.next("run the same command again")
            }
        });
    }
    Ok(outcomes)
}

/// The secret is created from the copy, unless it is there (deleted never, or created already).
async fn finish(cluster: &Cluster, namespace: &str, copy: &Secret) -> Result<(), CallError> {
    let content = copy
        .data
        .as_ref()
        .and_then(|data| data.get(CONTENT))
        .map(|content| &content.0);
    let object: Value = content
        .and_then(|content| serde_json::from_slice(content).ok())
        .ok_or_else(|| CallError::Unreadable("the copy holds no secret".to_owned()))?;
    match cluster
        .create::<Value>(&secret::collection(namespace), &object, Write::Persist)
        .await
    {
        Err(error) if !error.is_conflict() => Err(error),
        _ => drop_copy(cluster, copy).await,
    }
}

async fn keep_copy(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    object: &Value,
) -> Result<Secret, CallError> {
    let copy_name = format!("{name}.replacing");
    let copy = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": copy_name, "namespace": namespace},
        "type": REPLACING,
        "data": {CONTENT: STANDARD.encode(object.to_string())},
    });
    match cluster
        .create(&secret::collection(namespace), &copy, Write::Persist)
        .await
    {
        // Left by a run that was killed while the secret was still there: not needed any more.
        Err(error) if error.is_conflict() => {
            let left: Secret = cluster.get(&secret::path(namespace, &copy_name)).await?;
            drop_copy(cluster, &left).await?;
            cluster
                .create(&secret::collection(namespace), &copy, Write::Persist)
                .await
        }
        other => other,
    }
}

async fn drop_copy(cluster: &Cluster, copy: &Secret) -> Result<(), CallError> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let metadata = &copy.metadata;
    let path = secret::path(&text(&metadata.namespace), &text(&metadata.name));
    let (uid, version) = (text(&metadata.uid), text(&metadata.resource_version));
    match cluster.delete(&path, &uid, &version, Write::Persist).await {
        Err(error) if !error.is_not_found() => Err(error),
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
