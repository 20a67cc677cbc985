//! `verify` at registries that are no Quay, and whom it trusts there.

use crate::global::world::{NAMESPACE, OKDS_RELEASES, World};
use quay_sandbox::registries::{Registries, Way};
use quay_tests::{Output, auth};
use serde_json::{Value, json};

/// A mirror with a port, as OpenShift's documentation has it, and another registry.
const MIRROR: &str = "mirror.example.com:8443";
const OTHER: &str = "other.example.com";
const VERIFY: &[&str] = &["verify", "-o", "json"];

/// OKD, so that only what a test puts there counts.
fn world() -> (World, Registries) {
    let mut world = World::new();
    world.runs_release("4.20.0-okd-scos.1", OKDS_RELEASES);
    let registries = world.registries(&["mirror.example.com", OTHER]);
    (world, registries)
}

fn put(world: &World, entries: &[(&str, &str)]) {
    let auths = entries
        .iter()
        .map(|(key, password)| ((*key).to_owned(), json!({"auth": auth("mirror", password)})));
    let auths: serde_json::Map<String, Value> = auths.collect();
    world.put(&json!({"auths": auths}).to_string());
}

fn judged(output: &Output, key: &str) -> (String, String, String) {
    let item = World::item(output, key);
    let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
    (text("registry"), text("state"), text("message"))
}

#[test]
fn every_way_to_show_a_credential_is_known_and_the_wrong_one_is_refused() {
    let (world, registries) = world();
    world.trusts_everywhere(registries.ca_pem());
    for way in [Way::Basic, Way::Opaque] {
        registries.set(MIRROR, way, "mirror", "right");
        put(&world, &[(MIRROR, "right")]);
        let output = world.run(VERIFY).expect(0);
        let (registry, state, _) = judged(&output, MIRROR);
        assert_eq!((&*registry, &*state), ("accepted", "good"), "{way:?}");

        put(&world, &[(MIRROR, "expired")]);
        let output = world.run([VERIFY, &["--allow-unknown"]].concat()).expect(1);
        let (registry, state, message) = judged(&output, MIRROR);
        assert_eq!((&*registry, &*state), ("refused", "bad"), "{way:?}");
        assert!(message.contains("authentication required"), "{message}");
        assert!(!output.stdout.contains("Quay"), "{}", output.stdout);
    }
}

#[test]
fn a_registry_that_lets_everybody_in_says_nothing_of_a_credential() {
    let (world, registries) = world();
    world.trusts_everywhere(registries.ca_pem());
    registries.set(MIRROR, Way::Open, "", "");
    put(&world, &[(MIRROR, "whatever")]);
    let output = world.run(VERIFY).expect(1);
    let (_, state, message) = judged(&output, MIRROR);
    assert_eq!(state, "unknown");
    assert!(message.contains("lets everybody in"), "{message}");
    assert!(!message.contains("Quay"), "{message}");
    // Nor is a server that is no registry one of Quay's.
    let no_registry = quay_tests::answer(404, "{}", &[]);
    let get = "GET".parse().expect("a method");
    let fault = quay_sandbox::http::Fault::always(get, "/v2/", no_registry);
    registries.server().faults().add(fault);
    let output = world.run(VERIFY).expect(1);
    let (_, _, message) = judged(&output, MIRROR);
    assert!(
        message.contains("does not answer as a registry"),
        "{message}"
    );
    assert!(!message.contains("Quay"), "{message}");
}

#[test]
fn the_nodes_authorities_count_for_the_registry_that_they_are_for() {
    let (world, registries) = world();
    for host in [MIRROR, OTHER] {
        registries.set(host, Way::Basic, "mirror", "right");
    }
    put(&world, &[(MIRROR, "right"), (OTHER, "right")]);
    let next = |output: &Output, key: &str| World::item(output, key)["next"].to_string();
    let output = world.run(VERIFY).expect(1);
    for host in [MIRROR, OTHER] {
        let (registry, state, message) = judged(&output, host);
        assert_eq!((&*registry, &*state), ("unreachable", "unknown"));
        assert!(message.contains("no trusted authority"), "{message}");
        let next = next(&output, host);
        assert!(next.contains("spec.additionalTrustedCA"), "{next}");
        assert!(next.contains("--registry-ca"), "{next}");
    }
    world.trusts_at("mirror.example.com..8443", registries.ca_pem());
    let output = world.run(VERIFY).expect(1);
    assert_eq!(judged(&output, MIRROR).0, "accepted");
    assert_eq!(judged(&output, OTHER).0, "unreachable");
    let next = next(&output, OTHER);
    let place = "the ConfigMap openshift-config/registries as `other.example.com`";
    assert!(next.contains(place), "{next}");
    world.trusts_everywhere(registries.ca_pem());
    world.run(VERIFY).expect(0);
}

#[test]
fn authorities_that_cannot_be_read_break_nothing_and_are_named_where_they_matter() {
    let (mut world, registries) = world();
    registries.set(MIRROR, Way::Basic, "mirror", "right");
    put(&world, &[(MIRROR, "right")]);
    world.trusts_at("mirror.example.com..8443", "no certificate at all");
    let output = world.run(VERIFY).expect(1);
    assert_eq!(judged(&output, MIRROR).0, "unreachable");

    let kubectl = |words: &str| world.cluster.kubectl(words);
    kubectl(
        "create clusterrole site --verb=get --resource=images.config.openshift.io,clusterversions.config.openshift.io",
    );
    kubectl("create clusterrolebinding site --clusterrole=site --user=limited");
    let secrets = format!("-n {NAMESPACE} create role site --verb=get --resource=secrets");
    kubectl(&secrets);
    kubectl(&format!(
        "-n {NAMESPACE} create rolebinding site --role=site --user=limited"
    ));
    world
        .cluster
        .until_limited(true, &["get", "secrets", "-n", NAMESPACE]);
    world.become_limited();
    let output = world.run(VERIFY).expect(1);
    let next = World::item(&output, MIRROR)["next"].to_string();
    let check = "auth can-i get configmaps/registries";
    assert!(next.contains(check) && next.contains(NAMESPACE), "{next}");
    world
        .cluster
        .kubectl("delete clusterrole,clusterrolebinding site");
    world
        .cluster
        .kubectl(format!("-n {NAMESPACE} delete role,rolebinding site"));
}

#[test]
fn a_credential_that_is_accepted_is_tried_with_the_release_image_it_is_there_for() {
    let (world, registries) = world();
    world.trusts_everywhere(registries.ca_pem());
    world.runs_release("4.20.0-okd-scos.1", &format!("{MIRROR}/okd/release"));
    for way in [Way::Basic, Way::Opaque] {
        registries.set(MIRROR, way, "mirror", "right");
        put(&world, &[(MIRROR, "right")]);
        let output = world.run([VERIFY, &["--allow-unknown"]].concat());
        assert_eq!(judged(&output, MIRROR).1, "good", "{way:?}");
        registries.lets_pull(MIRROR, "other/");
        let output = world.run([VERIFY, &["--allow-unknown"]].concat()).expect(1);
        let (registry, state, message) = judged(&output, MIRROR);
        assert_eq!((&*registry, &*state), ("accepted", "bad"), "{way:?}");
        let said = format!("does not let the account pull {MIRROR}/okd/release");
        assert!(message.contains(&said), "{message}");
    }
}

#[test]
fn an_image_that_is_named_is_asked_for_with_the_entry_that_is_for_it() {
    let (world, registries) = world();
    world.trusts_everywhere(registries.ca_pem());
    registries.set(MIRROR, Way::Opaque, "mirror", "right");
    put(&world, &[(MIRROR, "right")]);
    let image = format!("{MIRROR}/ubi8/ubi");
    let verify = ["verify", "--image", &image];
    world
        .run(verify)
        .expect(0)
        .prints(&format!("{image} can be pulled"));
    registries.lets_pull(MIRROR, "ubi9/");
    world
        .run(verify)
        .expect(1)
        .prints(&format!("does not let the account pull {image}"));
    let elsewhere = ["verify", "--image", "elsewhere.example.com/a/b:v1"];
    world
        .run(elsewhere)
        .expect(1)
        .prints("no entry is for elsewhere.example.com/a/b");
    world.run("verify --image !!").expect(2);
}
