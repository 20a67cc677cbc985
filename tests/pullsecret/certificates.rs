//! An API server whose certificate signed itself: trusted where it was given, as kubectl does.

use crate::pullsecret::world::{World, world};
use quay_sandbox::http::Authority;
use serde_json::Value;
use std::sync::Arc;

fn this_year() -> i32 {
    i32::from(jiff::Zoned::now().year())
}

fn self_signed(names: &[&str], last_year: i32) -> Arc<Authority> {
    Authority::self_signed(names, last_year).expect("a certificate")
}

/// A kubeconfig that leads to the API server past this certificate, which is its authority too.
fn shows(world: &World, authority: Arc<Authority>) -> (quay_tests::FaultyCluster, Value) {
    let server = world.cluster.behind_proxy_of(authority);
    let config = serde_json::from_str(&server.kubeconfig("self-signed")).expect("JSON");
    (server, config)
}

fn list(world: &World, config: &Value) -> quay_tests::Output {
    let path = world.context.file("self-signed", &config.to_string());
    let path = path.to_string_lossy();
    world.run(format!("list -n default -vvv --kubeconfig {path}"))
}

#[test]
fn a_self_signed_api_server_that_was_given_is_trusted_as_kubectl_trusts_it() {
    let world = world();
    let (server, config) = shows(&world, self_signed(&["127.0.0.1"], this_year() + 1));
    list(&world, &config).expect(0);
    assert!(server.log().count(|_| true) > 0);
    let path = world.context.path("self-signed");
    let path = path.to_string_lossy();
    let get = ["get", "namespace", "default", "--kubeconfig", &path];
    world.context.program("kubectl", get).run().expect(0);
}

#[test]
fn a_self_signed_api_server_is_refused_for_another_name_and_after_its_time() {
    let world = world();
    for (authority, reason) in [
        (
            self_signed(&["api.example.com"], this_year() + 1),
            "certificate is for another name",
        ),
        (
            self_signed(&["127.0.0.1"], this_year() - 1),
            "certificate expired at",
        ),
    ] {
        let (server, config) = shows(&world, authority);
        let output = list(&world, &config).expect(1);
        assert!(!output.stderr.contains("trying again"), "{}", output.stderr);
        output.says(reason);
        assert_eq!(server.log().count(|_| true), 0);
    }
}

#[test]
fn another_self_signed_api_server_is_refused_at_once_and_the_way_to_trust_it_is_told() {
    let world = world();
    let (server, mut config) = shows(&world, self_signed(&["127.0.0.1"], this_year() + 1));
    let (_, other) = shows(&world, self_signed(&["127.0.0.1"], this_year() + 1));
    let address = config["clusters"][0]["cluster"]["server"]
        .as_str()
        .and_then(|server| server.strip_prefix("https://"))
        .expect("an address")
        .to_owned();
    let theirs = other["clusters"][0]["cluster"]["certificate-authority-data"].clone();
    config["clusters"][0]["cluster"]["certificate-authority-data"] = theirs;
    let output = list(&world, &config).expect(1);
    assert!(!output.stderr.contains("trying again"), "{}", output.stderr);
    output
        .says("self-signed and not trusted (SHA-256 ")
        .says(&format!("openssl s_client -connect {address}"))
        .says("--certificate-authority server.pem");
    assert_eq!(server.log().count(|_| true), 0);
}
