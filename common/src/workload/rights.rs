//! What the user may do with pods.

use crate::Failure;
use crate::cluster::{CallError, Cluster, Write};
use futures::future::join_all;
use serde_json::{Value, json};

/// What a pull test does with pods.
const VERBS: [&str; 4] = ["create", "get", "list", "delete"];

/// The verbs on pods in `namespace` that a pull test needs and the user does not have.
///
/// # Errors
/// Names the namespace, where the API server cannot be asked.
pub async fn missing_rights(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Vec<&'static str>, Failure> {
    let asked = join_all(VERBS.map(|verb| may(cluster, namespace, verb))).await;
    let mut missing = Vec::new();
    for (verb, answer) in VERBS.into_iter().zip(asked) {
        let may = answer.map_err(|error| {
            let action = format!("ask for the rights on pods in namespace `{namespace}`");
            error.into_failure(cluster.context(), &action)
        })?;
        if !may {
            missing.push(verb);
        }
    }
    Ok(missing)
}

async fn may(cluster: &Cluster, namespace: &str, verb: &str) -> Result<bool, CallError> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"namespace": namespace, "verb": verb, "resource": "pods"}},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer: Value = cluster.create(path, &review, Write::Persist).await?;
    Ok(answer["status"]["allowed"] == true)
}
