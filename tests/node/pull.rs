//! `verify --pull` and `rotate --verify-pull`, judged by a real kubelet.

use crate::node::world::{ROBOT, SECRET, World};
use quay_sandbox::http::{Fault, FaultAction};
use quay_sandbox::image::Image;
use quay_tests::{Output, Plugin, test_pods};
use serde_json::{Value, json};

/// What a run of `verify --pull` says of its only pull.
#[track_caller]
fn verdict(output: &Output) -> Value {
    let report: Value = serde_json::from_str(&output.stdout).expect("JSON on stdout");
    assert_eq!(report["pulls"].as_array().map(Vec::len), Some(1));
    report["pulls"][0]["verdict"].clone()
}

#[test]
fn a_pull_is_proved_with_its_digest_and_its_node_and_leaves_no_pod() {
    let Some(world) = World::new("pulled") else {
        return;
    };
    let verdict = verdict(&world.verify(&world.image("my-app:v1")).expect(0));
    assert_eq!(verdict["result"], "pulled", "{verdict}");
    // The image runs as root, which the test pod does not.
    let image = Image::named("myorg/my-app");
    assert_eq!(verdict["digest"], image.manifest.digest, "{verdict}");
    assert_eq!(verdict["node"], "node");
    assert!(test_pods(&world.node.cluster, &world.namespace).is_empty());
}

#[test]
fn a_namespace_that_wants_restricted_pods_takes_the_test_pod() {
    let Some(world) = World::new("restricted") else {
        return;
    };
    let restricted = "pod-security.kubernetes.io/enforce=restricted";
    world
        .node
        .cluster
        .kubectl(format!("label namespace {} {restricted}", world.namespace));
    let verdict = verdict(&world.verify(&world.image("my-app:v1")).expect(0));
    assert_eq!(verdict["result"], "pulled", "{verdict}");
}

#[test]
fn where_no_pod_may_name_its_user_the_pull_is_proved_all_the_same() {
    let Some(world) = World::new("no-user") else {
        return;
    };
    let message = "unable to validate against any security context constraint";
    let body = json!({"kind": "Status", "reason": "Forbidden", "message": message});
    let refusal = FaultAction::Status {
        code: 403,
        content_type: "application/json".to_owned(),
        body: body.to_string(),
        headers: Vec::new(),
    };
    let method = "POST".parse().expect("a method");
    let fault = Fault::once(method, &format!("/{}/pods", world.namespace), refusal);
    world.faulty.faults().add(fault);
    let verdict = verdict(&world.verify(&world.image("my-app:v1")).expect(0));
    assert_eq!(verdict["result"], "pulled", "{verdict}");
    assert_eq!(world.faulty.faults().hits(), 1);
}

#[test]
fn a_dead_token_is_refused_in_the_kubelets_words() {
    let Some(mut world) = World::new("refused") else {
        return;
    };
    world.quay.regenerate(&mut world.context, ROBOT);
    let verdict = verdict(&world.verify(&world.image("my-app:v1")).expect(1));
    assert_eq!(verdict["result"], "refused", "{verdict}");
    let message = verdict["message"].as_str().expect("a message");
    assert!(message.contains("failed to fetch oauth token"), "{message}");
    assert!(test_pods(&world.node.cluster, &world.namespace).is_empty());
}

#[test]
fn a_tag_that_does_not_exist_is_refused_as_not_found() {
    let Some(world) = World::new("no-tag") else {
        return;
    };
    let image = world.image("my-app:v2");
    let verdict = verdict(&world.verify(&image).expect(1));
    assert_eq!(verdict["result"], "refused", "{verdict}");
    let message = verdict["message"].as_str().expect("a message");
    assert!(
        message.contains(&format!("{image}: not found")),
        "{message}"
    );
}

#[test]
fn a_repository_without_the_role_is_refused() {
    let Some(world) = World::new("no-role") else {
        return;
    };
    let verdict = verdict(&world.verify(&world.image("backend-api:v1")).expect(1));
    assert_eq!(verdict["result"], "refused", "{verdict}");
    let message = verdict["message"].as_str().expect("a message");
    assert!(
        message.to_lowercase().contains("401 unauthorized"),
        "{message}"
    );
}

#[test]
fn what_a_killed_run_leaves_the_next_one_removes() {
    let Some(world) = World::new("killed") else {
        return;
    };
    let image = world.image("my-app:v1");
    let hold = world.hold("DELETE", "/pods/");
    let mut run = world
        .plugin(
            Plugin::PullSecret,
            format!("verify -n {} --pull {image} -o json", world.namespace),
        )
        .spawn();
    assert!(run.reaches(&hold, 1));
    run.kill().expect(-1);
    let left = test_pods(&world.node.cluster, &world.namespace);
    assert_eq!(left.len(), 1);
    let output = world.verify(&image).expect(0);
    let name = left[0].trim_start_matches("pod/");
    output.says(&format!("deleted the test pod {name}"));
    assert!(test_pods(&world.node.cluster, &world.namespace).is_empty());
}

#[test]
fn a_rotation_proves_itself_with_a_pull() {
    let Some(world) = World::new("rotated") else {
        return;
    };
    let rotate = [
        "rotate",
        ROBOT,
        "--yes",
        "--grace",
        "0s",
        "-n",
        &world.namespace,
    ];
    let scope = ["--scope-is-complete", "-o", "json", "--verify-pull"];
    let good = world.image("my-app:v1");
    let arguments = [&rotate[..], &scope, &[&good]].concat();
    let output = world.context.run(&arguments).expect(0);
    assert!(output.stdout.contains("pulled"), "{}", output.stdout);
    // The robot may not pull this one: the rotation is done, its proof has failed.
    let bad = world.image("backend-api:v1");
    let arguments = [&rotate[..], &scope, &[&bad]].concat();
    let output = world.context.run(&arguments).expect(1);
    let said = output.stdout.to_lowercase();
    assert!(said.contains("401 unauthorized"), "{said}");
    let current = world
        .node
        .cluster
        .password(&world.namespace, SECRET, world.quay.registry());
    assert_eq!(current, world.token());
    assert!(test_pods(&world.node.cluster, &world.namespace).is_empty());
}
