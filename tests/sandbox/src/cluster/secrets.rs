//! The rules of Secrets and ConfigMaps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::go_json;
use super::names::data_key_error;
use super::status::FieldError;
use super::store::text;

/// All values of one object together.
const SIZE_LIMIT: usize = 1024 * 1024;

const REDACTED: &str = "\"<secret contents redacted>\"";
const FROZEN: &str = "field is immutable when `immutable` is set";
const SERVICE_ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";

/// Folds `stringData` into `data` and fills in the type.
pub(super) fn default(secret: &mut Value) {
    let Some(fields) = secret.as_object_mut() else {
        return;
    };
    if let Some(Value::Object(plain)) = fields.shift_remove("stringData") {
        let data = fields
            .entry("data")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(data) = data.as_object_mut() {
            for (key, value) in plain {
                data.insert(
                    key,
                    STANDARD.encode(value.as_str().unwrap_or_default()).into(),
                );
            }
        }
    }
    if text_of(fields, "type").is_empty() {
        fields.insert("type".into(), "Opaque".into());
    }
}

fn text_of<'a>(fields: &'a Map<String, Value>, key: &str) -> &'a str {
    fields.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Breaches of a Secret's own rules.
pub(super) fn errors(secret: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in secret
        .get("data")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(why) = data_key_error(key) {
            errors.push(FieldError::invalid(
                format!("data[{key}]"),
                &format!("{key:?}"),
                &why,
            ));
        }
        size += decoded_length(value.as_str().unwrap_or_default());
    }
    if size > SIZE_LIMIT {
        errors.push(FieldError::too_long("data", SIZE_LIMIT));
    }
    let has = |key: &str| {
        secret
            .get("data")
            .is_some_and(|data| data.get(key).is_some())
    };
    let mut require = |key: &str| {
        if !has(key) {
            errors.push(FieldError::required(format!("data[{key}]"), ""));
        }
    };
    match text(secret, "/type") {
        "kubernetes.io/dockerconfigjson" => errors.extend(json_error(secret, ".dockerconfigjson")),
        "kubernetes.io/dockercfg" => errors.extend(json_error(secret, ".dockercfg")),
        "kubernetes.io/tls" => {
            require("tls.crt");
            require("tls.key");
        }
        "kubernetes.io/ssh-auth" => require("ssh-privatekey"),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            require("username");
            require("password");
        }
        "kubernetes.io/service-account-token" => {
            let annotations = secret.pointer("/metadata/annotations");
            if annotations.is_none_or(|all| all.get(SERVICE_ACCOUNT_NAME).is_none()) {
                let field = format!("metadata.annotations[{SERVICE_ACCOUNT_NAME}]");
                errors.push(FieldError::required(field, ""));
            }
        }
        _ => {}
    }
    errors
}

/// Breaches of the rules for changing a Secret.
pub(super) fn update_errors(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if new.get("type") != old.get("type") {
        let given = new.get("type").map(Value::to_string).unwrap_or_default();
        errors.push(FieldError::invalid("type", &given, "field is immutable"));
    }
    errors.extend(frozen_errors(new, old, &["data"]));
    errors
}

/// Breaches of the rules for changing a ConfigMap.
pub(super) fn config_map_update_errors(new: &Value, old: &Value) -> Vec<FieldError> {
    frozen_errors(new, old, &["data", "binaryData"])
}

fn frozen_errors(new: &Value, old: &Value, fields: &[&str]) -> Vec<FieldError> {
    let frozen = |object: &Value| object.get("immutable") == Some(&Value::Bool(true));
    if !frozen(old) {
        return Vec::new();
    }
    let mut errors = Vec::new();
    if !frozen(new) {
        errors.push(FieldError::forbidden("immutable", FROZEN));
    }
    for field in fields {
        if new.get(field) != old.get(field) {
            errors.push(FieldError::forbidden(*field, FROZEN));
        }
    }
    errors
}

fn json_error(secret: &Value, key: &str) -> Option<FieldError> {
    let field = format!("data[{key}]");
    let Some(encoded) = secret.get("data").and_then(|data| data.get(key)) else {
        return Some(FieldError::required(field, ""));
    };
    let bytes = STANDARD
        .decode(encoded.as_str().unwrap_or_default())
        .unwrap_or_default();
    let why = go_json::map_error(&bytes)?;
    Some(FieldError::invalid(field, REDACTED, &why))
}

fn decoded_length(encoded: &str) -> usize {
    let padding = encoded
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'=')
        .count();
    (encoded.len() / 4 * 3).saturating_sub(padding)
}
