//! The rules of Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs.

use serde_json::{Value, json};

use super::kinds::Kind;
use super::pods;
use super::status::FieldError;

/// Fills in what the API server fills in.
pub(super) fn default(kind: &Kind, object: &mut Value) {
    let Some(fields) = object.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    let mut set = |key: &str, value: Value| {
        fields.entry(key).or_insert(value);
    };
    let quarter = || json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}});
    match kind.plural.as_str() {
        "deployments" => {
            set("replicas", 1.into());
            set("strategy", quarter());
            set("revisionHistoryLimit", 10.into());
            set("progressDeadlineSeconds", 600.into());
        }
        "replicasets" => set("replicas", 1.into()),
        "statefulsets" => {
            set("replicas", 1.into());
            set("podManagementPolicy", "OrderedReady".into());
            set(
                "updateStrategy",
                json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
            );
            set("revisionHistoryLimit", 10.into());
            set(
                "persistentVolumeClaimRetentionPolicy",
                json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
            );
        }
        "daemonsets" => {
            set(
                "updateStrategy",
                json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}),
            );
            set("revisionHistoryLimit", 10.into());
        }
        "jobs" => {
            set("parallelism", 1.into());
            set("completions", 1.into());
            set("backoffLimit", 6.into());
            set("completionMode", "NonIndexed".into());
            set("suspend", false.into());
            set("manualSelector", false.into());
            set("podReplacementPolicy", "TerminatingOrFailed".into());
        }
        "cronjobs" => {
            set("concurrencyPolicy", "Allow".into());
            set("suspend", false.into());
            set("successfulJobsHistoryLimit", 3.into());
            set("failedJobsHistoryLimit", 1.into());
        }
        _ => {}
    }
    pods::default_spec(object.pointer_mut(template(kind)));
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
