//! What the nodes of an OpenShift cluster pull with is left to `oc quay-global`.

use crate::pullsecret::world::{ROBOT, world};
use quay_tests::pull_secret;
use serde_json::{Value, json};

const NAMESPACE: &str = "openshift-config";
const NAME: &str = "pull-secret";

#[test]
fn the_nodes_pull_secret_is_neither_synced_nor_deleted_and_the_way_is_named() {
    let world = world();
    let metadata = json!({"name": NAMESPACE});
    world
        .cluster
        .create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}));
    let sync = ["sync", "-n", NAMESPACE, "--robot", ROBOT, "--secret-name"];
    let sync = |more: &[&str]| world.run([&sync[..], &[NAME], more].concat());
    sync(&["--no-attach"])
        .expect(1)
        .prints("every node pulls with this secret");

    let content = json!({
        world.registry(): world.entry(&"O".repeat(64)),
        "quay.io": {"auth": "b3BlbnNoaWZ0LXJlbGVhc2UtZGV2K29jbV9hY2Nlc3M6eA=="},
    });
    world
        .cluster
        .create(&pull_secret(NAMESPACE, NAME, &content));
    let object = || -> Value { world.cluster.get(NAMESPACE, "secret/pull-secret") };
    let before = object();
    let robot = "openshift-release-dev+ocm_access";
    let red_hat = ["--robot", robot, "--registry", "quay.io", "--force"];
    let delete = ["delete", "-n", NAMESPACE, "--yes"];
    let remedy = "next: oc quay global update --context ";
    for refused in [
        sync(&["--no-attach", "--force", "--replace-account"]).expect(1),
        world.run(format!("sync -n {NAMESPACE}")).expect(1),
        world.run(format!("verify -n {NAMESPACE}")).expect(1),
    ] {
        refused.prints(remedy);
    }
    let removal = world
        .run([&delete[..], &["--robot", ROBOT, "--force"]].concat())
        .expect(1);
    removal.prints(&format!(
        "next: oc quay global remove --context admin {}",
        world.registry()
    ));
    let removal = world.run([&delete[..], &red_hat].concat()).expect(1);
    removal.prints("next: oc quay global remove --context admin quay.io");
    assert_eq!(object(), before);
}

#[test]
fn what_openshift_copies_is_left_to_openshift() {
    let world = world();
    let content = json!({world.registry(): world.entry(&"O".repeat(64))});
    let copy = pull_secret("kube-system", "global-pull-secret", &content);
    world.cluster.create(&copy);
    let object = || -> Value {
        world
            .cluster
            .get("kube-system", "secret/global-pull-secret")
    };
    let before = object();
    let sync = world.run("sync -n kube-system").expect(0);
    assert!(
        !sync.stdout.contains("global-pull-secret"),
        "{}",
        sync.stdout
    );
    world
        .run(format!("delete -n kube-system --robot {ROBOT} --yes"))
        .expect(0);
    assert_eq!(object(), before);
}
