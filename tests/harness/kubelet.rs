//! The part of the scheduler and the kubelet, which no test has: the tests say what those
//! would about the pod of a pull test.

use super::cluster::TestCluster;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TEST_PODS: &str = "kubectl-quay/pull-test=true";
/// The test pod's container.
const CONTAINER: &str = "pull-test";
/// Longer than a run takes to start its pod.
const LIMIT: Duration = Duration::from_secs(60);

/// The pods of pull tests in a namespace, as `pod/NAME`.
pub fn test_pods(cluster: &TestCluster, namespace: &str) -> Vec<String> {
    let select = ["-n", namespace, "get", "pods", "-l", TEST_PODS];
    let names = cluster.kubectl([&select[..], &["-o", "name"]].concat());
    names.lines().map(str::to_owned).collect()
}

/// The part of the scheduler and the kubelet in one namespace.
pub struct Kubelet<'a> {
    cluster: &'a TestCluster,
    namespace: &'a str,
    /// `pod/NAME`.
    pub pod: String,
}

impl<'a> Kubelet<'a> {
    /// Waits for the test pod, and has a node take it.
    pub fn takes_the_pod(cluster: &'a TestCluster, namespace: &'a str) -> Self {
        let kubelet = Self::sees_the_pod(cluster, namespace);
        let name = kubelet.pod.trim_start_matches("pod/");
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": "node-1"},
        });
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/binding");
        // The small cluster has no nodes. The real one leaves a pod that has one to its
        // kubelet, unless it is deleted without a grace period.
        let _ = cluster.try_kubectl(["create", "--raw", &path, "-f", "-"], &binding.to_string());
        kubelet
    }

    /// Waits for the test pod, which no node takes.
    pub fn sees_the_pod(cluster: &'a TestCluster, namespace: &'a str) -> Self {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(pod) = test_pods(cluster, namespace).pop() {
                return Self {
                    cluster,
                    namespace,
                    pod,
                };
            }
            assert!(Instant::now() < deadline, "no test pod within {LIMIT:?}");
        }
    }

    /// The pod as it is.
    pub fn object(&self) -> Value {
        self.cluster.get(self.namespace, &self.pod)
    }

    /// Reports the pod's status.
    pub fn status(&self, status: &Value) {
        let patch = json!({"status": status}).to_string();
        let patch = ["--subresource=status", "--type=merge", "-p", &patch];
        self.cluster
            .kubectl([&["-n", self.namespace, "patch", &self.pod], &patch[..]].concat());
    }

    /// Reports the state of its container.
    pub fn container(&self, state: &Value, image_id: &str) {
        let pod = self.object();
        self.status(&json!({"containerStatuses": [{
            "name": CONTAINER, "image": pod["spec"]["containers"][0]["image"],
            "imageID": image_id, "ready": false, "restartCount": 0, "state": state,
        }]}));
    }

    /// Reports an event about it.
    pub fn event(&self, reason: &str, message: &str) {
        let pod = self.object();
        self.cluster.create(&json!({
            "apiVersion": "v1", "kind": "Event", "type": "Normal",
            "metadata": {"generateName": "event-", "namespace": self.namespace},
            "involvedObject": {
                "apiVersion": "v1", "kind": "Pod", "namespace": self.namespace,
                "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"],
                "fieldPath": format!("spec.containers{{{CONTAINER}}}"),
            },
            "reason": reason, "message": message, "source": {"component": "kubelet"},
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z",
        }));
    }
}
