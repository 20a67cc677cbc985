//! The syntax of names, labels and annotations.

use serde_json::Value;

use super::status::FieldError;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// All annotations of an object together.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// How the names of a kind are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NameRule {
    /// Labels joined by dots, 253 characters.
    Subdomain,
    /// One label, 63 characters.
    Label,
    /// Anything that can be a part of a path.
    PathSegment,
}

/// Breaches of the rules of `metadata`.
pub(super) fn metadata_errors(object: &Value, rule: NameRule) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let name = metadata
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if name.is_empty() {
        errors.push(FieldError::required(
            "metadata.name",
            "name or generateName is required",
        ));
    } else if let Some(why) = name_error(name, rule) {
        errors.push(FieldError::invalid(
            "metadata.name",
            &format!("{name:?}"),
            &why,
        ));
    }
    for (key, value) in metadata
        .get("labels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(why) = qualified_name_error(key) {
            errors.push(FieldError::invalid(
                "metadata.labels",
                &format!("{key:?}"),
                &why,
            ));
        }
        let value = value.as_str().unwrap_or_default();
        if let Some(why) = label_value_error(value) {
            errors.push(FieldError::invalid(
                "metadata.labels",
                &format!("{value:?}"),
                &why,
            ));
        }
    }
    let mut size = 0;
    for (key, value) in metadata
        .get("annotations")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(why) = qualified_name_error(&key.to_lowercase()) {
            errors.push(FieldError::invalid(
                "metadata.annotations",
                &format!("{key:?}"),
                &why,
            ));
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS_LIMIT {
        errors.push(FieldError::too_long(
            "metadata.annotations",
            ANNOTATIONS_LIMIT,
        ));
    }
    for (index, finalizer) in metadata
        .get("finalizers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let finalizer = finalizer.as_str().unwrap_or_default();
        if let Some(why) = qualified_name_error(finalizer) {
            errors.push(FieldError::invalid(
                format!("metadata.finalizers[{index}]"),
                &format!("{finalizer:?}"),
                &why,
            ));
        }
    }
    errors
}

fn name_error(name: &str, rule: NameRule) -> Option<String> {
    let label = |part: &str| {
        let inner = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
        !part.is_empty()
            && part.chars().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    match rule {
        NameRule::Subdomain if name.len() > 253 => Some("must be no more than 253 bytes".into()),
        NameRule::Subdomain => (!name.split('.').all(label)).then(|| SUBDOMAIN.to_owned()),
        NameRule::Label if name.len() > 63 => Some("must be no more than 63 bytes".into()),
        NameRule::Label => (!label(name)).then(|| LABEL.to_owned()),
        NameRule::PathSegment => match name {
            "." | ".." => Some(format!("may not be {name:?}")),
            _ => ["/", "%"]
                .iter()
                .find(|bad| name.contains(**bad))
                .map(|bad| format!("may not contain '{bad}'")),
        },
    }
}

/// Breaches of `prefix/name`.
pub(super) fn qualified_name_error(key: &str) -> Option<String> {
    let name = match key.split_once('/') {
        None => key,
        Some((prefix, name)) => {
            if prefix.is_empty() {
                return Some("prefix part must be non-empty".into());
            }
            if let Some(why) = name_error(prefix, NameRule::Subdomain) {
                return Some(format!("prefix part {why}"));
            }
            name
        }
    };
    if name.is_empty() {
        return Some("name part must be non-empty".into());
    }
    if name.len() > 63 {
        return Some("name part must be no more than 63 bytes".into());
    }
    (!word(name)).then(|| QUALIFIED.to_owned())
}

pub(super) fn label_value_error(value: &str) -> Option<String> {
    if value.len() > 63 {
        return Some("must be no more than 63 bytes".into());
    }
    (!(value.is_empty() || word(value))).then(|| LABEL_VALUE.to_owned())
}

fn word(text: &str) -> bool {
    let inner = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    let edge = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphanumeric());
    text.chars().all(inner) && edge(text.chars().next()) && edge(text.chars().next_back())
}

/// Breaches of the rules of a key in `data`.
pub(super) fn data_key_error(key: &str) -> Option<String> {
    if key.len() > 253 {
        return Some("must be no more than 253 bytes".into());
    }
    let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    if key.is_empty() || !key.chars().all(allowed) {
        return Some(CONFIG_KEY.into());
    }
    match key {
        "." => Some("must not be '.'".into()),
        ".." => Some("must not be '..'".into()),
        _ => key
            .starts_with("..")
            .then(|| "must not start with '..'".into()),
    }
}
