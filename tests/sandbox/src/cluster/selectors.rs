//! Label and field selectors.

use serde_json::Value;

use super::kinds::Kind;
use super::names::{label_value_error, qualified_name_error};
use super::status::{Outcome, Status};
use super::store::{Object, text};

/// Which objects a list or a watch is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    Missing,
    Greater,
    Less,
}

#[derive(Clone, Debug)]
struct FieldRequirement {
    field: String,
    value: String,
    equal: bool,
}

impl Selector {
    /// Reads both selectors of a query.
    ///
    /// # Errors
    /// 400 for one that cannot be read, or a field the resource cannot be selected by.
    pub(super) fn parse(kind: &Kind, labels: &str, fields: &str) -> Outcome<Self> {
        let labels = parse_labels(labels)
            .map_err(|why| Status::bad_request(format!("unable to parse requirement: {why}")))?;
        let fields = parse_fields(kind, fields).map_err(Status::bad_request)?;
        Ok(Self { labels, fields })
    }

    pub(super) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The name this selects, when it selects one.
    pub(super) fn name_in(fields: &str) -> &str {
        let mut parts = fields
            .split(',')
            .map(|part| part.trim().trim_start_matches("metadata.name"));
        let value =
            parts.find_map(|part| part.strip_prefix("==").or_else(|| part.strip_prefix('=')));
        match value {
            Some(value) if fields.starts_with("metadata.name") => value,
            _ => "",
        }
    }

    pub(super) fn matches(&self, object: &Object) -> bool {
        let labels = object.value.pointer("/metadata/labels");
        self.labels.iter().all(|requirement| {
            let value = labels
                .and_then(|labels| labels.get(&requirement.key))
                .and_then(Value::as_str);
            requirement.accepts(value)
        }) && self.fields.iter().all(|requirement| {
            let value = field_value(&object.value, &requirement.field);
            (value == requirement.value) == requirement.equal
        })
    }
}

impl Requirement {
    fn accepts(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|wanted| wanted == value);
        let limit = || {
            self.values
                .first()
                .and_then(|limit| limit.parse::<i64>().ok())
        };
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self.operator {
            Operator::Exists => value.is_some(),
            Operator::Missing => value.is_none(),
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Greater => number()
                .zip(limit())
                .is_some_and(|(number, limit)| number > limit),
            Operator::Less => number()
                .zip(limit())
                .is_some_and(|(number, limit)| number < limit),
        }
    }
}

fn field_value<'a>(object: &'a Value, field: &str) -> &'a str {
    match field {
        "metadata.name" => text(object, "/metadata/name"),
        "metadata.namespace" => text(object, "/metadata/namespace"),
        "spec.restartPolicy" => text(object, "/spec/restartPolicy"),
        "reason" => text(object, "/reason"),
        "type" => text(object, "/type"),
        "involvedObject.name" => text(object, "/involvedObject/name"),
        "involvedObject.kind" => text(object, "/involvedObject/kind"),
        "involvedObject.namespace" => text(object, "/involvedObject/namespace"),
        "involvedObject.uid" => text(object, "/involvedObject/uid"),
        "spec.nodeName" => text(object, "/spec/nodeName"),
        "spec.serviceAccountName" => text(object, "/spec/serviceAccountName"),
        "spec.schedulerName" => text(object, "/spec/schedulerName"),
        "status.podIP" => text(object, "/status/podIP"),
        "status.nominatedNodeName" => text(object, "/status/nominatedNodeName"),
        _ => text(object, "/status/phase"),
    }
}

/// The fields a resource can be selected by, besides name and namespace.
fn selectable(kind: &Kind) -> &'static [&'static str] {
    if !kind.group.is_empty() {
        return &[];
    }
    match kind.plural.as_str() {
        "secrets" => &["type"],
        "namespaces" => &["status.phase"],
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "events" => &[
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.uid",
            "reason",
            "type",
        ],
        _ => &[],
    }
}

fn parse_fields(kind: &Kind, text: &str) -> Result<Vec<FieldRequirement>, String> {
    let mut requirements = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let split = ["!=", "==", "="].iter().find_map(|operator| {
            let (field, value) = part.split_once(operator)?;
            Some((field, value, *operator != "!="))
        });
        let Some((field, value, equal)) = split else {
            return Err(format!(
                "invalid selector: '{text}'; can't understand '{part}'"
            ));
        };
        let general =
            field == "metadata.name" || (field == "metadata.namespace" && kind.namespaced);
        let cluster_wide = field == "metadata.namespace" && (kind.group.is_empty() || kind.custom);
        if !(general || cluster_wide || selectable(kind).contains(&field)) {
            return Err(if kind.group.is_empty() && !selectable(kind).is_empty() {
                format!("field label not supported: {field}")
            } else {
                format!(
                    "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                )
            });
        }
        let value = value
            .replace("\\,", ",")
            .replace("\\=", "=")
            .replace("\\\\", "\\");
        requirements.push(FieldRequirement {
            field: field.to_owned(),
            value,
            equal,
        });
    }
    Ok(requirements)
}

fn parse_labels(text: &str) -> Result<Vec<Requirement>, String> {
    let mut requirements = Vec::new();
    for part in split_outside_parentheses(text) {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        let requirement = parse_requirement(part)?;
        if let Some(why) = qualified_name_error(&requirement.key) {
            return Err(format!(
                "<nil>: Invalid value: {:?}: {why}",
                requirement.key
            ));
        }
        for value in &requirement.values {
            if let Some(why) = label_value_error(value) {
                return Err(format!(
                    "values[0][{}]: Invalid value: {value:?}: {why}",
                    requirement.key
                ));
            }
        }
        requirements.push(requirement);
    }
    Ok(requirements)
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(|char| {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        char == ',' && depth == 0
    })
    .collect()
}

fn parse_requirement(part: &str) -> Result<Requirement, String> {
    let of = |key: &str, operator, values: &[&str]| Requirement {
        key: key.trim().to_owned(),
        operator,
        values: values.iter().map(|value| value.trim().to_owned()).collect(),
    };
    if let Some(key) = part.strip_prefix('!') {
        return Ok(of(key, Operator::Missing, &[]));
    }
    if let Some((head, list)) = part.split_once('(') {
        let Some(list) = list.strip_suffix(')') else {
            return Err(format!("found '{part}', expected: ',' or ')'"));
        };
        let values: Vec<&str> = list.split(',').collect();
        let mut words = head.split_whitespace();
        return match (words.next(), words.next()) {
            (Some(key), Some("in")) => Ok(of(key, Operator::In, &values)),
            (Some(key), Some("notin")) => Ok(of(key, Operator::NotIn, &values)),
            _ => Err(format!(
                "found '{part}', expected: in, notin, =, ==, !=, gt, lt"
            )),
        };
    }
    for (sign, operator) in [
        ("!=", Operator::NotIn),
        ("==", Operator::In),
        ("=", Operator::In),
        (">", Operator::Greater),
        ("<", Operator::Less),
    ] {
        if let Some((key, value)) = part.split_once(sign) {
            return Ok(of(key, operator, &[value]));
        }
    }
    if part.contains(char::is_whitespace) {
        let found = part.split_whitespace().nth(1).unwrap_or_default();
        if matches!(found, "in" | "notin") {
            return Err("found '' expected: '('".into());
        }
        return Err(format!(
            "found '{found}', expected: in, notin, =, ==, !=, gt, lt"
        ));
    }
    Ok(of(part, Operator::Exists, &[]))
}

#[cfg(test)]
mod tests;
