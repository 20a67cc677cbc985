//! What pulls images: a pod, or what a new pod of a workload or a service account would be.

use super::heard::{Heard, heard, missed};
use crate::kubelet::PullPolicy;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The secrets and the images of a pod.
pub type Likeness = (Vec<String>, Vec<String>);

/// A pod, or one to come.
#[derive(Debug, Clone)]
pub struct Subject {
    /// `pod/shop-1`; the workload or the service account where there is no pod.
    pub object: String,
    pub namespace: String,
    /// What is special about a pod that exists.
    pub pod: Option<PodState>,
    /// The service account it runs as.
    pub account: String,
    /// The pull secrets that its spec names.
    pub listed: Vec<String>,
    /// Its images.
    pub containers: Vec<Container>,
}

/// A pod that exists.
#[derive(Debug, Clone)]
pub struct PodState {
    pub name: String,
    /// The node it is on.
    pub node: Option<String>,
    /// What keeps it from a node.
    pub unscheduled: Option<String>,
    /// What makes another one when it is deleted: `deployment/shop`.
    pub controller: Option<String>,
    /// Whether it has ended.
    pub has_ended: bool,
    /// The secrets that the kubelet missed.
    pub missed: Vec<String>,
}

/// One container's image.
#[derive(Debug, Clone)]
pub struct Container {
    /// Its name; empty for an image that was named on the command line.
    pub name: String,
    /// The image, as it is written.
    pub image: String,
    /// When it is pulled.
    pub policy: PullPolicy,
    /// What the kubelet said about it.
    pub heard: Heard,
}

impl Subject {
    /// A pod as it is, and what its events say.
    pub fn of_pod(pod: Pod, events: &[Event]) -> Self {
        let metadata = pod.metadata;
        let name = metadata.name.clone().unwrap_or_default();
        let spec = pod.spec.unwrap_or_default();
        let status = pod.status.unwrap_or_default();
        let controller = controller(&metadata);
        let statuses: Vec<&ContainerStatus> = status
            .init_container_statuses
            .iter()
            .chain(&status.container_statuses)
            .chain(&status.ephemeral_container_statuses)
            .flatten()
            .collect();
        let mut conditions = status.conditions.iter().flatten();
        let unscheduled = conditions
            .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
        let state = PodState {
            node: spec.node_name.clone().filter(|node| !node.is_empty()),
            unscheduled: unscheduled.and_then(|condition| condition.message.clone()),
            controller,
            has_ended: matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")),
            missed: missed(events),
            name: name.clone(),
        };
        let heard = |field: &str, name: &str| {
            let status = statuses.iter().find(|status| status.name == name);
            heard(status.copied(), events, &format!("spec.{field}{{{name}}}"))
        };
        Self {
            object: format!("pod/{name}"),
            namespace: metadata.namespace.unwrap_or_default(),
            pod: Some(state),
            ..Self::of_spec(&spec, heard)
        }
    }

    /// What a new pod of a workload's template would be.
    pub fn of_template(object: String, namespace: &str, spec: &PodSpec) -> Self {
        Self {
            object,
            namespace: namespace.to_owned(),
            ..Self::of_spec(spec, |_, _| Heard::Nothing)
        }
    }

    /// What a new pod of a service account would do with these images.
    pub fn of_account(account: &str, namespace: &str, images: &[String]) -> Self {
        let containers = images.iter().map(|image| Container {
            name: String::new(),
            image: image.clone(),
            policy: PullPolicy::Always,
            heard: Heard::Nothing,
        });
        Self {
            object: format!("serviceaccount/{account}"),
            namespace: namespace.to_owned(),
            pod: None,
            account: account.to_owned(),
            listed: Vec::new(),
            containers: containers.collect(),
        }
    }

    fn of_spec(spec: &PodSpec, heard: impl Fn(&str, &str) -> Heard) -> Self {
        let container =
            |field: &str, name: &str, image: Option<&String>, policy: Option<&String>| {
                let image = image.cloned().unwrap_or_default();
                Container {
                    name: name.to_owned(),
                    policy: policy_of(policy, &image),
                    heard: heard(field, name),
                    image,
                }
            };
        let init = spec.init_containers.iter().flatten().map(|one| {
            let policy = one.image_pull_policy.as_ref();
            container("initContainers", &one.name, one.image.as_ref(), policy)
        });
        let main = spec.containers.iter().map(|one| {
            let policy = one.image_pull_policy.as_ref();
            container("containers", &one.name, one.image.as_ref(), policy)
        });
        let ephemeral = spec.ephemeral_containers.iter().flatten().map(|one| {
            let policy = one.image_pull_policy.as_ref();
            container("ephemeralContainers", &one.name, one.image.as_ref(), policy)
        });
        let listed = spec.image_pull_secrets.iter().flatten();
        let account = spec.service_account_name.clone();
        Self {
            object: String::new(),
            namespace: String::new(),
            pod: None,
            account: account
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "default".to_owned()),
            listed: listed.map(|reference| reference.name.clone()).collect(),
            containers: init.chain(main).chain(ephemeral).collect(),
        }
    }

    /// Whether the kubelet cannot pull one of its images now.
    pub fn cannot_pull(&self) -> bool {
        let failed = |container: &Container| matches!(container.heard, Heard::Failed { .. });
        self.containers.iter().any(failed)
    }

    /// What makes two pods of a workload the same for whoever pulls.
    pub fn likeness(&self) -> Likeness {
        let images = self
            .containers
            .iter()
            .map(|container| container.image.clone());
        (self.listed.clone(), images.collect())
    }
}

/// What owns the pod; of a ReplicaSet that a Deployment made, the Deployment, whose name the
/// ReplicaSet's begins with.
fn controller(metadata: &ObjectMeta) -> Option<String> {
    let mut owners = metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    let labels = metadata.labels.as_ref();
    let hash = labels.and_then(|labels| labels.get("pod-template-hash"));
    let deployment = hash.and_then(|hash| owner.name.strip_suffix(&format!("-{hash}")));
    Some(match deployment.filter(|_| owner.kind == "ReplicaSet") {
        Some(name) => format!("deployment/{name}"),
        None => format!("{}/{}", owner.kind.to_lowercase(), owner.name),
    })
}

/// `SetDefaults_Container` of Kubernetes: the tag `latest`, or none, is always pulled.
fn policy_of(policy: Option<&String>, image: &str) -> PullPolicy {
    let (_, name) = image.rsplit_once('/').unwrap_or(("", image));
    let is_latest = !image.contains('@') && (name.ends_with(":latest") || !name.contains(':'));
    match policy.map(String::as_str) {
        Some("Never") => PullPolicy::Never,
        Some("Always") => PullPolicy::Always,
        Some("IfNotPresent") => PullPolicy::IfNotPresent,
        _ if is_latest => PullPolicy::Always,
        _ => PullPolicy::IfNotPresent,
    }
}
