//! `status`.

use crate::global::world::{ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::{Output, str};
use serde_json::{Value, json};

fn stretch(output: &Output, name: &str) -> Value {
    let report: Value = serde_json::from_str(&output.stdout).expect("JSON on stdout");
    let items = report["items"].as_array().cloned().unwrap_or_default();
    let found = items.into_iter().find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {}", output.stdout))
}

#[track_caller]
fn assert_state(world: &World, code: i32, states: &[(&str, &str, &str, u64)]) {
    let output = world.run("status -o json").expect(code);
    for (pool, state, secret, updated) in states {
        let found = stretch(&output, &format!("machineconfigpool/{pool}"));
        let told = (&found["state"], &found["secret"], &found["updated"]);
        assert_eq!(
            told,
            (&json!(state), &json!(secret), &json!(updated)),
            "{pool}"
        );
    }
}

#[test]
fn a_pool_is_followed_from_the_write_to_its_last_machine() {
    let world = World::new();
    world.pool("master");
    world.pool("worker");
    assert_state(&world, 0, &[("master", "updated", "current", 3)]);
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    output.says("To follow the change to the nodes: oc quay global status --context admin --wait");
    // The operator has not begun, although every pool says that it is updated.
    assert_state(&world, 0, &[("worker", "waiting", "older", 0)]);
    for pool in ["master", "worker"] {
        world.render(pool, 1);
    }
    world.machines("master", 1, 3);
    world.machines("worker", 1, 1);
    let states = [
        ("master", "updated", "current", 3),
        ("worker", "updating", "current", 1),
    ];
    assert_state(&world, 0, &states);

    // Its third look is held until the last machine has arrived.
    let hold = Hold::default();
    let looked = "/machineconfigpools";
    world.faulty.faults().add(Fault {
        skip: 2,
        ..Fault::once(
            "GET".parse().expect("a method"),
            looked,
            FaultAction::HoldBefore(hold.clone()),
        )
    });
    let wait = world.context.command("status --wait");
    let mut run = wait.env("TERM", "xterm").on_terminal().spawn();
    assert!(run.reaches(&hold, 1), "it waits");
    world.machines("worker", 1, 3);
    hold.release();
    let output = run.wait().expect(0);
    // A bar for each pool that is on its way.
    let output = output.prints("machineconfigpool/worker [");
    output.prints("] 1/3").prints("3/3");
    assert_state(&world, 0, &[("worker", "updated", "current", 3)]);
}

#[test]
fn paused_and_degraded_pools_are_named_and_not_waited_for() {
    let world = World::new();
    world.pool("worker");
    world.patch("worker", &[], &json!({"spec": {"paused": true}}));
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    output.says("`worker`").says("is paused");
    let output = world.run("status --wait").expect(1);
    world.seen("").holds(&output.stdout, str![[r#"
NAME  STATE  NODES  SECRET  DETAIL
machineconfigpool/worker  paused  0/3  older  its nodes do not get the secret until spec.paused is false

"#]]);
    world.patch("worker", &[], &json!({"spec": {"paused": false}}));
    let degraded = json!({"status": {"conditions": [{"type": "Degraded", "status": "True"}]}});
    world.patch("worker", &["--subresource=status"], &degraded);
    world.run("status --wait").expect(1).prints("degraded");
}

#[test]
fn a_wait_ends_when_its_time_is_up() {
    let world = World::new();
    world.pool("worker");
    world.machines("worker", 0, 1);
    let output = world.run("status --wait --timeout 0").expect(1);
    output
        .says("not all nodes of machineconfigpool/worker (context admin) got the secret within 0s");
}

#[test]
fn without_rights_on_pools_or_configs_it_says_what_it_could_not_see() {
    let mut world = World::new();
    world.pool("worker");
    let cluster = world.cluster;
    let kubectl = |arguments: &[&str]| cluster.kubectl(arguments);
    let cleanup = [
        "delete",
        "role,rolebinding",
        "global",
        "-n",
        "openshift-config",
        "--ignore-not-found",
    ];
    kubectl(&cleanup);
    kubectl(&[
        "delete",
        "clusterrole,clusterrolebinding",
        "pools",
        "--ignore-not-found",
    ]);
    let role = [
        "create",
        "role",
        "global",
        "-n",
        "openshift-config",
        "--verb=get,list",
        "--resource=secrets",
    ];
    kubectl(&role);
    let bind = [
        "create",
        "rolebinding",
        "global",
        "-n",
        "openshift-config",
        "--role=global",
        "--user=limited",
    ];
    kubectl(&bind);
    world
        .cluster
        .until_limited(true, &["get", "secrets", "-n", "openshift-config"]);
    world.become_limited();
    let output = world.run("status").expect(0);
    output.says("cannot list machineconfigpools");
    // Nobody may take it for arrived.
    world.run("status --wait").expect(1);
    let pools = [
        "create",
        "clusterrole",
        "pools",
        "--verb=get,list",
        "--resource=machineconfigpools.machineconfiguration.openshift.io",
    ];
    kubectl(&pools);
    kubectl(&[
        "create",
        "clusterrolebinding",
        "pools",
        "--clusterrole=pools",
        "--user=limited",
    ]);
    world
        .cluster
        .until_limited(true, &["list", "machineconfigpools"]);
    let output = world.run("status").expect(0);
    output
        .says("cannot get machineconfigs")
        .prints("unknown")
        .prints("updated");
    kubectl(&cleanup);
}
