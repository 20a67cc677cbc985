//! `sync --dry-run=client -o yaml|json`: the objects that would be written.

use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputFormat, to_yaml};
use quay_common::outcome::Outcome;
use quay_common::pullsecret::{ClusterPlan, SyncPlan, Verdict, manifests};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The one place where a credential is printed, because it was asked for; stderr says whose.
pub async fn print_manifests(
    plan: &SyncPlan<'_>,
    format: OutputFormat,
    console: &Console,
) -> Result<Exit, Failure> {
    let mut objects: Vec<Value> = Vec::new();
    let mut failures: Vec<Outcome> = plan.outcomes();
    for planned in &plan.clusters {
        let views = &plan.seen.reached;
        let attaches = planned.namespaces.iter().any(|plan| plan.attach.is_some());
        let view = views.iter().find(|view| view.context() == planned.context);
        let accounts = match view.filter(|_| attaches) {
            Some(view) => {
                let found = view.accounts().await;
                failures.extend(found.failures);
                found.items
            }
            None => Vec::new(),
        };
        objects.extend(manifests(&planned.namespaces, &accounts));
    }
    let text = match format {
        OutputFormat::Json => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            format!("{list:#}\n")
        }
        _ => objects
            .iter()
            .map(|object| Ok(format!("---\n{}", to_yaml(object)?)))
            .collect::<Result<String, Failure>>()?,
    };
    let printed = printed_registries(&plan.clusters);
    if !printed.is_empty() {
        console.warn(format!(
            "the output contains credentials in plain base64, for: {}",
            printed.join(", ")
        ));
    }
    console.data(&text)?;
    let failed = failures.iter().filter(|item| item.result.is_failure());
    let mut exit = Exit::Success;
    for item in failed {
        console.warn(format!(
            "{}/{} is not in the output: {}",
            item.place.namespace, item.place.name, item.message
        ));
        exit = Exit::Problem;
    }
    Ok(exit)
}

/// Every `auths` key whose credential is in the manifests, ours and others'.
fn printed_registries(planned: &[ClusterPlan]) -> Vec<String> {
    let mut keys = BTreeSet::new();
    for secret in planned
        .iter()
        .flat_map(|planned| &planned.namespaces)
        .flat_map(|plan| &plan.secrets)
    {
        if !secret.writes() && !secret.is_current() {
            continue;
        }
        let ours = secret
            .entries
            .iter()
            .filter(|entry| entry.verdict != Verdict::Unknown);
        keys.extend(ours.map(|entry| entry.key.clone()));
        let document = secret
            .base
            .as_ref()
            .and_then(|base| base.document.as_ref().ok());
        keys.extend(
            document
                .iter()
                .flat_map(|document| document.entries())
                .map(|(key, _)| key.to_owned()),
        );
    }
    keys.into_iter().collect()
}
