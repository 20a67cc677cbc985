//! What `update` says before it writes on a hosted control plane, and how it knows that it is one.

use crate::global::world::{ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction};

const INFRASTRUCTURE: &str = "/infrastructures/cluster";
const MACHINES: &str = "/apis/machineconfiguration.openshift.io/v1";

fn status(code: u16, reason: &str) -> FaultAction {
    let body = format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{reason}","message":"no","code":{code}}}"#
    );
    FaultAction::Status {
        code,
        content_type: "application/json".to_owned(),
        body,
        headers: Vec::new(),
    }
}

impl World {
    /// From now on the plugin's user has no right to read what is at this path.
    pub fn forbid(&self, path: &str) {
        self.answer(path, status(403, "Forbidden"));
    }

    pub fn answer(&self, path: &str, action: FaultAction) {
        let get = "GET".parse().expect("a method");
        self.faulty.faults().add(Fault::always(get, path, action));
    }
}

#[test]
fn who_writes_where_nothing_brings_it_to_nodes_is_warned_before() {
    let update = format!("update --robot {ROBOT} --yes");
    let world = World::hosted();
    world.node("a", true);
    world
        .run(format!("{update} --dry-run"))
        .expect(0)
        .says("there is no syncer, so no node gets the additional pull secret");
    assert_eq!(world.additional_text(), None);
    assert!(world.reconcile());
    world.syncer_pods(0, 0, 0);
    let output = world.run(format!("{update} --dry-run")).expect(0);
    let output = output.says("no node has the label").says("AWS and Azure");
    assert!(!output.stderr.contains("restarts"), "{}", output.stderr);
    world.node("inplace", false);
    world.syncer_pods(1, 1, 1);
    world
        .run(update)
        .expect(0)
        .says("no syncer runs there: inplace")
        .says("the kubelet of every node with the syncer restarts")
        .says("imports of image streams do not use the new credentials");
}

#[test]
fn who_else_writes_the_secret_is_named() {
    let world = World::hosted();
    world.node("a", true);
    assert!(world.reconcile());
    world.syncer_pods(1, 1, 1);
    let update = format!("update --robot {ROBOT} --yes");
    let output = world.run(&update).expect(0);
    assert!(
        !output.stderr.contains("also written by"),
        "{}",
        output.stderr
    );
    let ecr = "950916221866.dkr.ecr.us-east-1.amazonaws.com";
    world.put_additional(&format!(r#"{{"auths":{{"{ecr}":{{"auth":"QVdTOng="}}}}}}"#));
    world.run(&update).expect(0).says(
        "kube-system/additional-pull-secret (context admin) is also written by kubectl (last at ",
    );
}

#[test]
fn a_hosted_control_plane_is_known_without_the_right_to_read_the_infrastructure() {
    let update = format!("update --robot {ROBOT} --yes");
    // Most hosted clusters do not have the Machine Config Operator's kinds.
    let world = World::hosted();
    world.forbid(INFRASTRUCTURE);
    world.answer(MACHINES, status(404, "NotFound"));
    world
        .run(&update)
        .expect(0)
        .says("has a hosted control plane");
    assert!(world.additional_text().is_some());
    assert_eq!(world.text(), world.content(None));
    drop(world);
    // Others have the kinds, and the copy of the control plane's own secret.
    let world = World::hosted();
    assert!(world.reconcile());
    world.forbid(INFRASTRUCTURE);
    world
        .run(&update)
        .expect(0)
        .says("has a hosted control plane");
    assert_eq!(world.text(), world.content(None));
}

#[test]
fn a_cluster_with_pools_is_standalone_and_one_without_traces_is_said_to_be_unknown() {
    let update = format!("update --robot {ROBOT} --yes");
    let world = World::new();
    world.forbid(INFRASTRUCTURE);
    world
        .run(&update)
        .expect(0)
        .says("so it is unknown whether the control plane is hosted")
        .says("oc --context admin auth can-i get infrastructures.config.openshift.io");
    assert_eq!(world.text(), world.content(Some(&world.token())));
    drop(world);
    let world = World::new();
    world.pool("worker");
    world.forbid(INFRASTRUCTURE);
    let output = world.run(&update).expect(0);
    assert!(!output.stderr.contains("unknown"), "{}", output.stderr);
}
