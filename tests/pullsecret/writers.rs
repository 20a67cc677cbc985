//! Secrets that somebody else writes are refused, and the place to change is named.

use crate::pullsecret::world::{ROBOT, World, world};
use quay_tests::{auth, pull_secret};
use serde_json::{Value, json};

/// A stale secret with this metadata.
fn owned(world: &World, namespace: &str, metadata: &Value) -> Value {
    let entry = json!({"auth": auth(ROBOT, &"O".repeat(64))});
    let mut secret = pull_secret(namespace, "owned", &json!({world.registry(): entry}));
    for (field, value) in metadata.as_object().expect("an object") {
        secret["metadata"][field] = value.clone();
    }
    secret
}

#[test]
fn every_mark_of_a_writer_is_a_reason_to_refuse() {
    let world = world();
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "source", "uid": "1"}]);
    for (metadata, writer, place) in [
        (
            json!({"labels": {"secrets.hashicorp.com/vso-ownerRefUID": "1"}}),
            "Vault Secrets Operator manages the secret",
            "change what it reads in Vault",
        ),
        (
            json!({"annotations": {"operator.1password.io/item-path": "vaults/a/items/b"}}),
            "1Password manages the secret",
            "change the item in 1Password (vaults/a/items/b)",
        ),
        (
            json!({"ownerReferences": owner}),
            "a controller manages the secret",
            "change ConfigMap `source`",
        ),
    ] {
        let namespace = world.cluster.namespace("writers");
        world.cluster.create(&owned(&world, &namespace, &metadata));
        let before = world.cluster.bytes(&namespace, "owned");
        let output = world.run(format!("sync -n {namespace}")).expect(1);
        output.prints("refused").prints(writer).prints(place);
        assert_eq!(world.cluster.bytes(&namespace, "owned"), before);
        world
            .run(format!("sync -n {namespace} --force"))
            .expect(0)
            .prints("updated");
    }
}

#[test]
fn a_controller_that_left_only_its_name_on_the_fields_is_a_writer() {
    let world = world();
    let namespace = world.cluster.namespace("fields");
    let secret = owned(&world, &namespace, &json!({})).to_string();
    let apply = [
        "apply",
        "--server-side",
        "--field-manager=argocd-controller",
        "-f",
        "-",
    ];
    world.cluster.try_kubectl(apply, &secret).expect(0);
    let output = world.run(format!("sync -n {namespace}")).expect(1);
    output
        .prints("Argo CD manages the secret")
        .prints("change the Git repository");
}

#[test]
fn new_secrets_and_manifests_say_nothing_that_is_empty_or_new_each_time() {
    let world = world();
    let namespace = world.cluster.namespace("annotations");
    let sync = ["sync", "-n", &namespace, "--robot", ROBOT, "--no-attach"];
    let manifest = |world: &World| {
        let arguments = [&sync[..], &["--dry-run=client", "-o", "yaml"]].concat();
        let run = world.context.command(&arguments).reveals(&world.token());
        run.run().expect(0).stdout.clone()
    };
    let first = manifest(&world);
    assert_eq!(first, manifest(&world));
    for word in ["kubectl-quay/bridge", "synced-at", "null"] {
        assert!(!first.contains(word), "{word} in {first}");
    }
    world.run(sync).expect(0).prints("created");
    let created = world.cluster.get(&namespace, "secret/quay-pull-secret");
    let annotations = created["metadata"]["annotations"]
        .as_object()
        .expect("annotations");
    assert!(
        !annotations.contains_key("kubectl-quay/bridge"),
        "{annotations:?}"
    );
}
