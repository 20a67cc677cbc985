//! `status` on a hosted control plane: what its config operator and the syncer really did.

use crate::global::hosted_cluster::SYNCER;
use crate::global::world::{ROBOT, World};
use quay_tests::{Output, auth};
use serde_json::{Value, json};

const MERGED: &str = "secret/global-pull-secret";

/// One of its nodes has the syncer.
fn hosted() -> World {
    let world = World::hosted();
    world.node("a", true);
    world
}

#[track_caller]
fn step(output: &Output, name: &str) -> Value {
    let found = output.items().into_iter().find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {}", output.stdout))
}

/// `status` ends so, and shows these steps so.
#[track_caller]
fn assert_steps(world: &World, code: i32, steps: &[(&str, &str, &str)]) -> Output {
    let output = world.run("status -o json").expect(code);
    for (name, state, secret) in steps {
        let found = step(&output, name);
        let told = (&found["state"], &found["secret"]);
        assert_eq!(told, (&json!(state), &json!(secret)), "{name}: {found}");
    }
    output
}

fn syncer() -> String {
    format!("daemonset/{SYNCER}")
}

#[test]
fn a_write_is_followed_through_the_control_plane_to_every_pod() {
    let world = hosted();
    world.node("b", true);
    assert!(world.reconcile());
    world.syncer_pods(2, 2, 2);
    assert_steps(&world, 0, &[(MERGED, "updated", "current")]);
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let steps = [
        (MERGED, "waiting", "older"),
        (&syncer(), "waiting", "older"),
    ];
    let output = assert_steps(&world, 0, &steps);
    assert_eq!(step(&output, &syncer())["updated"], 0);
    assert!(world.reconcile());
    // The DaemonSet's controller has not seen the new template.
    let steps = [
        (MERGED, "updated", "current"),
        (&syncer(), "updating", "current"),
    ];
    assert_steps(&world, 0, &steps);
    world.syncer_pods(2, 0, 2);
    assert_steps(&world, 0, &steps);
    world.syncer_pods(2, 2, 1);
    let output = assert_steps(&world, 0, &steps);
    assert_eq!(step(&output, &syncer())["updated"], 1);
    world
        .run("status --wait --timeout 0")
        .expect(1)
        .prints(&syncer())
        .says(&format!("not all nodes of {} (context admin)", syncer()));
    world.syncer_pods(2, 2, 2);
    let steps = [
        (MERGED, "updated", "current"),
        (&syncer(), "updated", "current"),
    ];
    assert_steps(&world, 0, &steps);
    world.run("status --wait").expect(0);
}

#[test]
fn a_syncer_that_runs_on_no_node_brings_nothing() {
    let world = World::hosted();
    world.node("kubevirt", false);
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    assert!(world.reconcile());
    world.syncer_pods(0, 0, 0);
    let output = assert_steps(&world, 1, &[(&syncer(), "missing", "current")]);
    let told = step(&output, &syncer())["message"].to_string();
    assert!(told.contains("nodepool-globalps-enabled=true"), "{told}");
    world.run("status --wait").expect(1);
}

#[test]
fn a_cluster_without_a_syncer_says_so() {
    let world = hosted();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let output = assert_steps(&world, 1, &[(&syncer(), "missing", "older")]);
    let told = step(&output, &syncer())["message"].to_string();
    assert!(told.contains("there is no syncer"), "{told}");
}

#[test]
fn nodes_without_the_syncer_are_named() {
    let world = hosted();
    world.node("b", true);
    world.node("inplace", false);
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    assert!(world.reconcile());
    world.syncer_pods(2, 2, 2);
    let steps = [
        (&syncer()[..], "updated", "current"),
        ("nodes/without-syncer", "missing", "older"),
    ];
    let output = assert_steps(&world, 1, &steps);
    let told = step(&output, "nodes/without-syncer")["message"].to_string();
    assert!(told.contains("inplace") && !told.contains("b,"), "{told}");
}

#[test]
fn the_merged_secret_is_held_against_both_that_it_is_made_of() {
    let world = hosted();
    let mine = json!({"auth": auth(ROBOT, &world.token()), "email": ""});
    // With spaces, in another order than a program writes it, and with a key of the original's.
    let both = json!({"auths": {"quay.io": {"auth": "YTpi"}, world.registry(): mine}});
    let pretty = serde_json::to_string_pretty(&both).expect("JSON");
    world.put_additional(&pretty);
    assert!(world.reconcile());
    world.syncer_pods(1, 1, 1);
    assert_steps(&world, 0, &[(MERGED, "updated", "current")]);
    // Somebody removes an entry with an editor, and adds another.
    let other = json!({"auths": {"new.example.com": {"auth": "YTpi"}}});
    world.put_additional(&other.to_string());
    let output = assert_steps(&world, 0, &[(MERGED, "waiting", "older")]);
    let told = step(&output, MERGED)["message"].clone();
    let expected = format!(
        "it does not have new.example.com; it still has {}",
        world.registry()
    );
    assert_eq!(told, json!(expected));
    world.run("status --wait --timeout 0").expect(1);
    assert!(world.reconcile());
    world.syncer_pods(1, 1, 1);
    assert_steps(&world, 0, &[(MERGED, "updated", "current")]);
}

#[test]
fn a_secret_that_the_control_plane_refuses_is_told_with_what_repairs_it() {
    let world = hosted();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    assert!(world.reconcile());
    world.syncer_pods(1, 1, 1);
    for (content, reason, next) in [
        (
            r#"{"auths":{}}"#,
            "it has no entry",
            "-n kube-system delete secret additional-pull-secret",
        ),
        (
            r#"{"auths":[]}"#,
            "changes nothing",
            "-n kube-system edit secret additional-pull-secret",
        ),
        (
            r#"{"auths":{"a.example.com":{"auth":"!!"}}}"#,
            "`a.example.com`",
            "remove --context admin a.example.com",
        ),
    ] {
        world.put_additional(content);
        assert!(!world.reconcile(), "{content}");
        let output = assert_steps(&world, 1, &[(MERGED, "blocked", "older")]);
        let found = step(&output, MERGED);
        let told = found["message"].to_string();
        assert!(told.contains("the control plane refuses"), "{told}");
        assert!(told.contains(reason), "{told}");
        let told = found["next"].to_string();
        assert!(told.contains(next), "{told}");
        world.run("status --wait").expect(1);
    }
}

#[test]
fn nobody_takes_for_arrived_what_could_not_be_seen() {
    let world = hosted();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    assert!(world.reconcile());
    world.syncer_pods(1, 1, 1);
    for (path, right) in [
        (
            "/daemonsets/",
            "auth can-i get daemonsets.apps/global-pull-secret-syncer",
        ),
        ("/api/v1/nodes", "auth can-i list nodes"),
        (
            "/secrets/global-pull-secret",
            "auth can-i get secrets/global-pull-secret",
        ),
    ] {
        world.forbid(path);
        let output = world.run("status --wait").expect(1);
        output.says(right);
        world.faulty.faults().clear();
    }
    world.run("status --wait").expect(0);
}
