//! `verify`.

use crate::world::{ROBOT, World};

#[test]
fn every_entry_is_held_against_its_registry_and_quay() {
    let mut world = World::new();
    world.run(&["update", "--robot", ROBOT, "--yes"]).expect(0);
    let output = world.run(&["verify", "-o", "json"]).expect(0);
    let robot = World::item(&output, world.registry());
    assert_eq!(
        (&robot["registry"], &robot["token"]),
        (&"accepted".into(), &"current".into())
    );
    // Nobody answers for the others here, which is no failure.
    assert_eq!(World::item(&output, "quay.io")["registry"], "unreachable");
    assert_eq!(World::item(&output, "cloud.openshift.com")["registry"], "-");

    world.regenerate();
    let output = world.run(&["verify", "-o", "json"]).expect(1);
    let robot = World::item(&output, world.registry());
    assert_eq!(
        (&robot["registry"], &robot["token"]),
        (&"refused".into(), &"stale".into())
    );
    let context = robot["context"].as_str().expect("a context");
    assert_eq!(
        robot["next"],
        format!("oc quay global update --context {context}")
    );
}

#[test]
fn what_is_missing_or_unreadable_fails_by_name() {
    let world = World::new();
    world.put(r#"{"auths":{"cloud.openshift.com":{"auth":"YTpi"},"quay.io":{"auth":"!!"}}}"#);
    let output = world.run(&["verify", "-o", "json"]).expect(1);
    let message = |key| World::item(&output, key)["message"].to_string();
    assert!(message("cloud.openshift.com").contains("no email"));
    assert!(message("quay.io").contains("not base64"));
    assert!(message("registry.redhat.io").contains("missing"));
    world.put(r#"{"auths":[]}"#);
    world.run(&["verify"]).expect(1).prints("cannot be read");
}
