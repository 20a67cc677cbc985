//! The rules of Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs.

use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::pods;
use super::rules::fill;
use super::status::FieldError;

/// Fills in what the API server fills in.
pub(super) fn default(kind: &Kind, object: &mut Value) {
    let Some(fields) = object.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    match kind.plural.as_str() {
        "deployments" => {
            fill(fields, "replicas", 1.into());
            rolling(
                fields,
                "strategy",
                &json!({"maxUnavailable": "25%", "maxSurge": "25%"}),
            );
            fill(fields, "revisionHistoryLimit", 10.into());
            fill(fields, "progressDeadlineSeconds", 600.into());
        }
        "replicasets" => fill(fields, "replicas", 1.into()),
        "statefulsets" => {
            fill(fields, "replicas", 1.into());
            fill(fields, "podManagementPolicy", "OrderedReady".into());
            rolling(fields, "updateStrategy", &json!({"partition": 0}));
            fill(fields, "revisionHistoryLimit", 10.into());
            let policy = json!({"whenDeleted": "Retain", "whenScaled": "Retain"});
            fill(fields, "persistentVolumeClaimRetentionPolicy", policy);
        }
        "daemonsets" => {
            rolling(
                fields,
                "updateStrategy",
                &json!({"maxUnavailable": 1, "maxSurge": 0}),
            );
            fill(fields, "revisionHistoryLimit", 10.into());
        }
        "jobs" => {
            fill(fields, "parallelism", 1.into());
            fill(fields, "completions", 1.into());
            fill(fields, "backoffLimit", 6.into());
            fill(fields, "completionMode", "NonIndexed".into());
            fill(fields, "suspend", false.into());
            fill(fields, "manualSelector", false.into());
            fill(fields, "podReplacementPolicy", "TerminatingOrFailed".into());
        }
        "cronjobs" => {
            fill(fields, "concurrencyPolicy", "Allow".into());
            fill(fields, "suspend", false.into());
            fill(fields, "successfulJobsHistoryLimit", 3.into());
            fill(fields, "failedJobsHistoryLimit", 1.into());
        }
        _ => {}
    }
    pods::default_spec(object.pointer_mut(template(kind)));
}

/// Fills in a strategy: rolling, unless it says otherwise.
fn rolling(fields: &mut Map<String, Value>, key: &str, parameters: &Value) {
    let strategy = fields.entry(key).or_insert_with(|| json!({}));
    let Some(strategy) = strategy.as_object_mut() else {
        return;
    };
    fill(strategy, "type", "RollingUpdate".into());
    if strategy.get("type").and_then(Value::as_str) != Some("RollingUpdate") {
        return;
    }
    let rolling = strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
    for (key, value) in parameters.as_object().into_iter().flatten() {
        if let Some(rolling) = rolling.as_object_mut() {
            fill(rolling, key, value.clone());
        }
    }
}

/// Where the kind has its pod spec.
fn template(kind: &Kind) -> &'static str {
    if kind.plural == "cronjobs" {
        "/spec/jobTemplate/spec/template/spec"
    } else {
        "/spec/template/spec"
    }
}

/// Breaches of the rules for creating and changing a workload.
pub(super) fn errors(kind: &Kind, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    if kind.plural == "controllerrevisions" {
        return Vec::new();
    }
    let mut errors = Vec::new();
    if matches!(
        kind.plural.as_str(),
        "deployments" | "replicasets" | "statefulsets" | "daemonsets"
    ) {
        let selector = new.pointer("/spec/selector");
        if selector.is_none_or(Value::is_null) {
            errors.push(FieldError::required("spec.selector", ""));
        } else {
            errors.extend(selector_error(new));
        }
        if let Some(old) = old
            && old.pointer("/spec/selector") != selector
        {
            let given = selector.map(Value::to_string).unwrap_or_default();
            errors.push(FieldError::invalid(
                "spec.selector",
                &given,
                "field is immutable",
            ));
        }
    }
    if let (Some(old), "jobs") = (old, kind.plural.as_str())
        && old.pointer("/spec/template") != new.pointer("/spec/template")
    {
        let given = new
            .pointer("/spec/template")
            .map(Value::to_string)
            .unwrap_or_default();
        errors.push(FieldError::invalid(
            "spec.template",
            &given,
            "field is immutable",
        ));
    }
    let path = template(kind).trim_start_matches('/').replace('/', ".");
    errors.extend(pods::spec_errors(new.pointer(template(kind)), &path));
    errors
}

/// A workload that does not select its own pods.
fn selector_error(object: &Value) -> Option<FieldError> {
    let wanted = object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object)?;
    let labels = object.pointer("/spec/template/metadata/labels");
    let selects = wanted
        .iter()
        .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value));
    let given = labels
        .map(Value::to_string)
        .unwrap_or_else(|| "null".into());
    (!selects).then(|| {
        FieldError::invalid(
            "spec.template.metadata.labels",
            &given,
            "`selector` does not match template `labels`",
        )
    })
}
