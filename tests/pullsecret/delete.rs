//! `delete`: the robot goes, everybody else's entries stay.

use crate::pullsecret::world::{ROBOT, grant_limited, world};
use quay_tests::pull_secret;
use serde_json::json;

#[test]
fn a_secret_with_nothing_else_in_it_is_detached_and_deleted() {
    let world = world();
    let namespace = world.cluster.namespace("delete");
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(0);
    world
        .run(format!("delete -n {namespace} --robot {ROBOT}"))
        .expect(2)
        .says("--yes");
    world
        .run(format!("delete -n {namespace} --robot {ROBOT} --yes"))
        .expect(0)
        .prints("deleted");
    assert_eq!(
        world
            .cluster
            .kubectl(format!("-n {namespace} get secrets -o name")),
        ""
    );
    assert!(world.cluster.references(&namespace, "default").is_empty());
    world
        .run(format!("delete -n {namespace} --robot {ROBOT} --yes"))
        .expect(0)
        .says("No pull secret in the chosen namespaces holds");
}

#[test]
fn other_entries_and_the_reference_to_them_stay() {
    let world = world();
    let namespace = world.cluster.namespace("delete-mixed");
    let content = json!({"docker.io": {"auth": "YTpi"}, world.registry(): world.entry("x")});
    world
        .cluster
        .create(&pull_secret(&namespace, "mixed", &content));
    world
        .run(format!(
            "attach mixed -n {namespace} --service-account default"
        ))
        .expect(0);
    world
        .run(format!("delete -n {namespace} --robot {ROBOT} --yes"))
        .expect(0)
        .prints("updated");
    assert_eq!(
        world.cluster.content(&namespace, "mixed"),
        r#"{"auths":{"docker.io":{"auth":"YTpi"}}}"#
    );
    assert_eq!(world.cluster.references(&namespace, "default"), ["mixed"]);
}

#[test]
fn a_secret_that_running_pods_use_is_kept_unless_forced() {
    let world = world();
    let namespace = world.cluster.namespace("delete-used");
    world.current_secret(&namespace, "used");
    world.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "shop", "namespace": namespace},
        "spec": {"imagePullSecrets": [{"name": "used"}], "containers": [{"name": "a", "image": "x/y"}]},
    }));
    let delete = ["delete", "-n", &namespace, "--robot", ROBOT, "--yes"];
    let output = world.run(delete).expect(1);
    assert!(output.stdout.contains("pod `shop`"), "{}", output.stdout);
    assert_eq!(world.password(&namespace, "used"), world.token());
    world
        .run(format!(
            "delete -n {namespace} --robot {ROBOT} --yes --force"
        ))
        .expect(0)
        .prints("deleted");
}

#[test]
fn a_name_at_two_registries_is_two_robots() {
    let world = world();
    let namespace = world.cluster.namespace("delete-two");
    let content = json!({"quay.io": world.entry("x"), world.registry(): world.entry("x")});
    world
        .cluster
        .create(&pull_secret(&namespace, "both", &content));
    world
        .run(format!("delete -n {namespace} --robot {ROBOT} --yes"))
        .expect(2)
        .says("--registry");
    world
        .run(format!(
            "delete -n {namespace} --robot {ROBOT} --registry quay.io --yes"
        ))
        .expect(0);
    assert_eq!(world.password(&namespace, "both"), "x");
    assert_eq!(world.cluster.password(&namespace, "both", "quay.io"), "");
}

#[test]
fn what_may_not_be_deleted_is_detached_from_nobody() {
    let mut world = world();
    let namespace = world.cluster.namespace("delete-denied");
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(0);
    grant_limited(
        &world,
        &namespace,
        "get,list,patch",
        "secrets,serviceaccounts",
    );
    grant_limited(&world, &namespace, "list", "pods");
    world.cluster.join_limited(&mut world.context);
    world
        .run(format!("delete -n {namespace} --robot {ROBOT} --yes"))
        .expect(1)
        .prints("failed");
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["quay-pull-secret"]
    );
}

#[test]
fn a_dry_run_deletes_and_detaches_nothing() {
    let world = world();
    let namespace = world.cluster.namespace("delete-dry");
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(0);
    let before = world.cluster.get(&namespace, "secret/quay-pull-secret");
    for mode in ["--dry-run=client", "--dry-run=server"] {
        world
            .run(format!("delete -n {namespace} --robot {ROBOT} {mode}"))
            .expect(0)
            .prints("deleted (");
    }
    assert_eq!(
        world.cluster.get(&namespace, "secret/quay-pull-secret"),
        before
    );
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["quay-pull-secret"]
    );
}
