//! `--dry-run`: nothing is stored anywhere, and what is shown is what would be done.

use crate::pullsecret::world::{ROBOT, item, world};
use quay_tests::pull_secret;
use serde_json::json;

#[test]
fn a_dry_run_stores_nothing_in_cluster_and_quay() {
    let world = world();
    let namespace = world.cluster.namespace("dry");
    world.stale_secret(&namespace, "a");
    let before = world.cluster.get(&namespace, "secret/a");
    for mode in ["--dry-run", "--dry-run=client", "--dry-run=server"] {
        world
            .run(format!("sync -n {namespace} {mode}"))
            .expect(0)
            .prints("updated (");
        world
            .run(format!("sync -n {namespace} --robot {ROBOT} {mode}"))
            .expect(0);
    }
    assert_eq!(world.cluster.get(&namespace, "secret/a"), before);
    assert!(world.cluster.references(&namespace, "default").is_empty());
    assert_eq!(world.quay.writes(), 0);
}

#[test]
fn a_namespace_that_would_be_created_is_not() {
    let world = world();
    let namespace = world.cluster.name("unborn");
    for mode in ["--dry-run=client", "--dry-run=server"] {
        world
            .run(format!(
                "sync -n {namespace} --robot {ROBOT} --create-namespace {mode}"
            ))
            .expect(0)
            .prints("created (");
    }
    assert_ne!(
        world
            .cluster
            .try_kubectl(format!("get namespace {namespace}"), "")
            .code,
        0
    );
}

#[test]
fn the_printed_manifests_bring_the_wanted_state_about() {
    let world = world();
    let (fresh, mixed) = (
        world.cluster.namespace("manifest"),
        world.cluster.namespace("manifest"),
    );
    let content = json!({"docker.io": {"auth": "YTpi"}, world.registry(): world.entry("OLD")});
    world
        .cluster
        .create(&pull_secret(&mixed, "mixed", &content));
    world.cluster.kubectl([
        "-n",
        &fresh,
        "patch",
        "serviceaccount",
        "default",
        "--type=merge",
        "-p",
        r#"{"imagePullSecrets":[{"name":"theirs"}]}"#,
    ]);
    let output = world
        .context
        .command(format!(
            "sync -n {fresh} -n {mixed} --robot {ROBOT} --dry-run=client -o yaml"
        ))
        .reveals(&world.token())
        .run()
        .expect(0);
    for printed in ["docker.io", world.registry()] {
        assert!(output.stderr.contains(printed), "{}", output.stderr);
    }
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    world.cluster.try_kubectl(apply, &output.stdout).expect(0);
    assert_eq!(world.password(&fresh, "quay-pull-secret"), world.token());
    assert_eq!(world.password(&mixed, "mixed"), world.token());
    assert_eq!(world.cluster.password(&mixed, "mixed", "docker.io"), "b");
    assert_eq!(
        world.cluster.references(&fresh, "default"),
        ["theirs", "quay-pull-secret"]
    );
    let output = world
        .run(format!(
            "sync -n {fresh} -n {mixed} --robot {ROBOT} -o json"
        ))
        .expect(0);
    assert_eq!(
        item(&output, &fresh, "quay-pull-secret")["result"],
        "unchanged"
    );
    assert_eq!(item(&output, &mixed, "mixed")["result"], "unchanged");
}
