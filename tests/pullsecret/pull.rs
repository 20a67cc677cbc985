//! `verify --pull`: a pod is started, judged by what the kubelet says, and deleted.

use crate::pullsecret::kubelet::{image, ready};
use crate::pullsecret::world::{without_login, world};
use quay_tests::{Kubelet, test_pods};
use quay_tests::{Output, TestCluster, auth, pull_secret};
use serde_json::{Value, json};

const UNAUTHORIZED: &str = "failed to pull and unpack image: failed to authorize: failed to fetch oauth token: 401 UNAUTHORIZED";

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
    let world = world();
    let namespace = ready(&world, "pulled");
    let image = image(&world);
    let run = world
        .context
        .command(format!("verify -n {namespace} --pull {image} -o json"))
        .spawn();
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
    let world = world();
    let namespace = ready(&world, "event");
    let arguments = ["verify", "-n", &namespace, "--pull", &image(&world)];
    let run = world.context.command(arguments).spawn();
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
    let world = world();
    let namespace = ready(&world, "refused");
    let arguments = ["-vvv", "verify", "-n", &namespace, "--pull", &image(&world)];
    let run = world.context.command(arguments).spawn();
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
    let world = world();
    let namespace = ready(&world, "unscheduled");
    let image = image(&world);
    let timeout = ["--pull-timeout", "8s", "-o", "json"];
    let arguments = ["verify", "-n", &namespace, "--pull", &image];
    let run = world.context.command([&arguments[..], &timeout].concat());
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
    let world = world();
    let namespace = ready(&world, "silent");
    let image = image(&world);
    let arguments = ["verify", "-n", &namespace, "--pull", &image];
    let output = world.run([&arguments[..], &["--pull-timeout", "1s"]].concat());
    let output = output.expect(1).prints("no verdict").prints("after 1s");
    output.prints("get nodes");
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn the_first_namespace_with_a_secret_for_the_image_is_where_it_is_pulled() {
    let world = world();
    let first = world.cluster.namespace("a-first");
    let other = json!({"docker.io": {"auth": auth("somebody", "a password")}});
    world.cluster.create(&pull_secret(&first, "a", &other));
    let second = ready(&world, "b-second");
    let image = image(&world);
    let arguments = ["verify", "-n", &first, "-n", &second, "--pull", &image];
    let run = world
        .context
        .command([&arguments[..], &["-o", "json"]].concat());
    let run = run.spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &second);
    kubelet.event("Pulled", "Successfully pulled image in 1.2s");
    let item = pull(&run.wait().expect(0));
    assert_eq!(item["namespace"], second);
    assert_eq!(item["ok"], true);
}

#[test]
fn without_a_secret_for_the_image_nothing_is_started() {
    let world = world();
    let namespace = ready(&world, "no-secret");
    let elsewhere = "registry.example.com/a/b:v1";
    let output = world.run(format!("verify -n {namespace} --pull {elsewhere}"));
    output
        .expect(1)
        .prints("no pull secret in the chosen namespaces has a key for this image");
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn an_image_that_cannot_be_is_a_usage_error() {
    let world = without_login();
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
    let mut world = world();
    let clusters = [TestCluster::small("first"), TestCluster::small("second")];
    let image = image(&world);
    let secret = |namespace| {
        let auths = json!({world.registry(): world.entry(&world.token())});
        pull_secret(namespace, "a", &auths)
    };
    let files = clusters.each_ref().map(|cluster| {
        cluster.kubectl("create namespace shop");
        cluster.create(&secret("shop"));
        let name = cluster.name("kubeconfig");
        let file = world.context.file(&name, cluster.kubeconfig());
        file.to_string_lossy().into_owned()
    });
    world.context.set("KUBECONFIG", &files.join(":"));
    let run = world
        .context
        .command(format!("verify -n shop --all-contexts --pull {image}"))
        .spawn();
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
