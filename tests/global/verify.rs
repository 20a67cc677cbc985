//! `verify`.

use crate::world::{OKDS_RELEASES, RED_HATS_RELEASES, ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction};
use serde_json::json;
use std::collections::BTreeSet;

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
fn okd_needs_no_entries_of_red_hats() {
    let world = World::new();
    world.put(&world.okd_content());
    for (releases, code) in [
        (OKDS_RELEASES, 0),
        ("quay.io/openshift/okd", 0),
        (RED_HATS_RELEASES, 1),
        ("mirror.example.com:5000/ocp/release", 1),
    ] {
        world.runs_release("4.20.1", releases);
        let checked = world.run(&["verify"]).expect(code).stdout.clone();
        let shown = world.run(&["show"]).expect(0).stdout.clone();
        for output in [checked, shown] {
            assert_eq!(
                output.contains("missing"),
                code == 1,
                "{releases}: {output}"
            );
        }
    }
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

/// The passwords that the Quay is sent while it calls itself so, as fingerprints.
fn passwords_sent(world: &World, claimed: &str) -> BTreeSet<String> {
    let server = world.quay.quay.server();
    let config = FaultAction::Status {
        code: 200,
        content_type: "application/json".to_owned(),
        body: json!({"config": {"SERVER_HOSTNAME": claimed}}).to_string(),
        headers: Vec::new(),
    };
    server.faults().clear();
    let get = "GET".parse().expect("a method");
    server.faults().add(Fault::always(get, "/config", config));
    server.log().clear();
    let output = world.run(&["verify", "-o", "json"]).expect(0);
    if claimed != world.registry() {
        output.says(&format!("calls itself {claimed}"));
    }
    let sent = server.log().all().into_iter();
    let sent = sent.filter_map(|request| request.authorization);
    sent.filter(|sent| sent.starts_with("Basic")).collect()
}

#[test]
fn a_quay_that_calls_itself_red_hats_registry_or_a_strangers_gets_none_of_their_passwords() {
    let world = World::new();
    world.put(&world.content(Some(&world.token())));
    let own = passwords_sent(&world, world.registry());
    assert!(!own.is_empty());
    for claimed in ["quay.io", "registry.redhat.io", "registry.example.com"] {
        assert_eq!(passwords_sent(&world, claimed), own, "{claimed}");
    }
}
