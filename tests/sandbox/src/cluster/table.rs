//! The rows and columns `kubectl get` prints.

use std::sync::Arc;

use jiff::{SpanRound, Timestamp, Unit};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::read::partial;
use super::store::{Object, text};

/// Column names with the priority that hides them unless `-o wide` is asked for.
type Columns = &'static [(&'static str, u8)];

/// The objects as a Table.
pub(super) fn render(kind: &Kind, objects: &[Arc<Object>], metadata: &Value) -> Value {
    let (columns, cells) = layout(kind);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, priority)| {
            json!({
                "name": name,
                "type": if matches!(*name, "Data" | "Secrets" | "Restarts" | "Up-to-date" | "Available") { "integer" } else { "string" },
                "format": if *name == "Name" { "name" } else { "" },
                "description": "",
                "priority": priority,
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| json!({"cells": cells(&object.value), "object": partial(object)}))
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

fn layout(kind: &Kind) -> (Columns, fn(&Value) -> Vec<Value>) {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "secrets") => (
            &[("Name", 0), ("Type", 0), ("Data", 0), ("Age", 0)],
            |object| {
                vec![
                    name(object),
                    text(object, "/type").into(),
                    size(object, "/data").into(),
                    age(object),
                ]
            },
        ),
        ("", "configmaps") => (&[("Name", 0), ("Data", 0), ("Age", 0)], |object| {
            let count = size(object, "/data") + size(object, "/binaryData");
            vec![name(object), count.into(), age(object)]
        }),
        ("", "serviceaccounts") => (&[("Name", 0), ("Secrets", 0), ("Age", 0)], |object| {
            vec![name(object), size(object, "/secrets").into(), age(object)]
        }),
        ("", "namespaces") => (&[("Name", 0), ("Status", 0), ("Age", 0)], |object| {
            vec![
                name(object),
                text(object, "/status/phase").into(),
                age(object),
            ]
        }),
        ("", "pods") => (
            &[
                ("Name", 0),
                ("Ready", 0),
                ("Status", 0),
                ("Restarts", 0),
                ("Age", 0),
                ("Node", 1),
            ],
            pod,
        ),
        ("", "nodes") => (
            &[
                ("Name", 0),
                ("Status", 0),
                ("Roles", 0),
                ("Age", 0),
                ("Version", 0),
            ],
            node,
        ),
        ("apps", "deployments") => (
            &[
                ("Name", 0),
                ("Ready", 0),
                ("Up-to-date", 0),
                ("Available", 0),
                ("Age", 0),
            ],
            |object| {
                let number = |pointer: &str| {
                    object
                        .pointer(pointer)
                        .and_then(Value::as_i64)
                        .unwrap_or_default()
                };
                let ready = format!(
                    "{}/{}",
                    number("/status/readyReplicas"),
                    number("/spec/replicas")
                );
                vec![
                    name(object),
                    ready.into(),
                    number("/status/updatedReplicas").into(),
                    number("/status/availableReplicas").into(),
                    age(object),
                ]
            },
        ),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            (&[("Name", 0), ("Role", 0), ("Age", 0)], |object| {
                let role = format!(
                    "{}/{}",
                    text(object, "/roleRef/kind"),
                    text(object, "/roleRef/name")
                );
                vec![name(object), role.into(), age(object)]
            })
        }
        ("rbac.authorization.k8s.io" | "apiextensions.k8s.io", _) => {
            (&[("Name", 0), ("Created At", 0)], |object| {
                vec![
                    name(object),
                    text(object, "/metadata/creationTimestamp").into(),
                ]
            })
        }
        _ => (&[("Name", 0), ("Age", 0)], |object| {
            vec![name(object), age(object)]
        }),
    }
}

fn pod(object: &Value) -> Vec<Value> {
    let statuses = object
        .pointer("/status/containerStatuses")
        .and_then(Value::as_array);
    let statuses = statuses.map(Vec::as_slice).unwrap_or_default();
    let ready = statuses
        .iter()
        .filter(|status| status.get("ready") == Some(&Value::Bool(true)))
        .count();
    let restarts: i64 = statuses
        .iter()
        .filter_map(|status| status.get("restartCount")?.as_i64())
        .sum();
    let waiting = statuses
        .iter()
        .map(|status| text(status, "/state/waiting/reason"));
    let waiting = waiting.into_iter().find(|reason| !reason.is_empty());
    let all = size(object, "/spec/containers");
    vec![
        name(object),
        format!("{ready}/{all}").into(),
        waiting
            .unwrap_or_else(|| text(object, "/status/phase"))
            .into(),
        restarts.into(),
        age(object),
        match text(object, "/spec/nodeName") {
            "" => "<none>".into(),
            node => node.into(),
        },
    ]
}

fn node(object: &Value) -> Vec<Value> {
    let conditions = object
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| text(condition, "/type") == "Ready");
    let status = match ready.map(|condition| text(condition, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let roles = if roles.is_empty() {
        "<none>".into()
    } else {
        roles.join(",")
    };
    let version = text(object, "/status/nodeInfo/kubeletVersion");
    vec![
        name(object),
        status.into(),
        roles.into(),
        age(object),
        version.into(),
    ]
}

fn name(object: &Value) -> Value {
    text(object, "/metadata/name").into()
}

/// How many entries a map or a list has.
fn size(object: &Value, pointer: &str) -> usize {
    match object.pointer(pointer) {
        Some(Value::Object(fields)) => fields.len(),
        Some(Value::Array(items)) => items.len(),
        _ => 0,
    }
}

fn age(object: &Value) -> Value {
    let Ok(created) = text(object, "/metadata/creationTimestamp").parse::<Timestamp>() else {
        return "<unknown>".into();
    };
    let round = SpanRound::new()
        .largest(Unit::Second)
        .smallest(Unit::Second);
    let since = Timestamp::now() - created;
    let seconds = since.round(round).map_or(0, |span| span.get_seconds());
    short_duration(seconds).into()
}

/// A duration the way `kubectl` prints ages: two units at most, fewer as they grow.
fn short_duration(seconds: i64) -> String {
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big}{big_unit}"),
        _ => format!("{big}{big_unit}{small}{small_unit}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        ..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => two(days / 365, "y", days % 365, "d"),
    }
}
