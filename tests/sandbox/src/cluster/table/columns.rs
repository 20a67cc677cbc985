//! Which columns each kind has, and what is in them.

use serde_json::Value;

use super::{Columns, age, size};
use crate::cluster::kinds::Kind;
use crate::cluster::store::text;

const NONE: &str = "<none>";

/// The columns of a kind, and how a row of them is filled.
pub(super) fn layout(kind: &Kind) -> (Columns, fn(&Value) -> Vec<Value>) {
    match kind.group.as_str() {
        "" => core(&kind.plural),
        "apps" => workloads(&kind.plural),
        "rbac.authorization.k8s.io" if kind.plural.ends_with("bindings") => (
            &[
                ("Name", 0),
                ("Role", 0),
                ("Age", 0),
                ("Users", 1),
                ("Groups", 1),
                ("ServiceAccounts", 1),
            ],
            binding,
        ),
        "rbac.authorization.k8s.io" | "apiextensions.k8s.io" => {
            (&[("Name", 0), ("Created At", 0)], |object| {
                vec![
                    name(object),
                    text(object, "/metadata/creationTimestamp").into(),
                ]
            })
        }
        _ => plain(),
    }
}

fn plain() -> (Columns, fn(&Value) -> Vec<Value>) {
    (&[("Name", 0), ("Age", 0)], |object| {
        vec![name(object), age(object)]
    })
}

fn core(plural: &str) -> (Columns, fn(&Value) -> Vec<Value>) {
    match plural {
        "secrets" => (
            &[("Name", 0), ("Type", 0), ("Data", 0), ("Age", 0)],
            |object| {
                let count = size(object, "/data");
                vec![
                    name(object),
                    text(object, "/type").into(),
                    count.into(),
                    age(object),
                ]
            },
        ),
        "configmaps" => (&[("Name", 0), ("Data", 0), ("Age", 0)], |object| {
            let count = size(object, "/data") + size(object, "/binaryData");
            vec![name(object), count.into(), age(object)]
        }),
        "namespaces" => (&[("Name", 0), ("Status", 0), ("Age", 0)], |object| {
            vec![
                name(object),
                text(object, "/status/phase").into(),
                age(object),
            ]
        }),
        "pods" => (
            &[
                ("Name", 0),
                ("Ready", 0),
                ("Status", 0),
                ("Restarts", 0),
                ("Age", 0),
                ("IP", 1),
                ("Node", 1),
                ("Nominated Node", 1),
                ("Readiness Gates", 1),
            ],
            pod,
        ),
        "nodes" => (
            &[
                ("Name", 0),
                ("Status", 0),
                ("Roles", 0),
                ("Age", 0),
                ("Version", 0),
                ("Internal-IP", 1),
                ("External-IP", 1),
                ("OS-Image", 1),
                ("Kernel-Version", 1),
                ("Container-Runtime", 1),
            ],
            node,
        ),
        _ => plain(),
    }
}

fn workloads(plural: &str) -> (Columns, fn(&Value) -> Vec<Value>) {
    match plural {
        "deployments" => (
            &[
                ("Name", 0),
                ("Ready", 0),
                ("Up-to-date", 0),
                ("Available", 0),
                ("Age", 0),
                ("Containers", 1),
                ("Images", 1),
                ("Selector", 1),
            ],
            |object| {
                let mut cells = vec![
                    name(object),
                    ready(object),
                    number(object, "/status/updatedReplicas"),
                    number(object, "/status/availableReplicas"),
                    age(object),
                ];
                cells.extend([
                    containers(object, "name"),
                    containers(object, "image"),
                    selector(object),
                ]);
                cells
            },
        ),
        "statefulsets" => (
            &[
                ("Name", 0),
                ("Ready", 0),
                ("Age", 0),
                ("Containers", 1),
                ("Images", 1),
            ],
            |object| {
                vec![
                    name(object),
                    ready(object),
                    age(object),
                    containers(object, "name"),
                    containers(object, "image"),
                ]
            },
        ),
        "replicasets" => (
            &[
                ("Name", 0),
                ("Desired", 0),
                ("Current", 0),
                ("Ready", 0),
                ("Age", 0),
                ("Containers", 1),
                ("Images", 1),
                ("Selector", 1),
            ],
            |object| {
                let mut cells = vec![name(object), number(object, "/spec/replicas")];
                cells.extend([
                    number(object, "/status/replicas"),
                    number(object, "/status/readyReplicas"),
                    age(object),
                ]);
                cells.extend([
                    containers(object, "name"),
                    containers(object, "image"),
                    selector(object),
                ]);
                cells
            },
        ),
        "daemonsets" => (
            &[
                ("Name", 0),
                ("Desired", 0),
                ("Current", 0),
                ("Ready", 0),
                ("Up-to-date", 0),
                ("Available", 0),
                ("Node Selector", 0),
                ("Age", 0),
                ("Containers", 1),
                ("Images", 1),
                ("Selector", 1),
            ],
            |object| {
                let counts = [
                    "desiredNumberScheduled",
                    "currentNumberScheduled",
                    "numberReady",
                    "updatedNumberScheduled",
                    "numberAvailable",
                ];
                let mut cells = vec![name(object)];
                cells.extend(counts.map(|count| number(object, &format!("/status/{count}"))));
                cells.push(pairs(object.pointer("/spec/template/spec/nodeSelector")));
                cells.extend([
                    age(object),
                    containers(object, "name"),
                    containers(object, "image"),
                    selector(object),
                ]);
                cells
            },
        ),
        _ => plain(),
    }
}

fn binding(object: &Value) -> Vec<Value> {
    let role = format!(
        "{}/{}",
        text(object, "/roleRef/kind"),
        text(object, "/roleRef/name")
    );
    let subjects = object.get("subjects").and_then(Value::as_array);
    let of = |kind: &str| -> Value {
        let names = subjects
            .into_iter()
            .flatten()
            .filter(|subject| text(subject, "/kind") == kind);
        let names = names.map(|subject| match text(subject, "/namespace") {
            "" => text(subject, "/name").to_owned(),
            namespace => format!("{namespace}/{}", text(subject, "/name")),
        });
        names.collect::<Vec<_>>().join(", ").into()
    };
    vec![
        name(object),
        role.into(),
        age(object),
        of("User"),
        of("Group"),
        of("ServiceAccount"),
    ]
}

fn pod(object: &Value) -> Vec<Value> {
    let statuses = object
        .pointer("/status/containerStatuses")
        .and_then(Value::as_array);
    let statuses = statuses.map(Vec::as_slice).unwrap_or_default();
    let is_ready = |status: &&Value| {
        status.get("ready") == Some(&Value::Bool(true))
            && status.pointer("/state/running").is_some()
    };
    let restarts: i64 = statuses
        .iter()
        .filter_map(|status| status.get("restartCount")?.as_i64())
        .sum();
    let mut reasons = statuses
        .iter()
        .map(|status| match text(status, "/state/waiting/reason") {
            "" => text(status, "/state/terminated/reason"),
            reason => reason,
        });
    let reason = reasons.rfind(|reason| !reason.is_empty());
    let status = match (
        text(object, "/metadata/deletionTimestamp"),
        text(object, "/status/reason"),
    ) {
        ("", "") => reason.unwrap_or_else(|| text(object, "/status/phase")),
        ("", reason) => reason,
        _ => "Terminating",
    };
    let or_none = |pointer: &str| -> Value {
        match text(object, pointer) {
            "" => NONE.into(),
            text => text.into(),
        }
    };
    let ready = statuses.iter().filter(is_ready).count();
    vec![
        name(object),
        format!("{ready}/{}", size(object, "/spec/containers")).into(),
        status.into(),
        restarts.to_string().into(),
        age(object),
        or_none("/status/podIP"),
        or_none("/spec/nodeName"),
        or_none("/status/nominatedNodeName"),
        NONE.into(),
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
    let mut status = match ready.map(|condition| text(condition, "/status")) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if object.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        status.push_str(",SchedulingDisabled");
    }
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let roles: Vec<&str> = labels
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let roles = if roles.is_empty() {
        NONE.into()
    } else {
        roles.join(",")
    };
    let addresses = object
        .pointer("/status/addresses")
        .and_then(Value::as_array);
    let address = |ty: &str| -> Value {
        let found = addresses
            .into_iter()
            .flatten()
            .find(|address| text(address, "/type") == ty);
        found
            .map_or(NONE, |address| text(address, "/address"))
            .into()
    };
    let info = |key: &str| -> Value {
        match text(object, &format!("/status/nodeInfo/{key}")) {
            "" => "<unknown>".into(),
            text => text.into(),
        }
    };
    let version = text(object, "/status/nodeInfo/kubeletVersion");
    vec![
        name(object),
        status.into(),
        roles.into(),
        age(object),
        version.into(),
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ]
}

fn name(object: &Value) -> Value {
    text(object, "/metadata/name").into()
}

fn number(object: &Value, pointer: &str) -> Value {
    object
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
        .into()
}

fn ready(object: &Value) -> Value {
    let ready = number(object, "/status/readyReplicas");
    format!("{ready}/{}", number(object, "/spec/replicas")).into()
}

fn containers(object: &Value, field: &str) -> Value {
    let containers = object
        .pointer("/spec/template/spec/containers")
        .and_then(Value::as_array);
    let values = containers
        .into_iter()
        .flatten()
        .map(|container| text(container, &format!("/{field}")));
    values.collect::<Vec<_>>().join(",").into()
}

fn selector(object: &Value) -> Value {
    pairs(object.pointer("/spec/selector/matchLabels"))
}

/// `key=value,key=value`.
fn pairs(map: Option<&Value>) -> Value {
    let map = map.and_then(Value::as_object);
    let pairs: Vec<String> = map
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() {
        NONE.into()
    } else {
        pairs.join(",").into()
    }
}
