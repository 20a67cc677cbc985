//! `verify`.

use crate::global::world::{NAMESPACE, OKDS_RELEASES, RED_HATS_RELEASES, ROBOT, SECRET, World};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::Output;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const STRICT: &[&str] = &["verify", "-o", "json"];
const LENIENT: &[&str] = &["verify", "-o", "json", "--allow-unknown"];

/// What is said of an entry, and whether that will do.
fn judged(item: &Value) -> (&str, bool) {
    let state = item["state"].as_str().expect("a state");
    (state, item["ok"].as_bool().expect("a word"))
}

#[test]
fn every_entry_is_held_against_its_registry_and_quay() {
    let mut world = World::new();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let output = world.run(LENIENT).expect(0);
    let robot = World::item(&output, world.registry());
    assert_eq!(
        (&robot["registry"], &robot["token"]),
        (&"accepted".into(), &"current".into())
    );
    assert_eq!(World::item(&output, "quay.io")["registry"], "unreachable");
    assert_eq!(World::item(&output, "cloud.openshift.com")["registry"], "-");

    world.regenerate();
    let output = world.run(LENIENT).expect(1);
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
fn a_registry_that_could_not_be_asked_is_no_yes() {
    let world = World::new();
    let output = world.run(STRICT).expect(1);
    let item = World::item(&output, "quay.io");
    assert_eq!(judged(&item), ("unknown", false));
    let message = item["message"].to_string();
    // Nothing listens at the proxy.
    assert!(message.contains("quay.io is unavailable"), "{message}");
    let next = item["next"].to_string();
    assert!(next.contains("oc quay global verify --context"), "{next}");
    assert!(next.contains("--allow-unknown"), "{next}");
    let no_registry = World::item(&output, "cloud.openshift.com");
    assert_eq!(judged(&no_registry), ("good", true));
    assert!(!output.stdout.contains("Quay is"), "{}", output.stdout);
    world.run("verify").expect(1).prints("unreachable");

    let output = world.run(LENIENT).expect(0);
    let item = World::item(&output, "quay.io");
    assert_eq!(judged(&item), ("unknown", true));
    assert_eq!(item.get("next"), None);
}

#[test]
fn a_registry_with_a_login_has_to_answer() {
    let world = World::new();
    world.runs_release("4.20.0-okd-scos.1", OKDS_RELEASES);
    world.put(&world.okd_content());
    world.run(STRICT).expect(0);
    let server = world.quay.quay.server();
    for path in ["/robots/", "/v2/auth"] {
        let get = "GET".parse().expect("a method");
        let fault = Fault::always(get, path, FaultAction::Html500);
        server.faults().add(fault);
        let output = world.run(LENIENT).expect(1);
        let item = World::item(&output, world.registry());
        assert_eq!(judged(&item), ("unknown", false), "{path}");
        let next = item["next"].to_string();
        assert!(next.contains("whoami --registry"), "{path}: {next}");
        server.faults().clear();
    }
}

#[test]
fn a_key_that_is_no_single_registrys_is_not_known_and_one_that_is_nobodys_is_never_used() {
    let world = World::new();
    world.runs_release("4.20.0-okd-scos.1", OKDS_RELEASES);
    world.put(r#"{"auths":{"*.example.com":{"auth":"YTpi"},"fake":{"auth":"aWQ6cGFzcwo="}}}"#);
    let output = world.run(STRICT).expect(1);
    let glob = World::item(&output, "*.example.com");
    assert_eq!(judged(&glob), ("unknown", false));
    let unused = World::item(&output, "fake");
    assert_eq!(judged(&unused), ("good", true));
    assert_eq!(unused["registry"], "-");
    assert!(
        unused["message"]
            .to_string()
            .contains("no pull uses the entry")
    );
    world.run(LENIENT).expect(0);
    let robots = world.okd_content().replace(world.registry(), "fake");
    world.put(&robots);
    let output = world.run(LENIENT).expect(1);
    assert_eq!(judged(&World::item(&output, "fake")), ("bad", false));
}

#[test]
fn what_docker_writes_beside_a_credential_helper_is_no_fault() {
    let world = World::new();
    world.runs_release("4.20.0-okd-scos.1", OKDS_RELEASES);
    for rest in ["", r#","credsStore":"pass","credHelpers":{"a.b":"x"}"#] {
        world.put(&format!(
            r#"{{"auths":{{"registry.example.com":{{}},"quay.io":{{"email":""}}}}{rest}}}"#
        ));
        let output = world.run(STRICT).expect(0);
        for key in ["registry.example.com", "quay.io"] {
            let item = World::item(&output, key);
            assert_eq!(
                (judged(&item), &item["registry"]),
                (("good", true), &"-".into())
            );
            let message = item["message"].to_string();
            assert!(message.contains("pulls without a login"), "{message}");
        }
        let shown = world.run("show -o json").expect(0);
        let shown = World::item(&shown, "registry.example.com");
        assert_eq!(shown["state"], "empty");
    }
    // Red Hat's images are for nobody without a login.
    world.runs_release("4.20.1", RED_HATS_RELEASES);
    let output = world.run(LENIENT).expect(1);
    let message = World::item(&output, "quay.io")["message"].to_string();
    assert!(
        message.contains("release images cannot be pulled"),
        "{message}"
    );
}

#[test]
fn one_broken_entry_breaks_the_whole_file_and_is_named_until_it_is_removed() {
    let world = World::new();
    world.runs_release("4.20.0-okd-scos.1", OKDS_RELEASES);
    let broken = r#"{"auths":{"other.example.com":{},"fake":{"auth":"bar"}}}"#;
    world.put(broken);
    let remove = "remove --context admin fake";
    let told = |output: &Output| {
        let item = World::item(output, "fake");
        let message = item["message"].to_string();
        assert!(message.contains("not base64 of"), "{message}");
        assert!(message.contains("uses none of its entries"), "{message}");
        assert!(item["next"].to_string().contains(remove), "{item}");
        item
    };
    let output = world.run("show -o json").expect(0);
    assert_eq!(told(&output)["state"], "unreadable");
    let output = world.run(LENIENT).expect(1);
    assert_eq!(judged(&told(&output)), ("bad", false));

    // The robot's entry is written, since others read the file entry by entry; it is no success.
    let update = ["update", "--robot", ROBOT, "-o", "json"];
    for mode in ["--dry-run", "--dry-run=server", "--yes"] {
        let output = world.run([&update[..], &[mode]].concat()).expect(1);
        assert_eq!(World::item(&output, world.registry())["result"], "added");
        assert_eq!(told(&output)["result"], "failed");
        assert_eq!(world.text() == broken, mode != "--yes", "{mode}");
    }
    let again = world.run([&update[..], &["--yes"]].concat()).expect(1);
    assert_eq!(World::item(&again, world.registry())["result"], "unchanged");
    told(&again);
    let other = world.run("remove other.example.com --yes");
    other.expect(0).says("stays broken at `fake`").says(remove);
    let output = world.run("remove fake --yes").expect(0);
    assert!(!output.stderr.contains("broken"), "{}", output.stderr);
    world.run(STRICT).expect(0);
    assert_eq!(world.text(), world.okd_content());
}

#[test]
fn a_broken_entry_that_another_of_its_key_hides_is_for_an_editor() {
    let world = World::new();
    world.runs_release("4.20.0-okd-scos.1", OKDS_RELEASES);
    let good = world.okd_content();
    let hidden = format!(r#"{{"auths":{{"{}":{{"auth":"!!"}},"#, world.registry());
    world.put(&good.replace(r#"{"auths":{"#, &hidden));
    let output = world.run(STRICT).expect(1);
    output.prints("edit secret pull-secret").prints("accepted");
    let shown = world.run("show").expect(0);
    shown.prints("edit secret pull-secret").prints("present");
}

#[test]
fn what_the_owner_of_a_hosted_control_plane_broke_is_theirs_to_repair() {
    let world = World::hosted();
    world.put(&world.content(None).replace("YTpi", "!!"));
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(1);
    output
        .prints("added")
        .prints("in openshift-config/pull-secret")
        .prints("change spec.pullSecret of the HostedCluster");
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
        let checked = world.run("verify").expect(code).stdout.clone();
        let shown = world.run("show").expect(0).stdout.clone();
        for output in [checked, shown] {
            assert_eq!(
                output.contains("not needed"),
                code == 0,
                "{releases}: {output}"
            );
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
    let output = world.run("verify -o json").expect(1);
    let message = |key| World::item(&output, key)["message"].to_string();
    assert!(message("cloud.openshift.com").contains("no email"));
    assert!(message("quay.io").contains("not base64"));
    assert!(message("registry.redhat.io").contains("missing"));
    world.put(r#"{"auths":[]}"#);
    world.run("verify").expect(1).prints("is unreadable");
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
    let output = world.run(LENIENT).expect(0);
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

#[test]
fn a_pull_secret_that_is_gone_is_said_to_be_gone() {
    let world = World::new();
    world
        .cluster
        .kubectl(format!("-n {NAMESPACE} delete secret {SECRET}"));
    for command in ["show", "verify"] {
        let output = world.run(command).expect(1);
        let output = output
            .says("openshift-config/pull-secret")
            .says("does not exist any more")
            .says("rollback");
        assert!(!output.stdout.contains("missing"), "{}", output.stdout);
    }
}

#[test]
fn an_entry_without_the_accounts_email_says_what_brings_it() {
    let world = World::new();
    world.put(r#"{"auths":{"cloud.openshift.com":{"auth":"YTpi"}}}"#);
    let output = world.run("verify -o json").expect(1);
    let next = World::item(&output, "cloud.openshift.com")["next"].to_string();
    assert!(next.contains("update --context admin --from-ocm"), "{next}");
}
