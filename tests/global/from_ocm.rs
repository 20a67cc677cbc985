//! `update --from-ocm`: what Red Hat hands out now, brought into a cluster.

use crate::global::ocm::{rotated, start};
use crate::global::world::{ROBOT, World};
use quay_tests::auth;
use serde_json::Value;

#[test]
fn what_red_hat_hands_out_replaces_only_its_own_entries() {
    let mut world = World::new();
    let ocm = start(&mut world.context);
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let output = world.run("verify -o json").expect(1);
    let check = World::item(&output, "cloud.openshift.com");
    assert_eq!(check["token"], "stale");
    assert!(
        check["message"]
            .to_string()
            .contains("the email of the entry is not the account's")
    );

    ocm.edit(|state| state.run_batch(&rotated()));
    let output = world.run("update --from-ocm --dry-run -o json").expect(0);
    assert_eq!(World::item(&output, "quay.io")["result"], "updated");
    world
        .run("update --from-ocm --yes")
        .expect(0)
        .prints("updated");
    let text: Value = serde_json::from_str(&world.text()).expect("JSON");
    let entries = quay_sandbox::openshift::red_hat_entries(&rotated(), "alice@example.com");
    for (key, entry) in entries.as_object().expect("entries") {
        assert_eq!(&text["auths"][key], entry);
    }
    let before: Value = serde_json::from_str(&world.content(Some(&world.token()))).expect("JSON");
    for key in ["registry.example.com", world.registry()] {
        assert_eq!(text["auths"][key], before["auths"][key]);
    }
    assert_eq!(text["credHelpers"], before["credHelpers"]);
    world
        .run("update --from-ocm --yes")
        .expect(0)
        .prints("unchanged");
    let output = world.run("verify -o json --allow-unknown").expect(0);
    assert_eq!(
        World::item(&output, "registry.redhat.io")["token"],
        "current"
    );

    // Where Red Hat does not answer, the rest is still checked.
    ocm.edit(|state| state.offline_token = "another".to_owned());
    let output = world.run("verify --allow-unknown").expect(0);
    output.says("cannot compare Red Hat's entries");
}

#[test]
fn a_hosted_control_planes_own_pull_secret_is_not_ours_to_bring() {
    let mut world = World::hosted();
    let _ocm = start(&mut world.context);
    let output = world.run("update --from-ocm --yes").expect(1);
    output.prints("HostedCluster");
}

#[test]
fn another_accounts_pull_secret_is_not_brought_unless_its_keys_are_named() {
    let mut world = World::new();
    let ocm = start(&mut world.context);
    let before = world.text();
    let token = rotated();
    ocm.edit(|state| state.run_batch(&token));
    let theirs = before.replace(
        &auth("fhc-pool-sandbox", &world.red_hat_token),
        &auth("fhc-pool-mallory", &world.red_hat_token),
    );
    assert_ne!(theirs, before);
    world.put(&theirs);
    let bring = ["update", "--from-ocm", "--yes"];
    let refused = world.run(bring).expect(1);
    refused
        .prints("another account")
        .prints("--replace-entry registry.redhat.io");
    let text: Value = serde_json::from_str(&world.text()).expect("JSON");
    let theirs: Value = serde_json::from_str(&theirs).expect("JSON");
    let key = "registry.redhat.io";
    assert_eq!(text["auths"][key], theirs["auths"][key]);
    let named = [
        "--replace-entry",
        key,
        "--replace-entry",
        "registry.connect.redhat.com",
    ];
    world.run([&bring[..], &named].concat()).expect(0);
    let text: Value = serde_json::from_str(&world.text()).expect("JSON");
    assert_ne!(text["auths"][key], theirs["auths"][key]);
}
