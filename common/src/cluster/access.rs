//! Whether the user may do something, asked before it is tried.

use super::connection::{Cluster, WriteMode};
use super::error::CallError;
use super::resource::Resource;
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Whether the user may `verb` the core resource in `namespace`; everywhere, if `None`.
///
/// Answers to SelfSubjectAccessReview (authorization.k8s.io/v1), which every signed-in user may create.
pub async fn may(
    cluster: &Cluster,
    verb: &str,
    resource: &str,
    namespace: Option<&str>,
) -> Result<bool, CallError> {
    let attributes = json!({"verb": verb, "resource": resource, "namespace": namespace});
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    let path = Resource::of::<SelfSubjectAccessReview>().everywhere();
    let answer: Value = cluster.create(&path, &review, WriteMode::Persist).await?;
    Ok(answer["status"]["allowed"] == true)
}

/// Those of `namespaces` where the user may not `verb` the resource; one request if the
/// user may everywhere.
pub async fn denied(
    cluster: &Cluster,
    verb: &str,
    resource: &str,
    namespaces: &BTreeSet<String>,
) -> Result<Vec<String>, CallError> {
    if namespaces.is_empty() || may(cluster, verb, resource, None).await? {
        return Ok(Vec::new());
    }
    let checks = cluster
        .window()
        .run(namespaces, async |namespace| {
            let allowed = may(cluster, verb, resource, Some(namespace)).await?;
            Ok((!allowed).then(|| namespace.clone()))
        })
        .await;
    let checks: Result<Vec<Option<String>>, CallError> = checks.into_iter().collect();
    Ok(checks?.into_iter().flatten().collect())
}
