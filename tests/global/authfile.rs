//! `verify --authfile`: a file that is in no cluster yet.

use crate::global::ocm::{rotated, start};
use crate::global::world::{RED_HATS_RELEASES, ROBOT, World};
use quay_sandbox::openshift::{self, Mirrors};
use quay_sandbox::registries::Way;
use quay_tests::auth;
use serde_json::{Value, json};

/// Red Hat's registries, and who may pull there with this token.
pub const REGISTRIES: [(&str, &str); 3] = [
    ("quay.io", "openshift-release-dev+ocm_access_sandbox"),
    ("registry.connect.redhat.com", "fhc-pool-sandbox"),
    ("registry.redhat.io", "fhc-pool-sandbox"),
];

fn names() -> Vec<&'static str> {
    REGISTRIES.iter().map(|(host, _)| *host).collect()
}

/// A file of this content, which only its owner may read.
fn file(world: &World, content: &Value) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = world.context.file("auth.json", &content.to_string());
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&path, mode).expect("it is there");
    path.to_string_lossy().into_owned()
}

#[test]
fn the_new_pull_secret_is_tried_before_it_goes_to_a_cluster() {
    let mut world = World::new();
    let ocm = start(&mut world.context);
    let registries = world.registries(&names());
    let ca = world.context.file("registries.pem", registries.ca_pem());
    world.context.set("QUAY_CA_FILE", &ca.to_string_lossy());
    // No cluster is needed.
    world.context.set("KUBECONFIG", "/no/such/file");
    let token = ocm.edit(|state| state.pull_token.clone());
    for (host, user) in REGISTRIES {
        registries.set(host, Way::Opaque, user, &token);
    }
    world.run("ocm download -o new.json").expect(0);
    let verify = ["verify", "--authfile", "new.json", "-o", "json"];
    let pull = ["--image", "registry.redhat.io/ubi8/ubi:latest"];
    let output = world.run([&verify[..], &pull].concat()).expect(0);
    let pulled = World::item(&output, "registry.redhat.io")["message"].to_string();
    assert!(
        pulled.contains("registry.redhat.io/ubi8/ubi can be pulled"),
        "{pulled}"
    );
    assert!(output.stderr.is_empty(), "{}", output.stderr);
    for host in names() {
        let item = World::item(&output, host);
        assert_eq!(
            (&item["registry"], &item["token"], &item["secret"]),
            (&json!("accepted"), &json!("current"), &json!("new.json"))
        );
        assert_eq!(item.get("context"), None);
    }
    assert_eq!(World::item(&output, "cloud.openshift.com")["registry"], "-");

    // A registry that does not take it, and one that is not there.
    registries.set(
        "registry.redhat.io",
        Way::Opaque,
        "fhc-pool-sandbox",
        "else",
    );
    let output = world.run(verify).expect(1);
    let refused = World::item(&output, "registry.redhat.io");
    assert_eq!(refused["registry"], "refused");
    world.context.set("HTTPS_PROXY", "http://127.0.0.1:9");
    let output = world.run(verify).expect(1);
    let next = World::item(&output, "quay.io")["next"].to_string();
    let again = "verify --authfile new.json --allow-unknown";
    assert!(next.contains(again), "{next}");
    world
        .run("verify --authfile new.json --allow-unknown")
        .expect(0);
}

#[test]
fn a_file_may_come_from_stdin_and_one_that_others_can_read_is_told_of() {
    let mut world = World::new();
    world.context.set("KUBECONFIG", "/no/such/file");
    let content = world.okd_content();
    let verify = ["verify", "--authfile"];
    let stdin = [&verify[..], &["-"]].concat();
    let run = world.context.command(&stdin).stdin(&content);
    let output = run.run().expect(0);
    let output = output.prints("accepted").prints("current");
    assert!(output.stderr.is_empty(), "{}", output.stderr);
    let open = world.context.file("open.json", &content);
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&open, mode).expect("it is there");
    let open = open.to_string_lossy().into_owned();
    let output = world.run([&verify[..], &[&open]].concat()).expect(0);
    output
        .says("other users of this machine can read")
        .says(&format!("chmod 600 {open}"));
}

#[test]
fn what_is_wrong_with_a_file_is_for_whoever_wrote_it() {
    let mut world = World::new();
    world.context.set("KUBECONFIG", "/no/such/file");
    let dead = "D".repeat(64);
    world.context.watch(&dead);
    let registry = world.registry().to_owned();
    let path = file(
        &world,
        &json!({"auths": {registry.as_str(): {"auth": auth(ROBOT, &dead)}}}),
    );
    let verify = ["verify", "--authfile", &path, "-o", "json"];
    let output = world.run(verify).expect(1);
    let item = World::item(&output, &registry);
    assert_eq!(
        (&item["registry"], &item["token"]),
        (&json!("refused"), &json!("stale"))
    );
    let next = item["next"].to_string();
    assert!(
        next.contains(&format!("oc quay robot token {ROBOT}")),
        "{next}"
    );
    // A file for one registry is no whole pull secret.
    assert!(!output.stdout.contains("missing"), "{}", output.stdout);

    let path = file(&world, &json!({"auths": {"a.example.com": {"auth": "!!"}}}));
    let output = world.run(["verify", "--authfile", &path]).expect(1);
    output
        .prints("uses none of its entries")
        .prints("correct the entry");
    world.context.file("auth.json", "no JSON");
    let output = world.run(["verify", "--authfile", &path]).expect(1);
    output.prints("the file is unreadable");
    let output = world.run("verify --authfile no/such/file").expect(2);
    output.says("cannot read no/such/file");
}

#[test]
fn with_a_context_a_file_is_judged_as_the_secret_of_that_cluster() {
    let mut world = World::new();
    world.runs_release("4.20.1", RED_HATS_RELEASES);
    let mirror = "mirror.example.com";
    let registries = world.registries(&[mirror]);
    registries.set(mirror, Way::Basic, "mirror", "right");
    let path = file(
        &world,
        &json!({"auths": {mirror: {"auth": auth("mirror", "right")}}}),
    );
    let alone = ["verify", "--authfile", &path, "-o", "json"];
    let output = world.run(alone).expect(1);
    let next = World::item(&output, mirror)["next"].to_string();
    assert!(
        next.contains("--registry-ca") && next.contains("--context"),
        "{next}"
    );
    world.trusts_at(mirror, registries.ca_pem());
    let there = [&alone[..], &["--context", "admin"]].concat();
    let output = world.run(&there).expect(1);
    assert_eq!(World::item(&output, mirror)["registry"], "accepted");
    assert_eq!(World::item(&output, "quay.io")["state"], "bad");
    let releases = "quay.io/openshift-release-dev";
    let object = openshift::mirrors(Mirrors::Digests, "site", releases, mirror);
    world.cluster.create(&object);
    world.run(&there).expect(0);
}

#[test]
fn a_new_token_that_a_cluster_does_not_have_yet_is_no_fault_of_the_file() {
    let mut world = World::new();
    let ocm = start(&mut world.context);
    ocm.edit(|state| state.run_batch(&rotated()));
    let entries = openshift::red_hat_entries(&rotated(), "alice@example.com");
    let path = file(&world, &json!({"auths": entries}));
    let verify = format!("verify --authfile {path} --allow-unknown -o json");
    let output = world.run(&verify).expect(0);
    assert_eq!(World::item(&output, "quay.io")["token"], "current");
}
