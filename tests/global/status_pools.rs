//! `status` on a standalone cluster: pools that are not simply on their way, as the Machine Config
//! Operator writes them, and what cannot be seen of them.

use crate::global::world::{NAMESPACE, ROBOT, SECRET, World};
use quay_sandbox::http::FaultAction;
use quay_sandbox::openshift;
use quay_tests::{Output, auth};
use serde_json::{Value, json};

const STATUS: [&str; 1] = ["--subresource=status"];
const CONFIG: &str = "rendered-worker-0";

impl World {
    /// A pool of three machines that have what the secret holds now, robot included.
    fn rolled_out(&self, pool: &str) {
        self.put(&self.content(Some(&self.token())));
        self.pool(pool);
    }

    /// The file of the nodes as this rendered config has it.
    fn rendered(&self, pool: &str, config: &str, content: &str) {
        let object = openshift::machine_config(config, content);
        self.cluster.create(&object);
        self.patch(pool, &[], &openshift::wants(config));
    }

    /// A node that the operator wants to have this rendered config.
    fn pool_node(&self, name: &str, config: &str, is_ready: bool, is_cordoned: bool) {
        let annotations = json!({
            "machineconfiguration.openshift.io/desiredConfig": config,
            "machineconfiguration.openshift.io/currentConfig": config,
        });
        self.cluster.create(&json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"unschedulable": is_cordoned},
        }));
        let ready = if is_ready { "True" } else { "Unknown" };
        let status = json!({"status": {"conditions": [{"type": "Ready", "status": ready}]}});
        let status = status.to_string();
        let patch = ["patch", "node", name, "--subresource=status", "-p", &status];
        self.cluster.kubectl(patch);
    }

    /// This status as the operator would write it once it has seen what is wanted.
    fn pool_status(&self, pool: &str, status: &Value) {
        let object = self.cluster.get("", &format!("mcp/{pool}"));
        let mut status = status.clone();
        status["observedGeneration"] = object["metadata"]["generation"].clone();
        self.patch(pool, &STATUS, &json!({"status": status}));
    }

    /// The controller's Deployment looks like this to the plugin.
    fn operator_is(&self, replicas: u64, available: u64) {
        let body = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": openshift::CONTROLLER, "namespace": openshift::OPERATOR_NAMESPACE},
            "spec": {
                "replicas": replicas,
                "selector": {},
                "template": {},
            },
            "status": {"availableReplicas": available},
        });
        let action = FaultAction::Status {
            code: 200,
            content_type: "application/json".to_owned(),
            body: body.to_string(),
            headers: Vec::new(),
        };
        self.answer("/deployments/machine-config-controller", action);
    }
}

#[track_caller]
fn row(output: &Output, name: &str) -> Value {
    let found = output.items().into_iter().find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {}", output.stdout))
}

#[track_caller]
fn told(world: &World, code: i32, state: &str, secret: &str) -> String {
    let output = world.run("status -o json").expect(code);
    let found = row(&output, "machineconfigpool/worker");
    let seen = (&found["state"], &found["secret"]);
    assert_eq!(seen, (&json!(state), &json!(secret)), "{found}");
    found["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_wait_never_succeeds_on_configs_that_may_not_be_read() {
    let world = World::new();
    world.pool("master");
    world.pool("worker");
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    world.forbid("/machineconfigs/");
    let wait = world.run("status --wait").expect(1);
    wait.prints("unknown")
        .says("it is unknown whether the nodes of master, worker have the secret")
        .says("oc --context admin auth can-i get machineconfigs.machineconfiguration.openshift.io");
    world.run("status").expect(0);
}

#[test]
fn a_config_that_is_not_there_yet_is_waited_for() {
    let world = World::new();
    world.pool("worker");
    world.patch("worker", &[], &openshift::wants("rendered-worker-1"));
    world.machines("worker", 1, 3);
    told(&world, 0, "updated", "unknown");
    world.run("status --wait --timeout 0").expect(1);
    world.cluster.create(&openshift::machine_config(
        "rendered-worker-1",
        &world.text(),
    ));
    world.run("status --wait").expect(0);
}

#[test]
fn a_node_that_is_not_available_has_the_secret_all_the_same_and_is_named() {
    let world = World::new();
    world.rolled_out("worker");
    for (name, ready, cordoned) in [("a", true, false), ("b", false, false), ("c", true, true)] {
        world.pool_node(name, CONFIG, ready, cordoned);
    }
    world.pool_node("of-another-pool", "rendered-infra-0", false, false);
    // Not all are ready, so the pool is updating for as long as that lasts.
    let conditions = json!([
        {"type": "Updated", "status": "False"},
        {"type": "Updating", "status": "True"},
    ]);
    world.pool_status(
        "worker",
        &json!({
            "configuration": {"name": "rendered-worker-before"},
            "updatedMachineCount": 3, "readyMachineCount": 1, "unavailableMachineCount": 2,
            "conditions": conditions,
        }),
    );
    let told = told(&world, 0, "updated", "current");
    assert_eq!(told, "not available: b (not ready), c (cordoned)");
    world.run("status --wait").expect(0).prints("3/3");
    world.forbid("/api/v1/nodes");
    world
        .run("status")
        .expect(0)
        .prints("2 of its nodes not available")
        .says("auth can-i list nodes");
}

#[test]
fn a_paused_pool_blocks_only_what_its_nodes_do_not_have() {
    let world = World::new();
    world.rolled_out("worker");
    world.patch("worker", &[], &json!({"spec": {"paused": true}}));
    world.machines("worker", 0, 3);
    let message = told(&world, 0, "updated", "current");
    assert_eq!(message, "the pool is paused, but its nodes have the secret");
    world.run("status --wait").expect(0);
    // A change that the operator has rendered, and the paused pool keeps from its nodes.
    world.run("remove registry.example.com --yes").expect(0);
    world.render("worker", 1);
    world.pool_status("worker", &json!({"updatedMachineCount": 0}));
    let message = told(&world, 1, "paused", "current");
    assert!(message.contains("do not get the secret"), "{message}");
    world.run("status --wait").expect(1);
}

#[test]
fn why_a_pool_is_degraded_is_told_before_and_after_a_write() {
    let world = World::new();
    world.pool("worker");
    let why = r#"Node worker-1 is reporting: "content mismatch for file /etc/chrony.conf""#;
    let conditions = json!([
        {"type": "Degraded", "status": "True", "message": why},
        {"type": "NodeDegraded", "status": "True", "message": why},
    ]);
    let degraded = json!({"conditions": conditions, "degradedMachineCount": 1});
    world.pool_status("worker", &degraded);
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    output
        .says("do not get the secret as long as it is")
        .says(why);
    let message = told(&world, 1, "degraded", "older");
    let expected = format!("its nodes do not get the secret as long as it is degraded: {why}");
    assert_eq!(message, expected);
}

#[test]
fn a_timeout_shows_the_table_and_names_the_pools() {
    let world = World::new();
    world.pool("master");
    world.pool("worker");
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    world.render("master", 1);
    world.machines("master", 1, 3);
    let output = world.run("status --wait --timeout 0").expect(1);
    output
        .prints("machineconfigpool/worker")
        .prints("0/3")
        .says("not all nodes of machineconfigpool/worker (context admin) got the secret within 0s");
    // A program gets one document, which shows the same.
    let output = world.run("status --wait --timeout 0 -o json").expect(1);
    assert_eq!(row(&output, "machineconfigpool/worker")["state"], "waiting");
}

#[test]
fn a_pull_secret_that_is_gone_is_said_to_be_gone() {
    let world = World::new();
    world.pool("worker");
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    world
        .cluster
        .kubectl(format!("-n {NAMESPACE} delete secret {SECRET}"));
    for command in ["status -o json", "status --wait -o json"] {
        let output = world.run(command).expect(1);
        let found = row(&output, "secret/pull-secret");
        assert_eq!(found["state"], "blocked");
        let message = found["message"].to_string();
        assert!(message.contains("does not exist"), "{message}");
        let next = found["next"].to_string();
        assert!(next.contains("rollback --context admin"), "{next}");
    }
}

#[test]
fn entries_that_the_operator_adds_are_said_and_do_not_make_a_config_older() {
    let world = World::new();
    world.rolled_out("worker");
    let mut file: Value = serde_json::from_str(&world.text()).expect("JSON");
    let internal = json!({"auth": auth("openshift", "x")});
    for key in ["localhost:22625", "api-int.sandbox.example.com:22625"] {
        file["auths"][key] = internal.clone();
    }
    world.rendered("worker", "rendered-worker-1", &file.to_string());
    world.machines("worker", 1, 3);
    let message = told(&world, 0, "updated", "current");
    assert_eq!(
        message,
        "the rendered config also holds api-int.sandbox.example.com:22625, localhost:22625"
    );
    world.run("status --wait").expect(0);
    // What was removed from the secret is no addition.
    world.run("remove registry.example.com --yes").expect(0);
    told(&world, 0, "waiting", "older");
}

#[test]
fn somebodys_own_machine_config_for_the_file_is_named() {
    let world = World::new();
    world.rolled_out("worker");
    let mut file: Value = serde_json::from_str(&world.text()).expect("JSON");
    file["auths"]["theirs.example.com"] = json!({"auth": "YTpi"});
    let theirs = openshift::machine_config("99-worker-pull-secret", &file.to_string());
    world.cluster.create(&theirs);
    world.rendered("worker", "rendered-worker-1", &file.to_string());
    let sources = json!([{"name": "00-worker"}, {"name": "99-worker-pull-secret"}]);
    let spec = json!({"spec": {"configuration": {"source": sources}}});
    world.patch("worker", &[], &spec);
    world.machines("worker", 1, 3);
    let message = told(&world, 0, "updated", "current");
    assert!(
        message.contains("also holds theirs.example.com"),
        "{message}"
    );
    assert!(
        message.contains("MachineConfig `99-worker-pull-secret`"),
        "{message}"
    );
    // It does not follow the secret.
    world.run("remove registry.example.com --yes").expect(0);
    world.put(
        &world
            .text()
            .replace("\"auths\":{", "\"auths\":{\"new.example.com\":{},"),
    );
    let message = told(&world, 1, "blocked", "older");
    assert!(
        message.contains("MachineConfig `99-worker-pull-secret`"),
        "{message}"
    );
}

#[test]
fn an_operator_that_does_not_run_is_said_where_something_waits_for_it() {
    let world = World::new();
    world.pool("worker");
    world.operator_is(0, 0);
    told(&world, 0, "updated", "current");
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let message = told(&world, 1, "blocked", "older");
    assert!(
        message.contains("no Machine Config Operator runs"),
        "{message}"
    );
    assert!(message.contains("is scaled to 0"), "{message}");
    world.run("status --wait").expect(1);
    world.faulty.faults().clear();
    world.operator_is(1, 0);
    let message = told(&world, 0, "waiting", "older");
    assert!(message.contains("is not available"), "{message}");
    world.faulty.faults().clear();
    world.forbid("/deployments/machine-config-controller");
    let message = told(&world, 0, "waiting", "older");
    assert!(
        message.contains("has not started the roll-out"),
        "{message}"
    );
}

#[test]
fn a_cluster_without_pools_has_no_operator() {
    let world = World::new();
    world.answer(
        "/machineconfigpools",
        FaultAction::Status {
            code: 404,
            content_type: "text/plain".to_owned(),
            body: "404 page not found\n".to_owned(),
            headers: Vec::new(),
        },
    );
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    output.says("so no Machine Config Operator brings");
    let output = world.run("status --wait -o json").expect(1);
    assert_eq!(row(&output, "machineconfigpools")["state"], "missing");
}
