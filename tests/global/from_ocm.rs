//! `update --from-ocm`: what Red Hat hands out now, brought into a cluster.

use crate::global::authfile::REGISTRIES;
use crate::global::ocm::{rotated, start};
use crate::global::world::{ROBOT, World};
use quay_sandbox::registries::Way;
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
    let output = world
        .run("update --from-ocm --skip-check --dry-run -o json")
        .expect(0);
    assert_eq!(World::item(&output, "quay.io")["result"], "updated");
    world
        .run("update --from-ocm --skip-check --yes")
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
        .run("update --from-ocm --skip-check --yes")
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
    let output = world.run("update --from-ocm --skip-check --yes").expect(1);
    output.prints("HostedCluster");
}

/// Entries of the cluster's pull secret, now.
fn entries(world: &World) -> Value {
    let text: Value = serde_json::from_str(&world.text()).expect("JSON");
    text["auths"].clone()
}

const BRING: [&str; 4] = ["update", "--from-ocm", "--skip-check", "--yes"];

#[test]
fn another_accounts_pull_secret_is_brought_as_a_whole_or_not_at_all() {
    let mut world = World::new();
    let ocm = start(&mut world.context);
    ocm.edit(|state| state.run_batch(&rotated()));
    let before = world.text();
    let theirs = before.replace(
        &auth("fhc-pool-sandbox", &world.red_hat_token),
        &auth("fhc-pool-mallory", &world.red_hat_token),
    );
    assert_ne!(theirs, before);
    world.put(&theirs);
    // Two of the four are another account's, so that nothing is written of any.
    let flags = "--replace-entry registry.connect.redhat.com --replace-entry registry.redhat.io";
    let refused = world.run(BRING).expect(1);
    refused
        .prints("another account")
        .prints("initiate the transfer of its ownership")
        .prints(flags);
    assert_eq!(world.text(), theirs);
    let one = [&BRING[..], &["--replace-entry", "registry.redhat.io"]].concat();
    world.run(one).expect(1).prints("another account");
    assert_eq!(world.text(), theirs);
    let check = world.run("verify -o json --allow-unknown").expect(1);
    let next = World::item(&check, "registry.redhat.io")["next"].to_string();
    assert!(
        next.contains("initiate the transfer") && next.contains(flags),
        "{next}"
    );

    let flags: Vec<&str> = flags.split(' ').collect();
    world.run([&BRING[..], &flags].concat()).expect(0);
    let brought = quay_sandbox::openshift::red_hat_entries(&rotated(), "alice@example.com");
    for (key, entry) in brought.as_object().expect("entries") {
        assert_eq!(&entries(&world)[key], entry);
    }
}

#[test]
fn a_cluster_that_opted_out_of_telemetry_is_not_made_to_report_again() {
    let mut world = World::new();
    let ocm = start(&mut world.context);
    let telemetry = "cloud.openshift.com";
    let named = ["--replace-entry", telemetry];
    let remove = ["remove", telemetry, "--yes"];
    world.run([&remove[..], &named].concat()).expect(0);
    ocm.edit(|state| state.run_batch(&rotated()));
    let output = world.run([&BRING[..], &["-o", "json"]].concat()).expect(0);
    let left = World::item(&output, telemetry);
    assert_eq!(left["result"], "unchanged");
    let message = left["message"].to_string();
    assert!(message.contains("opted out of remote health"), "{message}");
    assert!(
        left["next"].to_string().contains("--replace-entry"),
        "{left}"
    );
    assert_eq!(World::item(&output, "quay.io")["result"], "updated");
    assert!(entries(&world)[telemetry].is_null());
    // It is named, and no fault.
    let check = world.run("verify -o json --allow-unknown").expect(0);
    let check = World::item(&check, telemetry);
    assert_eq!(check["state"], "good");
    assert!(
        check["message"].to_string().contains("opted out"),
        "{check}"
    );
    world.run("show").expect(0).prints("opted out");

    let ask = &BRING[..3];
    let answered = |answer: &str| {
        let run = world.context.command(ask).on_terminal().stdin(answer);
        run.run()
    };
    let no = answered("n\n");
    assert_eq!(no.code, 0, "{}", no.stdout);
    no.prints("opted out of remote health reporting. Add the entry?");
    assert!(entries(&world)[telemetry].is_null());
    let yes = answered("y\ny\n");
    assert_eq!(yes.code, 0, "{}", yes.stdout);
    assert!(!entries(&world)[telemetry].is_null());
}

#[test]
fn a_cluster_without_an_account_of_red_hats_gets_one_only_by_name() {
    let mut world = World::new();
    let _ocm = start(&mut world.context);
    let mirror = r#"{"auths":{"mirror.example.com":{"auth":"YTpi"}}}"#;
    world.put(mirror);
    let flags = "--replace-entry cloud.openshift.com --replace-entry quay.io \
                 --replace-entry registry.connect.redhat.com --replace-entry registry.redhat.io";
    let refused = world.run(BRING).expect(1);
    refused.prints("none of Red Hat's entries").prints(flags);
    assert_eq!(world.text(), mirror);
    let flags: Vec<&str> = flags.split(' ').collect();
    world.run([&BRING[..], &flags].concat()).expect(0);
    assert_eq!(entries(&world).as_object().map(|all| all.len()), Some(5));
}

#[test]
fn a_registry_service_account_is_no_fault_and_stays() {
    let mut world = World::new();
    let ocm = start(&mut world.context);
    let account = "11009103|acme-sa";
    let key = "registry.redhat.io";
    let mut own: Value = serde_json::from_str(&world.text()).expect("JSON");
    let token = ocm.edit(|state| state.pull_token.clone());
    own["auths"] = quay_sandbox::openshift::red_hat_entries(&token, "alice@example.com");
    own["auths"][key] = serde_json::json!({"auth": auth(account, "its-token")});
    world.put(&own.to_string());
    let check = world.run("verify -o json --allow-unknown").expect(0);
    let check = World::item(&check, key);
    let message = check["message"].to_string();
    assert!(message.contains("registry service account"), "{message}");
    assert!(!message.contains("another account"), "{message}");
    ocm.edit(|state| state.run_batch(&rotated()));
    let output = world.run([&BRING[..], &["-o", "json"]].concat()).expect(0);
    let kept = World::item(&output, key);
    assert_eq!(
        (&kept["result"], &kept["account"]),
        (&"kept".into(), &account.into())
    );
    assert_eq!(entries(&world)[key], own["auths"][key]);
    assert_ne!(entries(&world)["quay.io"], own["auths"]["quay.io"]);
    let named = [&BRING[..], &["--replace-entry", key]].concat();
    world.run(named).expect(0).prints("replaced");
}

#[test]
fn what_red_hat_hands_out_is_tried_before_it_is_written() {
    let mut world = World::new();
    let ocm = start(&mut world.context);
    ocm.edit(|state| state.run_batch(&rotated()));
    let before = world.text();
    let update = ["update", "--from-ocm", "--yes"];
    // Nobody answers: nothing listens at the proxy.
    let output = world.run(update).expect(1);
    output
        .says("nothing was written: cannot ask quay.io")
        .says("cannot ask registry.redhat.io")
        .says("update --context admin --from-ocm --skip-check");
    assert_eq!(world.text(), before);

    let names: Vec<&str> = REGISTRIES.iter().map(|(host, _)| *host).collect();
    let registries = world.registries(&names);
    world.trusts_everywhere(registries.ca_pem());
    for (host, user) in REGISTRIES {
        registries.set(host, Way::Opaque, user, &rotated());
    }
    registries.set("registry.redhat.io", Way::Opaque, "fhc-pool-sandbox", "old");
    let output = world.run(update).expect(1);
    output
        .says("nothing was written: registry.redhat.io refuses the credential")
        .says("authentication required")
        .says("--skip-check");
    assert_eq!(world.text(), before);
    registries.set(
        "registry.redhat.io",
        Way::Opaque,
        "fhc-pool-sandbox",
        &rotated(),
    );
    world.run(update).expect(0).prints("updated");
    assert_ne!(world.text(), before);
    // What is there already is not tried again.
    registries.server().log().clear();
    world.run(update).expect(0).prints("unchanged");
    assert!(registries.server().log().all().is_empty());
}
