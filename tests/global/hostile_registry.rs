//! Registries that nobody but the global pull secret names.

use crate::global::world::World;
use crate::pullsecret::hostile_registry::OWN_ADDRESSES;
use quay_tests::auth;
use serde_json::{Map, Value, json};
use std::net::TcpListener;

#[test]
fn nothing_on_this_machine_or_its_link_is_asked_for_the_global_pull_secrets_sake() {
    let mut world = World::new();
    world.context.unset("HTTPS_PROXY");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let mut auths = Map::new();
    for (number, host) in OWN_ADDRESSES.iter().enumerate() {
        let entry = auth(&format!("evil+r{number}"), "chosen");
        auths.insert(format!("{host}:{port}"), json!({"auth": entry}));
    }
    let auths = Value::Object(auths);
    world.put(&json!({"auths": auths}).to_string());
    let output = world.run("verify -o json").expect(1);
    for host in OWN_ADDRESSES {
        let item = World::item(&output, &format!("{host}:{port}"));
        let message = item["message"].as_str().unwrap_or_default();
        // With some spellings no image name begins, so that nobody pulls with them.
        let unused = message.contains("no pull uses the entry");
        assert!(
            unused || message.contains("an address of this machine"),
            "{item:#}"
        );
        assert_eq!(
            (&item["registry"], &item["ok"]),
            (&json!("-"), &json!(false))
        );
    }
    // Not so much as a connection.
    assert!(listener.accept().is_err());
}

#[test]
fn a_registry_of_this_machine_that_the_user_is_logged_in_to_is_asked() {
    let world = World::new();
    world.put(&world.okd_content());
    let output = world.run("verify -o json --allow-unknown");
    let item = World::item(&output, world.registry());
    assert_eq!(item["registry"], "accepted", "{item:#}");
}
