//! The rules of Pods: what is filled in, and what their ServiceAccount adds.

use serde_json::{Map, Value, json};

use super::rules::fill;
use super::status::{FieldError, Outcome, Status};
use super::store::{Store, text};

/// Fills in a pod.
pub(super) fn default(pod: &mut Value) {
    default_spec(pod.get_mut("spec"));
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        fill(spec, "enableServiceLinks", true.into());
    }
}

/// Fills in a pod's spec, its own or a template's.
pub(super) fn default_spec(spec: Option<&mut Value>) {
    let Some(spec) = spec.and_then(Value::as_object_mut) else {
        return;
    };
    let mut set = |key: &str, value: Value| fill(spec, key, value);
    set("restartPolicy", "Always".into());
    set("terminationGracePeriodSeconds", 30.into());
    set("dnsPolicy", "ClusterFirst".into());
    set("securityContext", json!({}));
    set("schedulerName", "default-scheduler".into());
    // The old name of the field and the new one follow each other.
    if let Some(name) = spec
        .get("serviceAccountName")
        .or_else(|| spec.get("serviceAccount"))
        .cloned()
    {
        spec.insert("serviceAccountName".into(), name.clone());
        spec.insert("serviceAccount".into(), name);
    }
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            default_container(container);
        }
    }
}

fn default_container(container: &mut Map<String, Value>) {
    let image = container
        .get("image")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let (name, tag) = match image.rsplit_once('/') {
        Some((_, last)) => last.split_once(':').unwrap_or((last, "")),
        None => image.split_once(':').unwrap_or((image, "")),
    };
    let moving = !name.contains('@') && (tag.is_empty() || tag == "latest");
    let policy = if moving { "Always" } else { "IfNotPresent" };
    let mut set = |key: &str, value: Value| fill(container, key, value);
    set("resources", json!({}));
    set("terminationMessagePath", "/dev/termination-log".into());
    set("terminationMessagePolicy", "File".into());
    set("imagePullPolicy", policy.into());
    let ports = container.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        fill(port, "protocol", "TCP".into());
    }
}

/// What admission adds to a new pod: its ServiceAccount, and that one's pull secrets.
///
/// # Errors
/// 403 when there is no such ServiceAccount.
pub(super) fn admit(store: &Store, pod: &mut Value) -> Outcome<()> {
    let namespace = text(pod, "/metadata/namespace").to_owned();
    let name = text(pod, "/metadata/name").to_owned();
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else {
        return Ok(());
    };
    let account = match spec.get("serviceAccountName").and_then(Value::as_str) {
        None | Some("") => "default".to_owned(),
        Some(account) => account.to_owned(),
    };
    spec.insert("serviceAccountName".into(), account.clone().into());
    spec.insert("serviceAccount".into(), account.clone().into());
    let Some(found) = store.of("", "serviceaccounts").get(&namespace, &account) else {
        let why = format!(
            "error looking up service account {namespace}/{account}: serviceaccount {account:?} not found"
        );
        return Err(Status::forbidden("", "pods", &name, &why));
    };
    let own = spec.get("imagePullSecrets").and_then(Value::as_array);
    if own.is_none_or(Vec::is_empty)
        && let Some(secrets) = found.value.get("imagePullSecrets")
    {
        spec.insert("imagePullSecrets".into(), secrets.clone());
    }
    tolerate_failing_nodes(spec);
    for (key, value) in [
        ("preemptionPolicy", "PreemptLowerPriority".into()),
        ("priority", 0.into()),
    ] {
        fill(spec, key, value);
    }
    Ok(())
}

/// Pods stay five minutes on a node that fails, unless they say otherwise.
fn tolerate_failing_nodes(spec: &mut Map<String, Value>) {
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Some(tolerations) = tolerations.as_array_mut() else {
        return;
    };
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        let known = |toleration: &Value| {
            let (of, effect) = (text(toleration, "/key"), text(toleration, "/effect"));
            (of.is_empty() || of == key) && matches!(effect, "" | "NoExecute")
        };
        if !tolerations.iter().any(known) {
            tolerations.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
}

/// Breaches of a Pod's own rules.
pub(super) fn errors(pod: &Value) -> Vec<FieldError> {
    spec_errors(pod.get("spec"), "spec")
}

/// Breaches of a pod spec, its own or a template's.
pub(super) fn spec_errors(spec: Option<&Value>, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let containers = spec
        .and_then(|spec| spec.get("containers"))
        .and_then(Value::as_array);
    let containers = containers.map(Vec::as_slice).unwrap_or_default();
    if containers.is_empty() {
        errors.push(FieldError::required(format!("{path}.containers"), ""));
    }
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if text(container, &format!("/{field}")).is_empty() {
                errors.push(FieldError::required(
                    format!("{path}.containers[{index}].{field}"),
                    "",
                ));
            }
        }
    }
    errors
}

/// The quality of service its resource requests give a pod.
pub(super) fn quality(spec: &Value) -> &'static str {
    let containers = spec.get("containers").and_then(Value::as_array);
    let mut any = false;
    let mut all = true;
    for container in containers.into_iter().flatten() {
        let of = |what: &str, resource: &str| {
            container
                .pointer(&format!("/resources/{what}/{resource}"))
                .cloned()
        };
        for resource in ["cpu", "memory"] {
            let (request, limit) = (of("requests", resource), of("limits", resource));
            any |= request.is_some() || limit.is_some();
            all &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
