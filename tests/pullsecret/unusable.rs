//! What no pod can pull with is not counted as the robot being there, and is said as what it is.

use crate::world::World;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_tests::pull_secret;
use serde_json::{Value, json};

/// A config.json where the legacy type has its entries.
fn config_json(world: &World, namespace: &str, name: &str) -> Value {
    let content = json!({"auths": {world.registry(): world.entry(&world.token())}});
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockercfg",
        "metadata": {"name": name, "namespace": namespace},
        "data": {".dockercfg": STANDARD.encode(content.to_string())},
    })
}

/// The robot in a secret that an entry of another registry breaks.
fn broken(world: &World, namespace: &str, name: &str) -> Value {
    let entry = world.entry(&world.token());
    let auths = json!({world.registry(): entry, "other.example.com": {"auth": "%%%"}});
    pull_secret(namespace, name, &auths)
}

fn text<'a>(item: &'a Value, field: &str) -> &'a str {
    item[field].as_str().unwrap_or_default()
}

#[test]
fn list_says_readable_only_of_what_a_kubelet_can_read_and_use() {
    let world = World::without_login();
    let namespace = world.cluster.namespace("list-states");
    let entry = world.entry(&world.token());
    let unused =
        json!({"h.example.com/v1": entry, "h.example.com ": entry, "h.example.com": entry});
    world.current_secret(&namespace, "good");
    for object in [
        config_json(&world, &namespace, "config"),
        broken(&world, &namespace, "broken"),
        pull_secret(&namespace, "keys", &unused),
        pull_secret(&namespace, "empty", &json!({})),
    ] {
        world.cluster.create(&object);
    }
    let output = world
        .run(&["list", "-n", &namespace, "-o", "json"])
        .expect(0);
    let report: Value = serde_json::from_str(&output.stdout).expect("JSON on stdout");
    let items = report["items"].as_array().expect("items");
    let states = |name: &str| -> Vec<(&str, &str)> {
        let of_secret = items.iter().filter(|item| item["secret"] == name);
        of_secret
            .map(|item| (text(item, "key"), text(item, "state")))
            .collect()
    };
    let registry = world.registry();
    assert_eq!(states("good"), [(registry, "readable")]);
    assert_eq!(states("empty"), [("", "unused: it has no entry")]);
    let config = "unused: it holds a config.json under `.dockercfg`, where a kubelet takes `auths` \
                  for a registry";
    assert_eq!(states("config"), [("", config)]);
    let of_broken = states("broken");
    assert_eq!(of_broken.len(), 2);
    assert!(
        of_broken
            .iter()
            .all(|(_, state)| state.starts_with("broken: "))
    );
    let path = "unused: its key ends in /v1 without a slash, which a kubelet takes for the beginning \
                of a repository's name";
    assert_eq!(
        states("keys"),
        [
            ("h.example.com/v1", path),
            (
                "h.example.com ",
                "unused: its key is no address for a kubelet, which never uses it"
            ),
            ("h.example.com", "readable"),
        ]
    );
}
