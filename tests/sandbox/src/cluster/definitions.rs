//! CustomResourceDefinitions: storing one makes its resource servable.

use serde_json::{Map, Value, json};

use super::kinds::{Kind, Kinds};
use super::rules::fill;
use super::schema::Type;
use super::status::FieldError;
use super::store::text;

/// Fills in the names that follow from others.
pub(super) fn default(definition: &mut Value) {
    let kind = text(definition, "/spec/names/kind").to_owned();
    let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    fill(spec, "conversion", json!({"strategy": "None"}));
    if let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) {
        fill(names, "listKind", format!("{kind}List").into());
        fill(names, "singular", kind.to_lowercase().into());
    }
}

/// Writes the status of a definition that is being served.
pub(super) fn establish(definition: &mut Value) {
    let now = super::now();
    let condition = |ty: &str, reason: &str, message: &str| json!({"type": ty, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message});
    let stored =
        versions(definition).find(|version| version.get("storage") == Some(&Value::Bool(true)));
    let stored: Vec<&str> = stored
        .map(|version| text(version, "/name"))
        .into_iter()
        .collect();
    let status = json!({
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "acceptedNames": definition.pointer("/spec/names"),
        "storedVersions": stored,
    });
    if let Some(fields) = definition.as_object_mut() {
        fields.insert("status".into(), status);
    }
}

/// Breaches of a definition's rules.
pub(super) fn errors(definition: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let wanted = format!(
        "{}.{}",
        text(definition, "/spec/names/plural"),
        text(definition, "/spec/group")
    );
    let name = text(definition, "/metadata/name");
    if name != wanted {
        let why = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid(
            "metadata.name",
            &format!("{name:?}"),
            why,
        ));
    }
    for field in ["group", "scope", "names/plural", "names/kind"] {
        if text(definition, &format!("/spec/{field}")).is_empty() {
            errors.push(FieldError::required(
                format!("spec.{}", field.replace('/', ".")),
                "",
            ));
        }
    }
    errors
}

fn versions(definition: &Value) -> impl Iterator<Item = &Value> {
    definition
        .pointer("/spec/versions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Serves what the definition defines, and nothing else under its name.
pub(super) fn serve(kinds: &Kinds, definition: &Value) {
    withdraw(kinds, definition);
    let names = |key: &str| text(definition, &format!("/spec/names/{key}")).to_owned();
    let list = |key: &str| -> Vec<String> {
        let values = definition
            .pointer(&format!("/spec/names/{key}"))
            .and_then(Value::as_array);
        values
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    for version in
        versions(definition).filter(|version| version.get("served") == Some(&Value::Bool(true)))
    {
        let subresources = version.get("subresources").and_then(Value::as_object);
        let subresources = subresources
            .map(Map::keys)
            .into_iter()
            .flatten()
            .filter(|name| *name == "status");
        kinds.serve(Kind {
            group: text(definition, "/spec/group").to_owned(),
            version: text(version, "/name").to_owned(),
            kind: names("kind"),
            plural: names("plural"),
            singular: names("singular"),
            list_kind: names("listKind"),
            namespaced: text(definition, "/spec/scope") == "Namespaced",
            short_names: list("shortNames"),
            categories: list("categories"),
            subresources: subresources.cloned().collect(),
            custom: true,
            ty: Type::of_kind("CustomResource"),
        });
    }
}

/// Stops serving what the definition defines.
pub(super) fn withdraw(kinds: &Kinds, definition: &Value) {
    kinds.withdraw(
        text(definition, "/spec/group"),
        text(definition, "/spec/names/plural"),
    );
}
