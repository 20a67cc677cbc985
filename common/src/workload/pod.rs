//! Pods, as far as pull secrets are concerned.

use super::metadata::{Metadata, controller_of};
use super::workload_kind::Workload;
use crate::kubelet::ImageReference;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A pod's references and images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodUse {
    pub namespace: String,
    pub name: String,
    /// The service account it runs as.
    pub service_account: String,
    /// The pull secrets it was created with.
    pub pull_secrets: Vec<String>,
    /// The images of all its containers.
    pub images: BTreeSet<ImageReference>,
    /// What started it, if anything did.
    pub owner: Option<Workload>,
    /// The secrets that are mounted into it. The kubelet brings those copies up to date
    /// within about a minute, unless they are `frozen` too.
    pub mounted: BTreeSet<String>,
    /// The secrets it has as environment variables or `subPath` mounts: those copies stay
    /// what they were when the container started.
    pub frozen: BTreeSet<String>,
}

impl From<Pod> for PodUse {
    fn from(Pod { metadata, spec, .. }: Pod) -> Self {
        Self {
            owner: controller_of(&metadata.namespace, &metadata.owner_references),
            mounted: spec.volumes.iter().flat_map(Volume::secrets).collect(),
            frozen: spec
                .all_containers()
                .flat_map(|container| container.frozen(&spec.volumes))
                .collect(),
            images: spec
                .all_containers()
                .filter_map(|container| container.image.parse().ok())
                .collect(),
            pull_secrets: names(spec.image_pull_secrets),
            service_account: spec.service_account_name,
            namespace: metadata.namespace,
            name: metadata.name,
        }
    }
}

#[derive(Clone, Deserialize)]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    pub(super) status: Status,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(super) struct Spec {
    service_account_name: String,
    image_pull_secrets: Vec<Reference>,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
    ephemeral_containers: Vec<Container>,
    volumes: Vec<Volume>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    pub(super) phase: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Reference {
    name: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    image: String,
    env: Vec<Variable>,
    env_from: Vec<VariableSource>,
    volume_mounts: Vec<Mount>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Variable {
    value_from: Option<VariableSource>,
}

/// Where one variable, or all of them, come from.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VariableSource {
    /// Of one variable.
    secret_key_ref: Option<Reference>,
    /// Of all.
    secret_ref: Option<Reference>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Mount {
    name: String,
    sub_path: String,
    sub_path_expr: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Volume {
    name: String,
    secret: Option<SecretVolume>,
    projected: Option<Projected>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SecretVolume {
    secret_name: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Projected {
    sources: Vec<Projection>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Projection {
    secret: Option<Reference>,
}

impl Spec {
    fn all_containers(&self) -> impl Iterator<Item = &Container> {
        let others = self
            .init_containers
            .iter()
            .chain(&self.ephemeral_containers);
        self.containers.iter().chain(others)
    }
}

impl Container {
    /// The secrets whose copies in this container never change.
    fn frozen<'a>(&'a self, volumes: &'a [Volume]) -> impl Iterator<Item = String> + 'a {
        let variables = self.env.iter().filter_map(|one| one.value_from.as_ref());
        let variables = variables
            .chain(&self.env_from)
            .flat_map(|source| source.secret_key_ref.iter().chain(&source.secret_ref))
            .map(|reference| reference.name.clone());
        let mounts = self
            .volume_mounts
            .iter()
            .filter(|mount| !mount.sub_path.is_empty() || !mount.sub_path_expr.is_empty())
            .filter_map(|mount| volumes.iter().find(|volume| volume.name == mount.name))
            .flat_map(Volume::secrets);
        variables.chain(mounts)
    }
}

impl Volume {
    fn secrets(&self) -> impl Iterator<Item = String> + '_ {
        let whole = self.secret.iter().map(|secret| secret.secret_name.clone());
        let sources = self.projected.iter().flat_map(|from| &from.sources);
        whole.chain(sources.filter_map(|source| Some(source.secret.as_ref()?.name.clone())))
    }
}

fn names(references: Vec<Reference>) -> Vec<String> {
    references
        .into_iter()
        .map(|reference| reference.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::workload_kind::WorkloadKind;
    use super::*;
    use serde_json::json;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_pod_says_which_secrets_it_uses_and_which_copies_never_follow() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {
                "name": "shop-1", "namespace": "prod",
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Node", "name": "n"},
                    {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "shop", "controller": true},
                ],
            },
            "spec": {
                "serviceAccountName": "builder",
                "imagePullSecrets": [{"name": "pull"}, {}],
                "containers": [{
                    "image": "quay.io/a/b:v1",
                    "env": [
                        {"name": "PLAIN", "value": "x"},
                        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "variable", "key": "k"}}},
                        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "k"}}},
                    ],
                    "volumeMounts": [
                        {"name": "plain", "mountPath": "/a"},
                        {"name": "sub", "mountPath": "/b", "subPath": "auth.json"},
                    ],
                }],
                "initContainers": [{"image": "quay.io/a/init", "envFrom": [{"secretRef": {"name": "all"}}]}],
                "volumes": [
                    {"name": "plain", "secret": {"secretName": "mounted"}},
                    {"name": "sub", "projected": {"sources": [
                        {"secret": {"name": "projected"}}, {"configMap": {"name": "no"}},
                    ]}},
                    {"name": "empty", "emptyDir": {}},
                ],
            },
        }))
        .unwrap();
        let pod = PodUse::from(pod);
        assert_eq!(pod.service_account, "builder");
        assert_eq!(pod.pull_secrets, ["pull", ""]);
        assert_eq!(pod.images.len(), 2);
        assert_eq!(pod.mounted, set(&["mounted", "projected"]));
        assert_eq!(pod.frozen, set(&["all", "projected", "variable"]));
        let owner = pod.owner.unwrap();
        assert_eq!(owner.kind, WorkloadKind::StatefulSet);
        assert_eq!(owner.to_string(), "statefulset/shop");
    }
}
