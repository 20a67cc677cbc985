//! A node begins in a moment and ends without a trace.

use quay_tests::{Node, PAUSE, eventually};
use serde_json::json;
use std::path::Path;

/// What a node's processes run.
const PROGRAMS: [&str; 4] = [
    "controlplane",
    "containerd",
    "containerd-shim-runc-v2",
    "sleep",
];

/// Whether the process of this folder in `/proc` is one of a node's.
fn is_of_a_node(process: &Path) -> bool {
    let program = std::fs::read_link(process.join("exe")).unwrap_or_default();
    let name = program.file_name().unwrap_or_default();
    PROGRAMS.iter().any(|program| name == *program)
}

#[test]
fn a_node_that_is_stopped_leaves_no_process_and_no_cgroup() {
    let Some(node) = Node::own() else {
        return;
    };
    let namespace = node.cluster.namespace("life");
    node.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace},
        "spec": {
            "automountServiceAccountToken": false,
            "containers": [{"name": "c", "image": PAUSE, "imagePullPolicy": "Never"}],
        },
    }));
    eventually("the pod runs", || {
        node.cluster.get(&namespace, "pod/p")["status"]["phase"] == "Running"
    });
    let (processes, cgroups) = (node.processes(), node.cgroups());
    // API server, containerd, kubelet, a shim, the pod's two containers.
    let running = processes.iter().filter(|process| is_of_a_node(process));
    assert!(running.count() >= 6, "{processes:?}");
    assert!(!cgroups.is_empty());
    drop(node);
    for process in &processes {
        assert!(!is_of_a_node(process), "{process:?}");
    }
    for cgroup in &cgroups {
        assert!(!cgroup.exists(), "{cgroup:?}");
    }
}
