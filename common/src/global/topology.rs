//! What kind of cluster this is, and so where its nodes' credentials come from.

use crate::Failure;
use crate::cluster::{CallError, Cluster, Resource, api_group, api_version, path_of};
use crate::hint::{Hint, can_i};
use crate::node_secrets::{
    ADDITIONAL_PULL_SECRET, GLOBAL_PULL_SECRET, ORIGINAL_PULL_SECRET, SecretName,
};
use k8s_openapi::api::core::v1::Secret;
use kube::core::ObjectList;
use serde::Deserialize;
use serde::de::IgnoredAny;

const CONFIG: &str = "config.openshift.io";
const INFRASTRUCTURES: Resource = Resource::v1(CONFIG, "infrastructures");
const MACHINES: &str = "machineconfiguration.openshift.io";
const POOLS: Resource = Resource::v1(MACHINES, "machineconfigpools");

/// Where the control plane of a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// There is no global pull secret.
    NotOpenShift,
    /// The Machine Config Operator brings `openshift-config/pull-secret` to the nodes.
    Standalone,
    /// `openshift-config/pull-secret` is written from outside the cluster, and
    /// `kube-system/additional-pull-secret` adds to it.
    HostedControlPlane,
    /// There is a global pull secret, but no right to read what tells whether its control plane
    /// is hosted. It is taken for standalone.
    Unknown,
}

impl Topology {
    /// The secret that users of such a cluster write.
    pub fn secret(self) -> SecretName {
        match self {
            Self::NotOpenShift | Self::Standalone | Self::Unknown => GLOBAL_PULL_SECRET,
            Self::HostedControlPlane => ADDITIONAL_PULL_SECRET,
        }
    }
}

#[derive(Deserialize)]
struct Infrastructure {
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default, rename = "controlPlaneTopology")]
    control_plane_topology: String,
}

/// Finds out what kind of cluster this is. Without the Infrastructure object a cluster with a
/// global pull secret counts as standalone. Without the right to read that object, what else can
/// be seen decides.
///
/// # Errors
/// Names the right that is missing, if nothing can be told without it.
pub async fn topology(cluster: &Cluster) -> Result<Topology, Failure> {
    let path = INFRASTRUCTURES.named("cluster");
    match cluster.get::<Infrastructure>(&path).await {
        Ok(found) if found.status.control_plane_topology == "External" => {
            Ok(Topology::HostedControlPlane)
        }
        Ok(_) => Ok(Topology::Standalone),
        Err(error) if error.is_not_found() => by_secret(cluster).await,
        Err(error) if error.is_forbidden() => match by_secret(cluster).await? {
            Topology::Standalone => Ok(by_traces(cluster).await),
            none => Ok(none),
        },
        Err(error) => Err(error.into_failure(cluster.context(), "read infrastructures/cluster")),
    }
}

/// The part of an API's list of kinds that is read.
#[derive(Deserialize)]
struct Kinds {
    resources: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    name: String,
}

/// A hosted control plane has no pools in its cluster, most often not even their kind, and leaves
/// a copy of its own pull secret there. A cluster with pools is standalone.
async fn by_traces(cluster: &Cluster) -> Topology {
    let kinds = cluster.get::<Kinds>(&api_version(MACHINES, "v1")).await;
    match kinds {
        Ok(kinds)
            if kinds
                .resources
                .iter()
                .all(|kind| kind.name != POOLS.plural()) =>
        {
            return Topology::HostedControlPlane;
        }
        Err(error) if error.is_not_found() => return Topology::HostedControlPlane,
        _ => {}
    }
    let one = format!("{}?limit=1", POOLS.everywhere());
    if let Ok(pools) = cluster.get::<ObjectList<IgnoredAny>>(&one).await
        && !pools.items.is_empty()
    {
        return Topology::Standalone;
    }
    let SecretName { namespace, name } = ORIGINAL_PULL_SECRET;
    let original = path_of::<Secret>(namespace, name);
    match cluster.get::<IgnoredAny>(&original).await {
        Ok(_) => Topology::HostedControlPlane,
        Err(_) => Topology::Unknown,
    }
}

async fn by_secret(cluster: &Cluster) -> Result<Topology, Failure> {
    let SecretName { namespace, name } = GLOBAL_PULL_SECRET;
    let path = path_of::<Secret>(namespace, name);
    match cluster.get::<IgnoredAny>(&path).await {
        Ok(_) => Ok(Topology::Standalone),
        // Who may not look is told of a missing right only where there is something to see.
        Err(error)
            if (error.is_not_found() || error.is_forbidden())
                && !serves_openshift(cluster).await =>
        {
            Ok(Topology::NotOpenShift)
        }
        // Somebody deleted it.
        Err(error) if error.is_not_found() => Ok(Topology::Standalone),
        Err(error) => Err(forbidden_or(error, cluster, GLOBAL_PULL_SECRET, "get")),
    }
}

/// Whether the API of OpenShift's configuration is there, which anybody may ask.
async fn serves_openshift(cluster: &Cluster) -> bool {
    let path = api_group(CONFIG);
    let found = cluster.get::<IgnoredAny>(&path).await;
    !found.is_err_and(|error| error.is_not_found())
}

/// The failure of a call on one of the global secrets; a missing right is named exactly.
pub(super) fn forbidden_or(
    error: CallError,
    cluster: &Cluster,
    secret: SecretName,
    verb: &str,
) -> Failure {
    let SecretName { namespace, name } = secret;
    let context = cluster.context();
    let forbidden = error.is_forbidden();
    let failure = error.into_failure(context, &format!("{verb} the secret {secret}"));
    if !forbidden {
        return failure;
    }
    // `list` and `create` are never granted for a name.
    let object = match verb {
        "list" | "create" => "secrets".to_owned(),
        _ => format!("secrets/{name}"),
    };
    let ask = format!(
        "ask for the right to {verb} {object} in namespace `{namespace}`, then check with: "
    );
    failure.next(Hint::from(ask).run(can_i(context, namespace, verb, &object)))
}
