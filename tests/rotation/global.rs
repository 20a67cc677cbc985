//! `--global`: the pull secret of OpenShift's nodes is rotated too, and its nodes are waited
//! for.

use crate::rotation::world::{BRIDGE, ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction};
use quay_sandbox::openshift;
use quay_tests::{Running, TestCluster, auth, eventually, pull_secret_of};
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

const NAMESPACE: &str = "openshift-config";
const SECRET: &str = "pull-secret";
const NOW: [&str; 3] = ["--global", "--node-grace", "0s"];

/// One OpenShift for all tests of this file, which take turns.
fn openshift() -> (&'static TestCluster, MutexGuard<'static, ()>) {
    static CLUSTER: OnceLock<TestCluster> = OnceLock::new();
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let cluster = CLUSTER.get_or_init(|| {
        let cluster = TestCluster::own();
        cluster.become_openshift();
        cluster
    });
    cluster.kubectl("delete machineconfigpools,machineconfigs --all");
    cluster.kubectl(format!("-n {NAMESPACE} delete secrets --all"));
    (cluster, turn)
}

/// The nodes' secret: Red Hat's entries, and the robot.
fn world(cluster: &'static TestCluster) -> World {
    let mut world = World::on(cluster, 1);
    let red_hat = "R".repeat(64);
    world.context.watch(&red_hat);
    let mut auths = openshift::red_hat_entries(&red_hat, "me@example.com");
    auths[world.registry()] = json!({"auth": auth(ROBOT, &world.token())});
    let content = json!({"auths": auths, "x": 1.5}).to_string();
    cluster.create(&pull_secret_of(NAMESPACE, SECRET, &content));
    cluster.create(&openshift::pool("worker", "rendered-worker-0"));
    cluster.roll_out("worker", 0, 3);
    world
}

fn holds(cluster: &TestCluster, account: &str, token: &str) -> bool {
    let content = cluster.content(NAMESPACE, SECRET);
    content.contains(&auth(account, token))
}

fn looks_at_pools(world: &World) -> usize {
    world
        .faulty
        .log()
        .count(|request| request.path.contains("machineconfigpools"))
}

#[test]
fn the_token_dies_only_when_every_node_has_the_bridge() {
    let (cluster, _turn) = openshift();
    let world = world(cluster);
    let old = world.token();
    let renewal = world.hold_quay("POST", "/regenerate");
    let mut run = world.start(NOW);
    eventually("the nodes' secret holds the bridge", || {
        world
            .token_of(BRIDGE)
            .is_some_and(|token| holds(cluster, BRIDGE, &token))
    });
    let looks = looks_at_pools(&world);
    cluster.roll_out("worker", 1, 1);
    eventually("the pools are looked at again", || {
        looks_at_pools(&world) > looks + 1
    });
    assert_eq!(world.token(), old, "the token was replaced under the nodes");
    cluster.roll_out("worker", 1, 3);
    assert!(run.reaches(&renewal, 1));
    renewal.release();
    eventually("the nodes' secret holds the new token", || {
        holds(cluster, ROBOT, &world.token())
    });
    assert!(
        world.token_of(BRIDGE).is_some(),
        "the bridge went under the nodes"
    );
    cluster.roll_out("worker", 2, 3);
    run.wait().expect(0);
    world.is_at_rest();
    assert_ne!(world.token(), old);
    let content: Value = serde_json::from_str(&cluster.content(NAMESPACE, SECRET)).expect("JSON");
    assert_eq!(
        content["auths"].as_object().map(serde_json::Map::len),
        Some(5)
    );
    assert_eq!(content["x"], 1.5);
    assert_eq!(
        cluster
            .kubectl(format!(
                "-n {NAMESPACE} get secrets -lkubectl-quay/backup-of -o name"
            ))
            .lines()
            .count(),
        2
    );
}

#[test]
fn the_nodes_secret_is_only_written_with_its_flag_and_never_under_a_paused_pool() {
    let (cluster, _turn) = openshift();
    let world = world(cluster);
    let token = world.token();
    let refused = world.rotate("").expect(1);
    refused
        .says("openshift-config/pull-secret holds")
        .says("--global");
    let paused = json!({"spec": {"paused": true}}).to_string();
    cluster.kubectl(format!("patch mcp worker --type=merge -p '{paused}'"));
    let refused = world.rotate(NOW).expect(1);
    refused
        .says("pool worker")
        .says("paused")
        .says("--leave-behind=worker");
    assert_eq!(world.token(), token);
    assert!(holds(cluster, ROBOT, &token));
    let accepted = [&NOW[..], &["--leave-behind=worker"]].concat();
    world.rotate(&accepted).expect(0);
    assert!(holds(cluster, ROBOT, &world.token()));
}

#[test]
fn in_place_the_nodes_secret_is_written_with_the_others() {
    let (cluster, _turn) = openshift();
    let world = world(cluster);
    let more = [&NOW[..], &["--in-place"]].concat();
    world.rotate(&more).expect(0);
    world.is_at_rest();
    assert!(holds(cluster, ROBOT, &world.token()));
}

#[test]
fn a_server_dry_run_tries_the_nodes_secret_and_keeps_no_backup_of_it() {
    let (cluster, _turn) = openshift();
    let world = world(cluster);
    let names = || cluster.kubectl(format!("-n {NAMESPACE} get secrets -o name"));
    let before = names();
    let more = [&NOW[..], &["--dry-run=server", "-o", "json"]].concat();
    let output = world.rotate(&more).expect(0);
    let preview: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let mut tried = preview["triedWrites"].as_array().expect("a list").iter();
    assert!(tried.any(|write| write["secret"] == SECRET && write["taken"] == true));
    assert_eq!(names(), before);
    assert!(holds(cluster, ROBOT, &world.token()));
}

#[test]
fn a_server_dry_run_names_the_nodes_secret_where_it_could_not_be_backed_up() {
    let (cluster, _turn) = openshift();
    let world = world(cluster);
    let refusal =
        r#"{"kind":"Status","status":"Failure","message":"no","reason":"Forbidden","code":403}"#;
    world.faulty.faults().add(Fault::always(
        "POST".parse().expect("a method"),
        "/namespaces/openshift-config/secrets",
        FaultAction::Status {
            code: 403,
            content_type: "application/json".into(),
            body: refusal.into(),
            headers: Vec::new(),
        },
    ));
    let more = [&NOW[..], &["--dry-run=server"]].concat();
    world
        .rotate(&more)
        .expect(1)
        .prints("secret openshift-config/pull-secret in context")
        .prints("auth can-i create secrets")
        // The others are tried nevertheless.
        .says("would refuse the first write to 1 of 2 secrets");
}

/// The Machine Config Operator renders what the nodes' secret holds now.
fn render(cluster: &TestCluster, number: usize) {
    let config = format!("rendered-worker-{number}");
    let content = cluster.content(NAMESPACE, SECRET);
    cluster.create(&openshift::machine_config(&config, &content));
}

/// Starts a rotation, and returns when the nodes' secret holds the bridge and the nodes do not.
fn crossed<'a>(cluster: &TestCluster, world: &'a World) -> Running<'a> {
    render(cluster, 0);
    let run = world.start(NOW);
    eventually("the nodes' secret holds the bridge", || {
        world
            .token_of(BRIDGE)
            .is_some_and(|token| holds(cluster, BRIDGE, &token))
    });
    run
}

#[test]
fn a_rotation_that_goes_on_waits_for_what_an_earlier_run_wrote_to_the_nodes() {
    let (cluster, _turn) = openshift();
    let world = world(cluster);
    let old = world.token();
    drop(crossed(cluster, &world).kill());
    let renewal = world.hold_quay("POST", "/regenerate");
    let mut run = world.start(NOW);
    let looks = looks_at_pools(&world);
    eventually("the pools are looked at several times", || {
        looks_at_pools(&world) > looks + 2
    });
    assert_eq!(world.token(), old, "the token was replaced under the nodes");
    render(cluster, 1);
    cluster.roll_out("worker", 1, 3);
    assert!(run.reaches(&renewal, 1));
    renewal.release();
    eventually("the nodes' secret holds the new token", || {
        holds(cluster, ROBOT, &world.token())
    });
    render(cluster, 2);
    cluster.roll_out("worker", 2, 3);
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn what_never_reached_the_nodes_is_taken_back_without_waiting_for_them() {
    let (cluster, _turn) = openshift();
    let world = world(cluster);
    let old = world.token();
    drop(crossed(cluster, &world).kill());
    // The Machine Config Operator has not rendered the bridge, and never will.
    world.rotate([&NOW[..], &["--abort"]].concat()).expect(0);
    assert_eq!(world.token(), old);
    assert!(holds(cluster, ROBOT, &old));
    world.is_at_rest();
}

#[test]
fn a_pool_that_is_paused_meanwhile_stops_the_rotation_and_is_named() {
    let (cluster, _turn) = openshift();
    let world = world(cluster);
    let old = world.token();
    let run = crossed(cluster, &world);
    let paused = json!({"spec": {"paused": true}}).to_string();
    cluster.kubectl(format!("patch mcp worker --type=merge -p '{paused}'"));
    let stopped = run.wait().expect(1);
    stopped
        .says("machineconfigpool/worker is paused")
        .says("--leave-behind=worker");
    assert_eq!(world.token(), old);
}
