//! What each kind fills in, sets back and refuses when it is written.

use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::names::{NameRule, metadata_errors};
use super::status::FieldError;
use super::store::text;
use super::{definitions, pods, secrets, workloads};

/// Fills in what the API server fills in when it reads an object.
pub(super) fn default(kind: &Kind, object: &mut Value) {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "secrets") => secrets::default(object),
        ("", "pods") => pods::default(object),
        ("", "namespaces") => {
            // Every namespace can be selected by its name.
            let name = text(object, "/metadata/name").to_owned();
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
                && !name.is_empty()
            {
                let labels = metadata
                    .entry("labels")
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Some(labels) = labels.as_object_mut() {
                    labels.insert("kubernetes.io/metadata.name".into(), name.into());
                }
            }
        }
        ("rbac.authorization.k8s.io", plural) => default_rbac(plural, object),
        ("apps" | "batch", _) => workloads::default(kind, object),
        ("apiextensions.k8s.io", _) => definitions::default(object),
        _ => {}
    }
}

/// Sets a field that is not there, or has nothing in it.
pub(super) fn fill(fields: &mut Map<String, Value>, key: &str, value: Value) {
    let nothing = match fields.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Object(inner)) => inner.is_empty(),
        Some(_) => false,
    };
    if nothing {
        fields.insert(key.to_owned(), value);
    }
}

fn default_rbac(plural: &str, object: &mut Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    if plural.ends_with("bindings") {
        if let Some(role) = object.get_mut("roleRef").and_then(Value::as_object_mut) {
            fill(role, "apiGroup", GROUP.into());
        }
        let subjects = object.get_mut("subjects").and_then(Value::as_array_mut);
        for subject in subjects.into_iter().flatten() {
            if let Some(subject) = subject.as_object_mut()
                && subject.get("kind").and_then(Value::as_str) != Some("ServiceAccount")
            {
                fill(subject, "apiGroup", GROUP.into());
            }
        }
    }
}

/// Sets what whoever creates an object has no say in.
pub(super) fn prepare_create(kind: &Kind, object: &mut Value) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    if kind.has("status") && !kind.is_core("nodes") {
        fields.shift_remove("status");
        if !kind.custom {
            fields.insert("status".into(), json!({}));
        }
    }
    if kind.is_core("namespaces") {
        let spec = fields.entry("spec").or_insert_with(|| json!({}));
        if let Some(spec) = spec.as_object_mut() {
            let finalizers = spec.entry("finalizers").or_insert_with(|| json!([]));
            if let Some(finalizers) = finalizers.as_array_mut()
                && !finalizers.iter().any(|name| name == "kubernetes")
            {
                finalizers.push("kubernetes".into());
            }
        }
        fields.insert("status".into(), json!({"phase": "Active"}));
    }
    if kind.is_core("pods") {
        let quality = pods::quality(fields.get("spec").unwrap_or(&Value::Null));
        fields.insert(
            "status".into(),
            json!({"phase": "Pending", "qosClass": quality}),
        );
    }
    if kind.is("apiextensions.k8s.io", "customresourcedefinitions") {
        definitions::establish(object);
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
        ] {
            metadata.shift_remove(key);
        }
        if kind.counts_generations() {
            metadata.insert("generation".into(), 1.into());
        } else {
            metadata.shift_remove("generation");
        }
    }
}

/// Keeps from the old object what this kind of write has no say in, and counts
/// the generation on.
pub(super) fn prepare_update(kind: &Kind, new: &mut Value, old: &Value, subresource: &str) {
    let keep = |new: &mut Value, field: &str| {
        let Some(fields) = new.as_object_mut() else {
            return;
        };
        match old.get(field) {
            Some(value) => {
                fields.insert(field.to_owned(), value.clone());
            }
            None => {
                fields.shift_remove(field);
            }
        }
    };
    match subresource {
        "" if kind.has("status") => keep(new, "status"),
        "status" | "finalize" => keep_all_but(new, old, subresource),
        _ => {}
    }
    if kind.is_core("namespaces") && subresource.is_empty() {
        // Finalizers of the content are changed through the finalize subresource only.
        keep(new, "spec");
    }
    let generation = old.pointer("/metadata/generation").cloned();
    let changed = kind.counts_generations() && wanted_changed(new, old);
    if let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) {
        match generation {
            Some(count) => {
                let next = count.as_i64().unwrap_or_default() + i64::from(changed);
                metadata.insert("generation".into(), next.into());
            }
            None => {
                metadata.shift_remove("generation");
            }
        }
    }
}

/// Everything but metadata and status is what is wanted.
fn wanted_changed(new: &Value, old: &Value) -> bool {
    let wanted = |object: &Value| -> Map<String, Value> {
        let fields = object.as_object().cloned().unwrap_or_default();
        fields
            .into_iter()
            .filter(|(key, _)| !matches!(key.as_str(), "metadata" | "status"))
            .collect()
    };
    wanted(new) != wanted(old)
}

fn keep_all_but(new: &mut Value, old: &Value, subresource: &str) {
    let mut kept = old.clone();
    let part = if subresource == "finalize" {
        "/spec/finalizers"
    } else {
        "/status"
    };
    let given = new.pointer(part).cloned();
    let owners = new.pointer("/metadata/managedFields").cloned();
    let version = new.pointer("/metadata/resourceVersion").cloned();
    if let Some(metadata) = kept.get_mut("metadata").and_then(Value::as_object_mut) {
        for (key, value) in [("managedFields", owners), ("resourceVersion", version)] {
            match value {
                Some(value) => metadata.insert(key.into(), value),
                None => metadata.shift_remove(key),
            };
        }
    }
    let at = if subresource == "finalize" {
        kept.get_mut("spec")
    } else {
        Some(&mut kept)
    };
    let key = if subresource == "finalize" {
        "finalizers"
    } else {
        "status"
    };
    if let Some(fields) = at.and_then(Value::as_object_mut) {
        match given {
            Some(value) => fields.insert(key.into(), value),
            None => fields.shift_remove(key),
        };
    }
    *new = kept;
}

/// The rules this object breaks; `old` is what it replaces.
pub(super) fn errors(kind: &Kind, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let rule = match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "namespaces" | "services") => NameRule::Label,
        ("rbac.authorization.k8s.io", _) => NameRule::PathSegment,
        _ => NameRule::Subdomain,
    };
    let mut errors = Vec::new();
    if let Some(old) = old {
        errors.extend(metadata_update_errors(new, old));
    }
    errors.extend(metadata_errors(new, rule));
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "secrets") => {
            errors.extend(
                old.map(|old| secrets::update_errors(new, old))
                    .unwrap_or_default(),
            );
            errors.extend(secrets::errors(new));
        }
        ("", "configmaps") => {
            errors.extend(
                old.map(|old| secrets::config_map_update_errors(new, old))
                    .unwrap_or_default(),
            );
        }
        ("", "pods") => errors.extend(pods::errors(new)),
        ("apps" | "batch", _) => errors.extend(workloads::errors(kind, new, old)),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            if let Some(old) = old
                && old.get("roleRef") != new.get("roleRef")
            {
                let given = new.get("roleRef").map(Value::to_string).unwrap_or_default();
                errors.push(FieldError::invalid(
                    "roleRef",
                    &given,
                    "cannot change roleRef",
                ));
            }
        }
        ("apiextensions.k8s.io", _) => errors.extend(definitions::errors(new)),
        _ => {}
    }
    errors
}

fn metadata_update_errors(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in ["name", "namespace", "uid"] {
        let pointer = format!("/metadata/{field}");
        if text(new, &pointer) != text(old, &pointer) {
            let given = format!("{:?}", text(new, &pointer));
            errors.push(FieldError::invalid(
                format!("metadata.{field}"),
                &given,
                "field is immutable",
            ));
        }
    }
    if old.pointer("/metadata/deletionTimestamp").is_some() {
        let names = |object: &Value| -> Vec<Value> {
            let list = object
                .pointer("/metadata/finalizers")
                .and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let added: Vec<Value> = names(new)
            .into_iter()
            .filter(|name| !names(old).contains(name))
            .collect();
        if !added.is_empty() {
            let listed: Vec<String> = added.iter().map(|name| name.to_string()).collect();
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                listed.join(", ")
            );
            errors.push(FieldError::forbidden("metadata.finalizers", &why));
        }
    }
    errors
}
