//! The nodes of a cluster, as far as their pull secret is concerned.

use crate::Failure;
use crate::cluster::{Cluster, Resource, list_all};
use crate::hint::{self, Hint};
use kube::core::params::ListParams;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the Machine Config Operator wants of a node.
const WANTED: &str = "machineconfiguration.openshift.io/desiredConfig";

/// The part of a node that is read: all of it also names every image that the node has.
#[derive(Clone, Deserialize)]
pub(super) struct Node {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Clone, Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Clone, Default, Deserialize)]
struct Spec {
    #[serde(default)]
    unschedulable: bool,
}

#[derive(Clone, Default, Deserialize)]
struct Status {
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Clone, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

/// Lists them all, or those with these labels.
///
/// # Errors
/// Names the right that is missing.
pub(super) async fn nodes(cluster: &Cluster, labels: &str) -> Result<Vec<Node>, Failure> {
    let path = Resource::of::<k8s_openapi::api::core::v1::Node>().everywhere();
    let params = match labels {
        "" => ListParams::default(),
        labels => ListParams::default().labels(labels),
    };
    let listed = list_all::<Node>(cluster, &path, &params).await;
    listed.map_err(|error| {
        let context = cluster.context();
        match error.is_forbidden() {
            true => error.into_failure(context, "list nodes").next(
                Hint::from("ask for that right, then check with: ")
                    .run(hint::kubectl("auth can-i list nodes").at(context)),
            ),
            false => error.into_failure(context, "list nodes"),
        }
    })
}

impl Node {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether it is in this pool of the Machine Config Operator, which calls what it renders for
    /// the pool `rendered-POOL-HASH`.
    pub(super) fn is_in(&self, pool: &str) -> bool {
        let wanted = self.metadata.annotations.get(WANTED);
        let rendered = wanted.and_then(|wanted| wanted.strip_prefix("rendered-"));
        let of = rendered.and_then(|rendered| rendered.rsplit_once('-'));
        of.is_some_and(|(of, _)| of == pool)
    }

    /// Its name and why it is not available, if it is not.
    pub(super) fn trouble(&self) -> Option<String> {
        let mut conditions = self.status.conditions.iter();
        let is_ready =
            conditions.any(|condition| condition.kind == "Ready" && condition.status == "True");
        let trouble = match (is_ready, self.spec.unschedulable) {
            (true, false) => return None,
            (true, true) => "cordoned",
            (false, false) => "not ready",
            (false, true) => "not ready, cordoned",
        };
        Some(format!("{} ({trouble})", self.name()))
    }
}
