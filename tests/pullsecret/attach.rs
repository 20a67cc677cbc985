//! `attach` and `detach`: one name more or less, and nothing else.

use crate::pullsecret::world::world;
use serde_json::{Value, json};

fn deployment(namespace: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {
                    "imagePullSecrets": [{"name": "old"}],
                    "containers": [{"name": "shop", "image": "quay.example.com/myorg/shop:1"}],
                },
            },
        },
    })
}

#[test]
fn a_service_account_gets_the_reference_once_and_gives_only_that_back() {
    let world = world();
    let namespace = world.cluster.namespace("attach");
    world.current_secret(&namespace, "mine");
    world.cluster.kubectl([
        "-n",
        &namespace,
        "patch",
        "serviceaccount",
        "default",
        "--type=merge",
        "-p",
        r#"{"imagePullSecrets":[{"name":"theirs"}]}"#,
    ]);
    let attach = [
        "attach",
        "mine",
        "-n",
        &namespace,
        "--service-account",
        "default",
    ];
    world.run(attach).expect(0).prints("attached");
    world.run(attach).expect(0).prints("unchanged");
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["theirs", "mine"]
    );
    world
        .run(format!(
            "detach mine -n {namespace} --service-account default"
        ))
        .expect(0)
        .prints("detached");
    assert_eq!(world.cluster.references(&namespace, "default"), ["theirs"]);
}

#[test]
fn all_service_accounts_of_a_namespace_are_reached() {
    let world = world();
    let namespace = world.cluster.namespace("accounts");
    world.current_secret(&namespace, "mine");
    world
        .cluster
        .kubectl(format!("-n {namespace} create serviceaccount builder"));
    world
        .run(format!("attach mine -n {namespace} --all-service-accounts"))
        .expect(0);
    for account in ["default", "builder"] {
        assert_eq!(
            world.cluster.references(&namespace, account),
            ["mine"],
            "{account}"
        );
    }
}

#[test]
fn a_workloads_template_gets_the_reference_and_keeps_the_rest() {
    let world = world();
    let namespace = world.cluster.namespace("workload");
    world.current_secret(&namespace, "mine");
    world.cluster.create(&deployment(&namespace));
    world
        .run(format!("attach mine -n {namespace} --workload deploy/shop"))
        .expect(0);
    let spec = world.cluster.get(&namespace, "deployment/shop")["spec"]["template"]["spec"].clone();
    assert_eq!(
        spec["imagePullSecrets"],
        json!([{"name": "old"}, {"name": "mine"}])
    );
    assert_eq!(
        spec["containers"][0]["image"],
        "quay.example.com/myorg/shop:1"
    );
    world
        .run(format!("detach old -n {namespace} --workload deploy/shop"))
        .expect(0);
    let spec = world.cluster.get(&namespace, "deployment/shop")["spec"]["template"]["spec"].clone();
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "mine"}]));
}

#[test]
fn a_secret_that_does_not_exist_is_attached_to_nobody() {
    let world = world();
    let namespace = world.cluster.namespace("absent");
    let output = world
        .run(format!(
            "attach nope -n {namespace} --service-account default"
        ))
        .expect(1);
    assert!(
        output.stdout.contains("no pull secret has that name"),
        "{}",
        output.stdout
    );
    assert!(world.cluster.references(&namespace, "default").is_empty());
}

#[test]
fn a_dry_run_changes_no_reference() {
    let world = world();
    let namespace = world.cluster.namespace("attach-dry");
    world.current_secret(&namespace, "mine");
    for mode in ["--dry-run=client", "--dry-run=server"] {
        world
            .run(format!(
                "attach mine -n {namespace} --service-account default {mode}"
            ))
            .expect(0)
            .prints("attached (");
    }
    assert!(world.cluster.references(&namespace, "default").is_empty());
}

#[test]
fn nobody_to_attach_to_is_a_usage_error() {
    let world = world();
    world.run("attach mine").expect(2).says("--service-account");
    world
        .run("attach mine -n default --workload pod/x")
        .expect(1);
}
