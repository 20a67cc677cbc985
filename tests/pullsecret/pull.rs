//! `verify --pull`: a pod is started, judged by what the kubelet says, and always deleted.
//! No kubelet runs here; the tests say what one would.

use crate::world::World;
use quay_tests::{Output, TestCluster, auth, pull_secret};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TEST_PODS: &str = "kubectl-quay/pull-test=true";
const CONTAINER: &str = "pull-test";
/// Longer than a run takes to start its pod.
const LIMIT: Duration = Duration::from_secs(60);
const UNAUTHORIZED: &str = "failed to pull and unpack image: failed to authorize: failed to fetch oauth token: 401 UNAUTHORIZED";

/// A namespace that admits only pods that need no rights, with a good secret.
fn ready(world: &World, hint: &str) -> String {
    let namespace = world.cluster.namespace(hint);
    let restricted = "pod-security.kubernetes.io/enforce=restricted";
    world
        .cluster
        .kubectl(&["label", "namespace", &namespace, restricted]);
    world.current_secret(&namespace, "a");
    namespace
}

fn image(world: &World) -> String {
    format!("{}/myorg/my-app:v1", world.registry())
}

fn test_pods(cluster: &TestCluster, namespace: &str) -> Vec<String> {
    let select = ["-n", namespace, "get", "pods", "-l", TEST_PODS];
    let names = cluster.kubectl(&[&select[..], &["-o", "name"]].concat());
    names.lines().map(str::to_owned).collect()
}

/// The part of the scheduler and the kubelet in one namespace.
struct Kubelet<'a> {
    cluster: &'a TestCluster,
    namespace: &'a str,
    pod: String,
}

impl<'a> Kubelet<'a> {
    /// Waits for the test pod, and has a node take it.
    fn takes_the_pod(cluster: &'a TestCluster, namespace: &'a str) -> Self {
        let kubelet = Self::sees_the_pod(cluster, namespace);
        let name = kubelet.pod.trim_start_matches("pod/");
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": "node-1"},
        });
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/binding");
        // The small cluster has no nodes. The real one leaves a pod that has one to its
        // kubelet, unless it is deleted without a grace period.
        let _ = cluster.try_kubectl(&["create", "--raw", &path, "-f", "-"], &binding.to_string());
        kubelet
    }

    fn sees_the_pod(cluster: &'a TestCluster, namespace: &'a str) -> Self {
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

    fn object(&self) -> Value {
        self.cluster.get(self.namespace, &self.pod)
    }

    fn status(&self, status: &Value) {
        let patch = json!({"status": status}).to_string();
        let patch = ["--subresource=status", "--type=merge", "-p", &patch];
        self.cluster
            .kubectl(&[&["-n", self.namespace, "patch", &self.pod], &patch[..]].concat());
    }

    fn container(&self, state: &Value, image_id: &str) {
        let pod = self.object();
        self.status(&json!({"containerStatuses": [{
            "name": CONTAINER, "image": pod["spec"]["containers"][0]["image"],
            "imageID": image_id, "ready": false, "restartCount": 0, "state": state,
        }]}));
    }

    fn event(&self, reason: &str, message: &str) {
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

/// What the run says of its only pull.
fn pull(output: &Output) -> Value {
    let report: Value = serde_json::from_str(&output.stdout).expect("JSON on stdout");
    assert_eq!(
        report["pulls"].as_array().map(Vec::len),
        Some(1),
        "{report}"
    );
    report["pulls"][0].clone()
}

#[test]
fn a_pull_that_succeeds_is_proved_with_the_secret_alone_and_the_pod_is_gone() {
    let world = World::new();
    let namespace = ready(&world, "pulled");
    let image = image(&world);
    let arguments = ["verify", "-n", &namespace, "--pull", &image, "-o", "json"];
    let run = world.context.command(&arguments).spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &namespace);
    let spec = kubelet.object()["spec"].clone();
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "a"}]));
    assert_eq!(spec["containers"][0]["image"], image);
    assert_eq!(spec["containers"][0]["imagePullPolicy"], "Always");
    assert_eq!(spec["activeDeadlineSeconds"], 90);
    let stopped = json!({"terminated": {"exitCode": 128, "reason": "StartError"}});
    kubelet.container(&stopped, "quay.io/a/b@sha256:0123");
    let item = pull(&run.wait().expect(0));
    assert_eq!(item["verdict"]["result"], "pulled");
    assert_eq!(item["verdict"]["digest"], "sha256:0123");
    assert_eq!(item["secret"], "a");
    assert_eq!(item["namespace"], namespace);
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn the_event_of_the_pull_is_a_proof_before_the_status_is() {
    let world = World::new();
    let namespace = ready(&world, "event");
    let arguments = ["verify", "-n", &namespace, "--pull", &image(&world)];
    let run = world.context.command(&arguments).spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &namespace);
    kubelet.event("Pulled", "Successfully pulled image in 1.2s");
    let output = run.wait().expect(0);
    let output = output.prints("NAMESPACE").prints("current");
    output
        .prints("RESULT")
        .prints("pulled")
        .prints(&image(&world));
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn a_refusal_is_told_in_the_kubelets_words() {
    let world = World::new();
    let namespace = ready(&world, "refused");
    let arguments = ["-vvv", "verify", "-n", &namespace, "--pull", &image(&world)];
    let run = world.context.command(&arguments).spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &namespace);
    let waiting = json!({"waiting": {"reason": "ErrImagePull", "message": UNAUTHORIZED}});
    kubelet.container(&waiting, "");
    let output = run.wait().expect(1);
    output
        .prints("refused")
        .prints("ErrImagePull")
        .prints(UNAUTHORIZED);
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn a_pod_that_no_node_takes_proves_nothing_and_says_why() {
    let world = World::new();
    let namespace = ready(&world, "unscheduled");
    let image = image(&world);
    let timeout = ["--pull-timeout", "3s", "-o", "json"];
    let arguments = ["verify", "-n", &namespace, "--pull", &image];
    let run = world.context.command(&[&arguments[..], &timeout].concat());
    let run = run.spawn();
    let why = "0/3 nodes are available: 3 Insufficient cpu.";
    let kubelet = Kubelet::sees_the_pod(world.cluster, &namespace);
    kubelet.status(&json!({"conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why,
    }]}));
    let item = pull(&run.wait().expect(1));
    assert_eq!(
        item["verdict"],
        json!({"result": "unscheduled", "why": why})
    );
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn where_no_kubelet_answers_the_run_ends_in_time_and_leaves_no_pod() {
    let world = World::new();
    let namespace = ready(&world, "silent");
    let image = image(&world);
    let arguments = ["verify", "-n", &namespace, "--pull", &image];
    let output = world.run(&[&arguments[..], &["--pull-timeout", "1s"]].concat());
    let output = output.expect(1).prints("no verdict").prints("after 1s");
    output.prints("get nodes");
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn what_a_killed_run_leaves_the_next_one_removes() {
    let world = World::new();
    let namespace = ready(&world, "killed");
    let image = image(&world);
    let arguments = ["verify", "-n", &namespace, "--pull", &image];
    let run = world.context.command(&arguments).spawn();
    let left = Kubelet::takes_the_pod(world.cluster, &namespace).pod;
    run.kill().expect(-1);
    let pods = test_pods(world.cluster, &namespace);
    assert_eq!(pods, std::slice::from_ref(&left));
    let again = world.run(&[&arguments[..], &["--pull-timeout", "1s"]].concat());
    let name = left.trim_start_matches("pod/");
    again
        .expect(1)
        .says(&format!("removed the test pod {name}"));
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn a_pod_that_another_machine_may_be_waiting_for_stays() {
    let world = World::new();
    let namespace = ready(&world, "elsewhere");
    world.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "theirs", "namespace": namespace, "labels": {
            "app.kubernetes.io/managed-by": "kubectl-quay",
            "kubectl-quay/pull-test": "true",
            "kubectl-quay/run": "000000000000-1",
        }},
        "spec": {
            "activeDeadlineSeconds": 90,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": CONTAINER, "image": "x", "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            }}],
        },
    }));
    let image = image(&world);
    let arguments = ["verify", "-n", &namespace, "--pull", &image];
    world
        .run(&[&arguments[..], &["--pull-timeout", "1s"]].concat())
        .expect(1);
    assert_eq!(test_pods(world.cluster, &namespace), ["pod/theirs"]);
}

#[test]
fn an_interrupted_run_deletes_its_pod_before_it_ends() {
    let world = World::new();
    let namespace = ready(&world, "interrupted");
    let (image, id) = (image(&world), world.context.path("process-id"));
    let script = r#"echo $$ >"$0" && exec "$@""#;
    let arguments = [
        "-c",
        script,
        &id.to_string_lossy(),
        env!("CARGO_BIN_EXE_kubectl-quay-pullsecret"),
        "verify",
        "-n",
        &namespace,
        "--pull",
        &image,
    ];
    let run = world.context.program("sh", &arguments).spawn();
    Kubelet::takes_the_pod(world.cluster, &namespace);
    let id = std::fs::read_to_string(&id).expect("the process tells its id");
    let sent = std::process::Command::new("kill")
        .args(["-INT", id.trim()])
        .status();
    assert!(sent.expect("kill runs").success());
    run.wait().expect(1).prints("interrupted");
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn the_rights_that_are_missing_are_named_and_nothing_is_started() {
    let mut world = World::new();
    let namespace = ready(&world, "no-rights");
    world.cluster.join_limited(&mut world.context);
    world.grant_limited(&namespace, "get,list", "secrets");
    world.grant_limited(&namespace, "create,get", "pods");
    let output = world.run(&["verify", "-n", &namespace, "--pull", &image(&world)]);
    output
        .expect(1)
        .prints("you may not list, delete pods there")
        .prints(&format!("-n {namespace} auth can-i --list"));
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn without_the_right_to_read_events_the_status_is_enough() {
    let mut world = World::new();
    let namespace = ready(&world, "no-events");
    world.cluster.join_limited(&mut world.context);
    world.grant_limited(&namespace, "get,list", "secrets");
    world.grant_limited(&namespace, "create,get,list,delete", "pods");
    let arguments = ["verify", "-n", &namespace, "--pull", &image(&world)];
    let run = world.context.command(&arguments).spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &namespace);
    let root = "container has runAsNonRoot and image will run as root";
    let waiting = json!({"waiting": {"reason": "CreateContainerConfigError", "message": root}});
    kubelet.container(&waiting, "");
    run.wait().expect(0).prints("pulled");
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn the_first_namespace_with_a_secret_for_the_image_is_where_it_is_pulled() {
    let world = World::new();
    let first = world.cluster.namespace("a-first");
    let other = json!({"docker.io": {"auth": auth("somebody", "a password")}});
    world.cluster.create(&pull_secret(&first, "a", &other));
    let second = ready(&world, "b-second");
    let image = image(&world);
    let arguments = ["verify", "-n", &first, "-n", &second, "--pull", &image];
    let run = world
        .context
        .command(&[&arguments[..], &["-o", "json"]].concat());
    let run = run.spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &second);
    kubelet.event("Pulled", "Successfully pulled image in 1.2s");
    let item = pull(&run.wait().expect(0));
    assert_eq!(item["namespace"], second);
    assert_eq!(item["ok"], true);
}

#[test]
fn without_a_secret_for_the_image_nothing_is_started() {
    let world = World::new();
    let namespace = ready(&world, "no-secret");
    let elsewhere = "registry.example.com/a/b:v1";
    let output = world.run(&["verify", "-n", &namespace, "--pull", elsewhere]);
    output
        .expect(1)
        .prints("no pull secret here has a key for this image");
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn an_image_that_cannot_be_is_a_usage_error() {
    let world = World::without_login();
    for arguments in [
        &["verify", "--pull", "a b"][..],
        &["verify", "--pull", "a", "--pull-timeout", "soon"],
        &["verify", "--pull-timeout", "5s"],
    ] {
        world.run(arguments).expect(2);
    }
}

#[test]
fn each_cluster_pulls_once_and_one_refusal_is_a_problem() {
    let mut world = World::new();
    let clusters = [TestCluster::small("first"), TestCluster::small("second")];
    let image = image(&world);
    let secret = |namespace| {
        let auths = json!({world.registry(): world.entry(&world.token())});
        pull_secret(namespace, "a", &auths)
    };
    let files = clusters.each_ref().map(|cluster| {
        cluster.kubectl(&["create", "namespace", "shop"]);
        cluster.create(&secret("shop"));
        let name = cluster.name("kubeconfig");
        let file = world.context.file(&name, cluster.kubeconfig());
        file.to_string_lossy().into_owned()
    });
    world.context.set("KUBECONFIG", &files.join(":"));
    let arguments = ["verify", "-n", "shop", "--all-contexts", "--pull", &image];
    let run = world.context.command(&arguments).spawn();
    let [first, second] = clusters
        .each_ref()
        .map(|cluster| Kubelet::takes_the_pod(cluster, "shop"));
    first.event("Pulled", "Successfully pulled image in 1.2s");
    second.event("Failed", &format!("Failed to pull image: {UNAUTHORIZED}"));
    let output = run.wait().expect(1).prints("pulled").prints("refused");
    output.prints("CONTEXT").prints(UNAUTHORIZED);
    for cluster in &clusters {
        assert!(test_pods(cluster, "shop").is_empty());
    }
}
