//! What Quay says about a body that does not fit its JSON schema: the text of Python's
//! `jsonschema`, whose first line is the useful one.

use serde_json::Value;

use super::errors::Failure;

/// How wide `pprint` lets an instance become before it breaks it up.
const WIDTH: usize = 72;

/// A place in a body, and what the schema says there.
pub(super) struct Place<'a> {
    /// The value found there.
    pub(super) found: &'a Value,
    /// Its position behind `schema`, such as `['properties']['role']`.
    pub(super) schema: &'a str,
    /// Its position behind `instance`, such as `['role']`.
    pub(super) path: &'a str,
    /// The schema there, as `pprint` shows it.
    pub(super) text: &'a str,
}

impl Place<'_> {
    fn failure(&self, what: &str, rule: &str) -> Failure {
        let indent = |text: &str| {
            let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
            lines.join("\n")
        };
        Failure::invalid(format!(
            "{what}\n\nFailed validating '{rule}' in schema{}:\n{}\n\nOn instance{}:\n{}",
            self.schema,
            indent(self.text),
            self.path,
            indent(&pretty(self.found)),
        ))
    }

    /// The value has another type.
    pub(super) fn wrong_type(&self, wanted: &str) -> Failure {
        let what = format!("{} is not of type '{wanted}'", repr(self.found));
        self.failure(&what, "type")
    }

    /// The value lacks a key.
    pub(super) fn missing(&self, key: &str) -> Failure {
        self.failure(&format!("'{key}' is a required property"), "required")
    }

    /// The value is none of those allowed.
    pub(super) fn not_one_of(&self, allowed: &[&str]) -> Failure {
        let allowed: Vec<String> = allowed.iter().map(|value| format!("'{value}'")).collect();
        let allowed = allowed.join(", ");
        let what = format!("{} is not one of [{allowed}]", repr(self.found));
        self.failure(&what, "enum")
    }

    /// The text is longer than allowed.
    pub(super) fn too_long(&self) -> Failure {
        self.failure(&format!("{} is too long", repr(self.found)), "maxLength")
    }

    /// The number is smaller than allowed.
    pub(super) fn below(&self, minimum: i64) -> Failure {
        let what = format!("{} is less than the minimum of {minimum}", repr(self.found));
        self.failure(&what, "minimum")
    }
}

/// The field `key` of `body`, which has to be an object that has it.
pub(super) fn required<'a>(body: &'a Value, key: &str, text: &str) -> Result<&'a Value, Failure> {
    let whole = Place {
        found: body,
        schema: "",
        path: "",
        text,
    };
    let object = body.as_object().ok_or_else(|| whole.wrong_type("object"))?;
    object.get(key).ok_or_else(|| whole.missing(key))
}

/// The text in the field `key`, which is one of `allowed`.
pub(super) fn choice<'a>(
    body: &'a Value,
    key: &str,
    allowed: &[&str],
    description: &str,
    whole: &str,
) -> Result<&'a str, Failure> {
    let found = required(body, key, whole)?;
    let names: Vec<String> = allowed.iter().map(|value| format!("'{value}'")).collect();
    let text = format!(
        "{{'description': '{description}',\n 'enum': [{}],\n 'type': 'string'}}",
        names.join(", ")
    );
    let place = Place {
        found,
        schema: &format!("['properties']['{key}']"),
        path: &format!("['{key}']"),
        text: &text,
    };
    match found.as_str() {
        None => Err(place.wrong_type("string")),
        Some(value) if allowed.contains(&value) => Ok(value),
        Some(_) => Err(place.not_one_of(allowed)),
    }
}

/// Python's `repr`.
fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quote(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields: Vec<String> = fields
                .map(|(key, value)| format!("{}: {}", quote(key), repr(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    if escaped.contains('\'') && !escaped.contains('"') {
        return format!("\"{escaped}\"");
    }
    format!("'{}'", escaped.replace('\'', "\\'"))
}

/// Python's `pprint`, as far as one level of keys.
fn pretty(value: &Value) -> String {
    let flat = repr(value);
    let Value::Object(fields) = value else {
        return flat;
    };
    if flat.len() <= WIDTH {
        return flat;
    }
    let fields: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("{}: {}", quote(key), repr(value)))
        .collect();
    format!("{{{}}}", fields.join(",\n "))
}
