//! Where release images really come from: mirrors, and clusters without Red Hat.

use crate::global::world::{NAMESPACE, OKDS_RELEASES, RED_HATS_RELEASES, ROBOT, World};
use quay_sandbox::openshift::{self, Mirrors};
use quay_tests::auth;
use serde_json::json;

/// Where all of a release is mirrored from.
const RELEASES: &str = "quay.io/openshift-release-dev";
const MIRROR: &str = "mirror.example.com:8443";
const RED_HATS: [&str; 4] = [
    "cloud.openshift.com",
    "quay.io",
    "registry.connect.redhat.com",
    "registry.redhat.io",
];

/// A cluster that runs Red Hat's release and holds only the mirror's entry.
fn disconnected() -> World {
    let world = World::new();
    world.runs_release("4.20.1", RED_HATS_RELEASES);
    let entry = json!({"auth": auth("mirror", "password")});
    world.put(&json!({"auths": {MIRROR: entry}}).to_string());
    world
}

fn mirror(world: &World, kind: Mirrors, source: &str) {
    let place = format!("{MIRROR}/ocp");
    let object = openshift::mirrors(kind, "site", source, &place);
    world.cluster.create(&object);
}

#[track_caller]
fn states(world: &World, command: &str, code: i32) -> Vec<String> {
    let output = world.run(format!("{command} -o json")).expect(code);
    let state = |key: &&str| match World::item(&output, key) {
        item if item["state"] == "not needed" => "not needed".to_owned(),
        item if item["message"].to_string().contains("\"not needed: ") => "not needed".to_owned(),
        item => item["state"].as_str().unwrap_or_default().to_owned(),
    };
    RED_HATS.iter().map(state).collect()
}

#[test]
fn a_disconnected_cluster_needs_none_of_red_hats_entries() {
    for kind in [Mirrors::Digests, Mirrors::Policy] {
        let world = disconnected();
        assert_eq!(states(&world, "show", 0), ["missing"; 4]);
        assert_eq!(states(&world, "verify --allow-unknown", 1), ["bad"; 4]);
        mirror(&world, kind, RELEASES);
        assert_eq!(states(&world, "show", 0), ["not needed"; 4], "{kind:?}");
        let verify = "verify --allow-unknown";
        assert_eq!(states(&world, verify, 0), ["not needed"; 4], "{kind:?}");
        let place = format!("release images from {MIRROR}/ocp");
        world.run("show").expect(0).prints(&place);
        world.run("show -o name").expect(0).prints(MIRROR);
    }
}

#[test]
fn mirrors_that_do_not_serve_a_release_leave_it_to_red_hat() {
    let world = disconnected();
    mirror(&world, Mirrors::Tags, RELEASES);
    assert_eq!(states(&world, "show", 0), ["missing"; 4]);
    mirror(
        &world,
        Mirrors::Digests,
        "quay.io/openshift-release-dev/ocp-release",
    );
    assert_eq!(states(&world, "show", 0), ["missing"; 4]);
    mirror(
        &world,
        Mirrors::Policy,
        "quay.io/openshift-release-dev/ocp-v4.0-art-dev",
    );
    assert_eq!(states(&world, "show", 0), ["not needed"; 4]);
    // Whoever holds one of Red Hat's entries pulls from Red Hat; what is mirrored is not needed.
    let entry = json!({"auth": auth("me", "password"), "email": "me@example.com"});
    let auths = json!({"registry.redhat.io": entry});
    world.put(&json!({"auths": auths}).to_string());
    let found = states(&world, "show", 0);
    assert_eq!(found, ["missing", "not needed", "missing", "present"]);
}

#[test]
fn okd_shows_what_it_does_not_need() {
    let world = World::new();
    world.put(&world.okd_content());
    world.runs_release("4.20.0-okd-scos.1", OKDS_RELEASES);
    assert_eq!(states(&world, "show", 0), ["not needed"; 4]);
    assert_eq!(states(&world, "verify", 0), ["not needed"; 4]);
}

#[test]
fn the_entry_that_releases_are_pulled_with_is_guarded() {
    let world = disconnected();
    let before = world.text();
    let remove = ["remove", MIRROR, "--yes"];
    let named = [&remove[..], &["--replace-entry", MIRROR]].concat();
    mirror(&world, Mirrors::Digests, RELEASES);
    let output = world.run(remove).expect(1);
    output
        .prints("from where the nodes pull release images")
        .prints("no upgrades, no new nodes")
        .prints(&format!("--replace-entry {MIRROR}"));
    assert_eq!(world.text(), before);
    world.run(&named).expect(0).prints("removed");

    // A release that is named at a mirror comes from there, too.
    world.put(&before);
    world.cluster.kubectl("delete imagedigestmirrorsets --all");
    world.run([&remove[..], &["--dry-run"]].concat()).expect(0);
    world.runs_release("4.20.1", &format!("{MIRROR}/ocp/release"));
    world.run(remove).expect(1).prints("no upgrades");
    assert_eq!(world.text(), before);
}

#[test]
fn a_robot_does_not_come_before_the_mirrors_account() {
    let world = World::new();
    world.runs_release("4.20.1", RED_HATS_RELEASES);
    let registry = world.registry();
    let entry = json!({"auth": auth("mirror", "password")});
    let before = json!({"auths": {registry: entry}}).to_string();
    world.put(&before);
    let place = format!("{registry}/ocp");
    let object = openshift::mirrors(Mirrors::Digests, "site", RELEASES, &place);
    world.cluster.create(&object);
    let update = format!("update --robot {ROBOT} --yes --key {place}");
    world.run(&update).expect(1).prints("no upgrades");
    assert_eq!(world.text(), before);
    world
        .run(format!(
            "update --robot {ROBOT} --yes --key {registry}/myorg"
        ))
        .expect(0)
        .prints("added");
    world
        .run(format!("{update} --replace-entry {place}"))
        .expect(0)
        .prints("added");
}

#[test]
fn mirrors_that_nobody_here_may_list_are_named_and_the_stricter_answer_is_kept() {
    let mut world = disconnected();
    mirror(&world, Mirrors::Digests, RELEASES);
    let kubectl = |words: &str| world.cluster.kubectl(words);
    let secrets = "--verb=get,list,create,patch,delete --resource=secrets";
    kubectl(&format!("-n {NAMESPACE} create role mirrors {secrets}"));
    kubectl(&format!(
        "-n {NAMESPACE} create rolebinding mirrors --role=mirrors --user=limited"
    ));
    world
        .cluster
        .until_limited(true, &["patch", "secrets", "-n", NAMESPACE]);
    world.become_limited();
    for command in ["show", "verify --allow-unknown"] {
        let code = i32::from(command != "show");
        assert_ne!(states(&world, command, code), ["not needed"; 4]);
        let output = world.run(command).expect(code);
        output
            .says("cannot list imagedigestmirrorsets.config.openshift.io")
            .says("auth can-i list");
    }
    let remove = ["remove", MIRROR, "--dry-run"];
    world
        .run(remove)
        .expect(0)
        .says("cannot list imagedigestmirrorsets.config.openshift.io");
    world
        .cluster
        .kubectl(format!("-n {NAMESPACE} delete role,rolebinding mirrors"));
}
