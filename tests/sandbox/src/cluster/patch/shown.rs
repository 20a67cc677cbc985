//! How errors quote the patch they are about.

use serde_json::{Map, Value};

/// The JSON of an object with its top-level fields by name.
pub(in crate::cluster) fn by_name(object: &Value) -> String {
    let mut fields: Vec<(&String, &Value)> = object.as_object().into_iter().flatten().collect();
    fields.sort_by_key(|(name, _)| *name);
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Value::Object(fields).to_string()
}

/// A document as Go prints maps: `map[spec:map[replicas:1]]`.
pub(in crate::cluster) fn go_printed(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut parts: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{key}:{}", go_printed(value)))
                .collect();
            parts.sort();
            format!("map[{}]", parts.join(" "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_printed).collect();
            format!("[{}]", items.join(" "))
        }
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        plain => plain.to_string(),
    }
}
