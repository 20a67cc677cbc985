//! Objects as we write them.

use super::plan::{NamespacePlan, SecretPlan, WriteAction};
use super::service_account::ServiceAccountRefs;
use crate::dockerconfig::Document;
use crate::labels::{BRIDGE, LAST_APPLIED, MANAGED_BY};
use crate::names::RobotName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const REGISTRY: &str = "kubectl-quay/registry";
const ROBOT: &str = "kubectl-quay/robot";
const SYNCED_AT: &str = "kubectl-quay/synced-at";

/// The secret's content as the API wants it: base64 of the JSON.
pub(crate) fn data(document: &Document) -> String {
    STANDARD.encode(document.to_json().expose_secret())
}

/// A secret this suite creates.
pub(super) fn new_secret(plan: &SecretPlan, document: &Document) -> Value {
    let entry = plan.entries.first();
    let registry = entry.map_or("", |entry| entry.key.split('/').next().unwrap_or_default());
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": plan.name,
            "namespace": plan.namespace,
            "labels": {MANAGED_BY.0: MANAGED_BY.1},
            "annotations": {
                REGISTRY: registry,
                ROBOT: entry.map_or("", |entry| entry.account.as_str()),
                SYNCED_AT: now(),
            },
        },
        "type": document.format().secret_type(),
        "data": {document.format().data_key(): data(document)},
    });
    if plan
        .bridged
        .as_ref()
        .is_some_and(|robots| !robots.is_empty())
    {
        note(&mut object["metadata"], plan);
    }
    object
}

/// Notes in an object's metadata, or in a patch of it, whose bridges it holds then.
pub(super) fn note(metadata: &mut Value, plan: &SecretPlan) {
    let Some(robots) = &plan.bridged else { return };
    let names: Vec<&str> = robots.iter().map(RobotName::as_str).collect();
    metadata["annotations"][BRIDGE] = match names.is_empty() {
        true => Value::Null,
        false => json!(names.join(",")),
    };
}

/// The patch of a secret in place: its content, and of its metadata only what is ours.
pub(super) fn patch(plan: &SecretPlan, document: &Document, clean_last_applied: bool) -> Value {
    let mut metadata = json!({});
    if let Some(base) = &plan.base {
        metadata["resourceVersion"] = json!(base.resource_version);
        if base.managed {
            metadata["annotations"][SYNCED_AT] = json!(now());
        }
    }
    if clean_last_applied {
        metadata["annotations"][LAST_APPLIED] = Value::Null;
    }
    note(&mut metadata, plan);
    json!({"metadata": metadata, "data": {document.format().data_key(): data(document)}})
}

/// The plan's objects as manifests fit for `kubectl apply --server-side --force-conflicts -f -`.
/// They hold credentials in clear base64.
pub fn manifests(plans: &[NamespacePlan], accounts: &[ServiceAccountRefs]) -> Vec<Value> {
    let mut objects = Vec::new();
    for plan in plans {
        if plan.create_namespace {
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": plan.namespace}}));
        }
        objects.extend(plan.secrets.iter().filter_map(secret_manifest));
        if let Some((secret, names)) = &plan.attach {
            objects.extend(
                names
                    .iter()
                    .filter_map(|name| account_manifest(accounts, &plan.namespace, name, secret)),
            );
        }
    }
    objects
}

/// What the secret shall be; also where it is so already, since a pipe into `kubectl apply`
/// has to work twice.
fn secret_manifest(plan: &SecretPlan) -> Option<Value> {
    let document = match &plan.write {
        WriteAction::Create(document) => {
            let mut object = new_secret(plan, document);
            // The same manifest each time, or Git would see a change.
            if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
                annotations.shift_remove(SYNCED_AT);
            }
            return Some(object);
        }
        WriteAction::Update { document, .. } | WriteAction::Recreate(document) => document,
        WriteAction::Nothing if plan.is_current() => plan.base.as_ref()?.document.as_ref().ok()?,
        WriteAction::Nothing => return None,
    };
    Some(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": plan.name, "namespace": plan.namespace},
        "type": document.format().secret_type(),
        "data": {document.format().data_key(): data(document)},
    }))
}

/// The whole list has to be in the manifest: the field is atomic.
fn account_manifest(
    accounts: &[ServiceAccountRefs],
    namespace: &str,
    name: &str,
    secret: &str,
) -> Option<Value> {
    let known = accounts
        .iter()
        .find(|account| account.namespace == namespace && account.name == name);
    let present = known
        .map(|account| account.pull_secrets.clone())
        .unwrap_or_default();
    if present.iter().any(|name| name == secret) {
        return None;
    }
    let names = present.into_iter().chain([secret.to_owned()]);
    let references: Vec<Value> = names
        .into_iter()
        .map(|name| json!({"name": name}))
        .collect();
    Some(json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace},
        "imagePullSecrets": references,
    }))
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
