//! What makes a cluster look like OpenShift: the definitions of the kinds that matter to the
//! global pull secret, and objects of them. Both the small cluster and a real API server
//! take them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The API of the Machine Config Operator.
const MACHINES: &str = "machineconfiguration.openshift.io";
/// The API of the cluster's own configuration.
const CONFIG: &str = "config.openshift.io";
/// The API of its operators' configuration.
const OPERATOR: &str = "operator.openshift.io";

/// The definitions, to be created before any object.
pub fn definitions() -> Vec<Value> {
    vec![
        definition(
            MACHINES,
            "MachineConfigPool",
            "machineconfigpools",
            &["mcp"],
        ),
        definition(MACHINES, "MachineConfig", "machineconfigs", &["mc"]),
        definition(CONFIG, "Infrastructure", "infrastructures", &[]),
        definition(CONFIG, "ClusterVersion", "clusterversions", &[]),
        definition(CONFIG, "Image", "images", &[]),
        definition(CONFIG, "Proxy", "proxies", &[]),
        definition(
            CONFIG,
            "ImageDigestMirrorSet",
            "imagedigestmirrorsets",
            &["idms"],
        ),
        definition(CONFIG, "ImageTagMirrorSet", "imagetagmirrorsets", &["itms"]),
        definition_at(
            "v1alpha1",
            OPERATOR,
            "ImageContentSourcePolicy",
            "imagecontentsourcepolicies",
            &[],
        ),
    ]
}

fn definition(group: &str, kind: &str, plural: &str, short_names: &[&str]) -> Value {
    definition_at("v1", group, kind, plural, short_names)
}

fn definition_at(
    version: &str,
    group: &str,
    kind: &str,
    plural: &str,
    short_names: &[&str],
) -> Value {
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    // A MachineConfig has no status.
    let subresources = match kind {
        "MachineConfig" => json!({}),
        _ => json!({"status": {}}),
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {
                "kind": kind,
                "listKind": format!("{kind}List"),
                "plural": plural,
                "singular": kind.to_lowercase(),
                "shortNames": short_names,
            },
            "versions": [{
                "name": version,
                "served": true,
                "storage": true,
                "subresources": subresources,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": anything, "status": anything},
                }},
            }],
        },
    })
}

/// The namespace of the Machine Config Operator.
pub const OPERATOR_NAMESPACE: &str = "openshift-machine-config-operator";
/// Its part that renders configs and gives them to the nodes.
pub const CONTROLLER: &str = "machine-config-controller";

/// The Machine Config Operator's namespace, and its controller's Deployment without its status.
pub fn operator() -> [Value; 2] {
    let labels = json!({"k8s-app": CONTROLLER});
    let container = json!({"name": CONTROLLER, "image": "quay.io/openshift-release-dev/mco"});
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATOR_NAMESPACE},
    });
    let controller = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": CONTROLLER, "namespace": OPERATOR_NAMESPACE},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    });
    [namespace, controller]
}

/// The status of the controller's Deployment with so many pods that are available.
pub fn operator_status(available: u64) -> Value {
    json!({"status": {
        "observedGeneration": 1,
        "replicas": available,
        "updatedReplicas": available,
        "readyReplicas": available,
        "availableReplicas": available,
    }})
}

/// The one Infrastructure object, without its status.
pub fn infrastructure() -> Value {
    json!({
        "apiVersion": format!("{CONFIG}/v1"),
        "kind": "Infrastructure",
        "metadata": {"name": "cluster"},
        "spec": {"platformSpec": {"type": "None"}},
    })
}

/// The status of an Infrastructure: `HighlyAvailable`, or `External` for a control plane
/// that is hosted elsewhere.
pub fn infrastructure_status(topology: &str) -> Value {
    json!({"status": {
        "apiServerURL": "https://api.sandbox.example.com:6443",
        "controlPlaneTopology": topology,
        "infrastructureTopology": "HighlyAvailable",
    }})
}

/// The one ClusterVersion object, without its status.
pub fn cluster_version(cluster_id: &str) -> Value {
    json!({
        "apiVersion": format!("{CONFIG}/v1"),
        "kind": "ClusterVersion",
        "metadata": {"name": "version"},
        "spec": {"channel": "stable-4.20", "clusterID": cluster_id},
    })
}

/// The status of a ClusterVersion that has arrived at this version of Red Hat's.
pub fn cluster_version_status(version: &str) -> Value {
    release_status(version, "quay.io/openshift-release-dev/ocp-release")
}

/// The status of a ClusterVersion that has arrived at this version, whose release image is
/// this repository's.
pub fn release_status(version: &str, repository: &str) -> Value {
    let image = format!("{repository}@sha256:{}", "0".repeat(64));
    json!({"status": {
        "desired": {"version": version, "image": image},
        "observedGeneration": 1,
        "versionHash": "",
    }})
}

/// A kind of mirrors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirrors {
    /// For images that are named by digest.
    Digests,
    /// For images that are named by tag.
    Tags,
    /// The older kind, for digests.
    Policy,
}

/// An object that has this source pulled from this mirror.
pub fn mirrors(kind: Mirrors, name: &str, source: &str, mirror: &str) -> Value {
    let (api, kind, field) = match kind {
        Mirrors::Digests => (
            format!("{CONFIG}/v1"),
            "ImageDigestMirrorSet",
            "imageDigestMirrors",
        ),
        Mirrors::Tags => (
            format!("{CONFIG}/v1"),
            "ImageTagMirrorSet",
            "imageTagMirrors",
        ),
        Mirrors::Policy => (
            format!("{OPERATOR}/v1alpha1"),
            "ImageContentSourcePolicy",
            "repositoryDigestMirrors",
        ),
    };
    json!({
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {field: [{"source": source, "mirrors": [mirror]}]},
    })
}

/// The cluster's Image object, which names a ConfigMap of registries' authorities.
pub fn image_config(config_map: &str) -> Value {
    json!({
        "apiVersion": format!("{CONFIG}/v1"),
        "kind": "Image",
        "metadata": {"name": "cluster"},
        "spec": {"additionalTrustedCA": {"name": config_map}},
    })
}

/// The cluster's Proxy object, which names a ConfigMap of the proxy's authorities.
pub fn proxy_config(config_map: &str) -> Value {
    json!({
        "apiVersion": format!("{CONFIG}/v1"),
        "kind": "Proxy",
        "metadata": {"name": "cluster"},
        "spec": {"trustedCA": {"name": config_map}},
    })
}

/// A ConfigMap of authorities in the cluster's configuration.
pub fn authorities(name: &str, key: &str, pem: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": "openshift-config",
            "labels": {"site": "authorities"},
        },
        "data": {key: pem},
    })
}

/// A pool that wants this rendered config, without its status.
pub fn pool(name: &str, config: &str) -> Value {
    json!({
        "apiVersion": format!("{MACHINES}/v1"),
        "kind": "MachineConfigPool",
        "metadata": {"name": name},
        "spec": {"paused": false, "configuration": {"name": config}},
    })
}

/// A rendered config that brings this pull secret to the nodes.
pub fn machine_config(name: &str, pull_secret: &str) -> Value {
    let source = format!("data:;base64,{}", STANDARD.encode(pull_secret));
    json!({
        "apiVersion": format!("{MACHINES}/v1"),
        "kind": "MachineConfig",
        "metadata": {"name": name},
        "spec": {"config": {"ignition": {"version": "3.5.0"}, "storage": {"files": [{
            "path": "/var/lib/kubelet/config.json",
            "mode": 384,
            "overwrite": true,
            "contents": {"compression": "", "source": source},
        }]}}},
    })
}

/// What a pool is told to want.
pub fn wants(config: &str) -> Value {
    json!({"spec": {"configuration": {"name": config}}})
}

/// How far a pool of so many machines is on its way from one rendered config to another.
pub fn progress(generation: i64, from: &str, to: &str, updated: u64, machines: u64) -> Value {
    let done = updated == machines;
    let condition = |kind: &str, holds: bool| json!({"type": kind, "status": if holds { "True" } else { "False" }});
    json!({"status": {
        "observedGeneration": generation,
        "configuration": {"name": if done { to } else { from }},
        "machineCount": machines,
        "updatedMachineCount": updated,
        "readyMachineCount": updated,
        "unavailableMachineCount": u64::from(!done),
        "degradedMachineCount": 0,
        "conditions": [
            condition("Updated", done),
            condition("Updating", !done),
            condition("Degraded", false),
            condition("NodeDegraded", false),
            condition("RenderDegraded", false),
        ],
    }})
}

/// A pull secret as console.redhat.com gives it out: these four entries, for this user.
pub fn red_hat_entries(token: &str, email: &str) -> Value {
    let entry =
        |user: &str| json!({"auth": STANDARD.encode(format!("{user}:{token}")), "email": email});
    let access = "openshift-release-dev+ocm_access_sandbox";
    json!({
        "cloud.openshift.com": entry(access),
        "quay.io": entry(access),
        "registry.connect.redhat.com": entry("fhc-pool-sandbox"),
        "registry.redhat.io": entry("fhc-pool-sandbox"),
    })
}
