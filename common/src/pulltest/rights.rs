//! What the user may do with pods.

use crate::Failure;
use crate::cluster::{Cluster, may};
use futures::future::join_all;

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
    let asked = join_all(VERBS.map(|verb| may(cluster, verb, "pods", Some(namespace)))).await;
    let mut missing = Vec::new();
    for (verb, answer) in VERBS.into_iter().zip(asked) {
        let allowed = answer.map_err(|error| {
            let action = format!("ask for the rights on pods in namespace `{namespace}`");
            error.into_failure(cluster.context(), &action)
        })?;
        if !allowed {
            missing.push(verb);
        }
    }
    Ok(missing)
}
