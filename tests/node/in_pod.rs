//! Plugins that run in a pod: they use its service account, and reach the cluster and Quay
//! from its network.

use crate::node::world::{World, plugins};
use quay_sandbox::quay::QuayOptions;
use quay_tests::{Plugin, eventually};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// An address of the node's that pods reach, too.
const NODE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

#[test]
fn a_plugin_in_a_pod_reaches_its_own_cluster_and_quay() {
    let options = QuayOptions {
        address: Some(NODE),
        ..QuayOptions::default()
    };
    let Some(world) = World::beside("in-pod", options) else {
        return;
    };
    let (cluster, namespace) = (&world.node.cluster, &world.namespace);
    let account = format!("--serviceaccount={namespace}:default");
    let admin = [
        "create",
        "clusterrolebinding",
        namespace,
        "--clusterrole=cluster-admin",
    ];
    cluster.kubectl([&admin[..], &[&account]].concat());
    let certificate = world.context.path("ca.pem");
    let certificate = certificate.parent().expect("it is in a folder");
    // The image has no C library, and the plugins are built here.
    let mounts = [
        ("/usr", "/usr".into()),
        ("/lib", "/lib".into()),
        ("/lib64", "/lib64".into()),
        ("/plugins", plugins().to_string_lossy()),
        ("/ca", certificate.to_string_lossy()),
    ];
    let mut pod = world.pod_with("plugin", &world.image("my-app:v1"), "Always", &["robot"]);
    let spec = &mut pod["spec"];
    spec["automountServiceAccountToken"] = true.into();
    spec["restartPolicy"] = "Never".into();
    let volumes = mounts.iter().enumerate();
    spec["volumes"] = volumes
        .map(
            |(number, (_, path))| json!({"name": format!("v{number}"), "hostPath": {"path": path}}),
        )
        .collect();
    let container = &mut spec["containers"][0];
    let volumes = mounts.iter().enumerate();
    container["volumeMounts"] = volumes
        .map(|(number, (path, _))| {
            json!({"name": format!("v{number}"), "mountPath": path, "readOnly": true})
        })
        .collect();
    let plugin = format!("/plugins/{}", Plugin::PullSecret.name());
    container["command"] = json!([plugin, "verify", "-n", namespace, "-o", "json"]);
    container["env"] = json!([
        {"name": "QUAY_URL", "value": world.quay.quay.url()},
        {"name": "QUAY_CA_FILE", "value": "/ca/ca.pem"},
    ]);
    cluster.create(&pod);
    eventually("the plugin ends", || {
        let phase = cluster.get(namespace, "pod/plugin")["status"]["phase"].clone();
        phase == "Succeeded" || phase == "Failed"
    });
    let said = cluster.kubectl(format!("-n {namespace} logs plugin"));
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(report["items"][0]["secret"], "robot", "{said}");
    assert_eq!(report["items"][0]["registry"], "accepted", "{said}");
    let status = cluster.get(namespace, "pod/plugin")["status"].clone();
    assert_eq!(status["phase"], "Succeeded", "{status}");
}
