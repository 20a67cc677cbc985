//! What an API server does not store although one may write it, and what to do about each.

use crate::pullsecret::world::{ROBOT, world};
use quay_tests::{auth, pull_secret_of};
use serde_json::json;

#[test]
fn a_namespace_that_is_going_away_is_said_to_be() {
    let world = world();
    let namespace = world.cluster.namespace("ending");
    let patch = r#"{"metadata":{"finalizers":["example.com/stays"]}}"#;
    world.cluster.kubectl([
        "patch",
        "namespace",
        &namespace,
        "--type=merge",
        "-p",
        patch,
    ]);
    world
        .cluster
        .kubectl(format!("delete namespace {namespace} --wait=false"));
    world
        .run(format!("sync -n {namespace} --robot {ROBOT} --no-attach"))
        .expect(1)
        .prints("being terminated")
        .prints(&format!("get namespace {namespace}"))
        .prints(&format!("--exclude-namespace {namespace}"));
}

#[test]
fn a_secret_that_would_be_too_large_names_what_to_remove() {
    let world = world();
    let namespace = world.cluster.namespace("large");
    let entry = json!({world.registry(): {"auth": auth(ROBOT, "OLD")}}).to_string();
    let padding = "x".repeat((1 << 20) - entry.len() - 80);
    let content = format!(r#"{{"auths":{entry},"padding":"{padding}"}}"#);
    world
        .cluster
        .create(&pull_secret_of(&namespace, "a", &content));
    world
        .run(format!("sync -n {namespace}"))
        .expect(1)
        .prints("a Secret can hold at most 1 MiB")
        .prints(&format!("-n {namespace} edit secret a"));
}

#[test]
fn an_admission_policy_that_denies_a_write_is_named() {
    let world = world();
    if world.cluster.is_small() {
        return;
    }
    let namespace = world.cluster.namespace("policy");
    world.stale_secret(&namespace, "a");
    let policy = world.cluster.deny_updates(&namespace, "a");
    world
        .run(format!("sync -n {namespace}"))
        .expect(1)
        .prints("not here")
        .prints(&format!(
            "get validatingadmissionpolicy {} -o yaml",
            policy.name
        ));
}
