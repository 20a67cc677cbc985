//! Pods, as far as pull secrets are concerned.

use super::observe::list;
use crate::Failure;
use crate::cluster::{Cluster, NamespaceSelection};
use crate::dockerconfig::ImageReference;
use kube::core::params::ListParams;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A pod's references and images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodUse {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The pull secrets it was created with.
    pub pull_secrets: Vec<String>,
    /// The images of all its containers.
    pub images: BTreeSet<ImageReference>,
}

#[derive(Clone, Deserialize)]
struct Pod {
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Clone, Deserialize)]
struct Metadata {
    name: String,
    namespace: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    image_pull_secrets: Vec<Reference>,
    #[serde(default)]
    containers: Vec<Container>,
    #[serde(default)]
    init_containers: Vec<Container>,
}

#[derive(Clone, Deserialize)]
struct Reference {
    #[serde(default)]
    name: String,
}

#[derive(Clone, Deserialize)]
struct Container {
    #[serde(default)]
    image: String,
}

#[derive(Clone, Default, Deserialize)]
struct Status {
    #[serde(default)]
    phase: String,
}

/// The pods in these namespaces that have not ended.
pub async fn running_pods(
    cluster: &Cluster,
    namespaces: BTreeSet<String>,
) -> Result<Vec<PodUse>, Failure> {
    let selection = NamespaceSelection::Named(namespaces.clone());
    let pods = list::<Pod>(cluster, &selection, "pods", &ListParams::default()).await?;
    Ok(pods
        .into_iter()
        .filter(|pod| !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"))
        .filter(|pod| namespaces.contains(&pod.metadata.namespace))
        .map(|pod| PodUse {
            namespace: pod.metadata.namespace,
            name: pod.metadata.name,
            pull_secrets: pod
                .spec
                .image_pull_secrets
                .into_iter()
                .map(|reference| reference.name)
                .collect(),
            images: pod
                .spec
                .containers
                .iter()
                .chain(&pod.spec.init_containers)
                .filter_map(|container| container.image.parse().ok())
                .collect(),
        })
        .collect())
}
