//! What the nodes of an OpenShift cluster have of their own.

use super::case::{GlobalSeen, SecretSeen};
use crate::cluster::{CallError, Cluster, path_of};
use crate::node_secrets::{ADDITIONAL_PULL_SECRET, GLOBAL_PULL_SECRET};
use k8s_openapi::api::core::v1::Secret;
use std::collections::BTreeMap;

/// OpenShift's secrets for all nodes: what a node reads besides is seen by nobody.
pub async fn secrets_of_nodes(cluster: &Cluster) -> GlobalSeen {
    let mut found = BTreeMap::new();
    for name in [GLOBAL_PULL_SECRET, ADDITIONAL_PULL_SECRET] {
        let path = path_of::<Secret>(name.namespace, name.name);
        let read: Result<Secret, CallError> = cluster.get(&path).await;
        match read {
            Ok(secret) => found.insert(name.to_string(), SecretSeen::Found(secret.into())),
            // Without the first there is no second.
            Err(_) => break,
        };
    }
    match found.is_empty() {
        true => GlobalSeen::Unseen,
        false => GlobalSeen::Found(found),
    }
}
