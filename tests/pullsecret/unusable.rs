//! What no pod can pull with is not counted as the robot being there, and is said as what it is.

use crate::pullsecret::world::{ROBOT, World, item, without_login, world};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_tests::{TestCluster, pull_secret};
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

fn opaque(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": {"config.json": "{}"},
    })
}

/// The robot in a secret that an entry of another registry breaks.
fn broken(world: &World, namespace: &str, name: &str) -> Value {
    let entry = world.entry(&world.token());
    let auths = json!({world.registry(): entry, "other.example.com": {"auth": "%%%"}});
    pull_secret(namespace, name, &auths)
}

/// The one line that is told of the secret.
#[track_caller]
fn told(world: &World, arguments: &[&str], namespace: &str, name: &str) -> Value {
    let output = world.run([arguments, &["-o", "json"]].concat()).expect(1);
    item(&output, namespace, name)
}

fn text<'a>(item: &'a Value, field: &str) -> &'a str {
    item[field].as_str().unwrap_or_default()
}

#[test]
fn a_secret_of_the_right_name_that_no_pod_can_use_is_told_by_the_dry_run_as_by_the_run() {
    let world = world();
    for (hint, reason) in [
        (
            "opaque",
            "the secret has type `Opaque`, which no kubelet accepts",
        ),
        (
            "config-json",
            "the secret holds a config.json under `.dockercfg`",
        ),
    ] {
        let namespace = world.cluster.namespace(hint);
        world.cluster.create(&match hint {
            "opaque" => opaque(&namespace, "quay-pull-secret"),
            _ => config_json(&world, &namespace, "quay-pull-secret"),
        });
        let before = world.cluster.get(&namespace, "secret/quay-pull-secret");
        let sync = ["sync", "-n", &namespace, "--robot", ROBOT];
        let delete = format!("-n {namespace} delete secret quay-pull-secret (its type");
        for mode in [&["--dry-run=client"][..], &["--dry-run=server"], &[]] {
            let output = world.run([&sync[..], mode].concat()).expect(1);
            let output = output.prints("failed ").prints(reason);
            output.prints("pass --secret-name OTHER").prints(&delete);
        }
        let after = world.cluster.get(&namespace, "secret/quay-pull-secret");
        assert_eq!(after, before);
        assert!(world.cluster.references(&namespace, "default").is_empty());

        // Both ways out that are named lead out.
        let elsewhere = [&sync[..], &["--secret-name", "other", "--no-attach"]].concat();
        world.run(&elsewhere).expect(0).prints("created");
        for secret in ["other", "quay-pull-secret"] {
            world
                .cluster
                .kubectl(format!("-n {namespace} delete secret {secret}"));
        }
        world.run(sync).expect(0).prints("created");
    }
}

#[test]
fn one_list_tells_of_many_namespaces_what_is_in_the_way() {
    let mut world = world();
    let cluster: &'static TestCluster = Box::leak(Box::new(TestCluster::small("in-the-way")));
    world.cluster = cluster;
    cluster.join(&mut world.context);
    let names: Vec<String> = (0..40).map(|number| format!("ns-{number}")).collect();
    let namespaces = names
        .iter()
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    let mut objects: Vec<Value> = namespaces.collect();
    objects.push(opaque("ns-7", "quay-pull-secret"));
    cluster.create(&json!({"apiVersion": "v1", "kind": "List", "items": objects}));
    let everywhere = ["sync", "-A", "--create-missing", "--robot", ROBOT];
    let everywhere = [&everywhere[..], &["--exclude-namespace", "default"]].concat();
    let named: Vec<&str> = names.iter().flat_map(|name| ["-n", name]).collect();
    let named = [&["sync", "--robot", ROBOT][..], &named].concat();
    for sync in [&everywhere[..], &named] {
        let log = cluster.as_small().server().log();
        log.clear();
        let dry = [sync, &["--dry-run=client"]].concat();
        let output = world.run(&dry).expect(1);
        output.prints("type `Opaque`").says("39 created, 1 failed");
        let by_name = |request: &quay_sandbox::http::Recorded| {
            request.path.contains("/secrets?") && request.path.contains("metadata.name")
        };
        assert_eq!(log.count(by_name), 1, "{:#?}", log.all());
    }
}

#[test]
fn the_key_that_no_kubelet_uses_is_named_and_the_right_one_is_beside_it() {
    let world = world();
    let registry = world.registry();
    for (key, why) in [
        (
            format!("https://{registry}/v2"),
            "ends in /v2 without a slash",
        ),
        (format!("{registry} "), "is not an address"),
        (registry.to_uppercase(), "is not spelled exactly like"),
    ] {
        let namespace = world.cluster.namespace("named-key");
        let entry = world.entry(&world.token());
        let auths = json!({key.as_str(): entry});
        world
            .cluster
            .create(&pull_secret(&namespace, "quay-pull-secret", &auths));
        let sync = ["sync", "-n", &namespace, "--robot", ROBOT];
        let said = format!("no pod pulls with its key `{key}`: it ");
        for run in [&[&sync[..], &["--dry-run"]].concat()[..], &sync, &sync] {
            let output = world.run(run).expect(0);
            output.prints(&said).prints(why).prints("edit secret");
        }
        let token = world.token();
        assert_eq!(world.password(&namespace, "quay-pull-secret"), token);
    }
}

#[test]
fn a_key_that_no_kubelet_would_use_is_not_written() {
    let world = world();
    let namespace = world.cluster.namespace("useless-choice");
    let key = format!("https://{}/v2", world.registry());
    let sync = ["sync", "-n", &namespace, "--robot", ROBOT];
    let sync = [&sync[..], &["--registry-key", &key]].concat();
    world.run(&sync).expect(2).says("without a slash");
}

#[test]
fn a_secret_that_kubelets_refuse_is_no_place_for_the_robot_and_handed_to_nobody() {
    let world = world();
    let namespace = world.cluster.namespace("refused-place");
    world.cluster.create(&broken(&world, &namespace, "theirs"));
    let sync = ["sync", "-n", &namespace, "--robot", ROBOT];
    for run in [&[&sync[..], &["--dry-run"]].concat()[..], &sync] {
        let output = world.run(run).expect(1);
        let output = output.prints("created").prints("entry `other.example.com`");
        output.prints(&format!("-n {namespace} edit secret theirs"));
    }
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["quay-pull-secret"]
    );
    let named = [&sync[..], &["--secret-name", "theirs"]].concat();
    world
        .cluster
        .kubectl(format!("-n {namespace} delete secret quay-pull-secret"));
    world
        .run(&named)
        .expect(1)
        .prints("a kubelet pulls nothing for a pod");
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["quay-pull-secret"]
    );
}

#[test]
fn attach_says_of_a_secret_that_no_pod_can_use_what_it_is() {
    let world = world();
    let namespace = world.cluster.namespace("attach-unusable");
    let unused = json!({format!("{}/v2", world.registry()): world.entry(&world.token())});
    for object in [
        config_json(&world, &namespace, "a"),
        opaque(&namespace, "b"),
        pull_secret(&namespace, "c", &unused),
    ] {
        world.cluster.create(&object);
    }
    let delete = |name: &str| format!("-n {namespace} delete secret {name} (its type cannot");
    let sync = |name: &str| format!("-n {namespace} --secret-name {name} --robot");
    let beside = format!("{} {ROBOT}", sync("c"));
    for (name, reason, next) in [
        (
            "a",
            "the secret holds a config.json under `.dockercfg`",
            [delete("a"), sync("a")],
        ),
        (
            "b",
            "the secret has type `Opaque`",
            [delete("b"), sync("b")],
        ),
        ("c", "no pod pulls with its key", [beside, String::new()]),
        ("d", "no pull secret has that name", Default::default()),
    ] {
        for mode in ["--dry-run=client", "--dry-run=server", "--dry-run=none"] {
            let attach = [
                "attach",
                name,
                "-n",
                &namespace,
                "--service-account",
                "default",
            ];
            let attach = match mode {
                "--dry-run=none" => attach.to_vec(),
                mode => [&attach[..], &[mode]].concat(),
            };
            let item = told(&world, &attach, &namespace, name);
            assert_eq!(text(&item, "result"), "failed", "{item}");
            assert!(text(&item, "message").starts_with(reason), "{item}");
            for part in &next {
                assert!(text(&item, "next").contains(part), "{item}");
            }
        }
    }
    assert!(world.cluster.references(&namespace, "default").is_empty());
    // The command that is named helps.
    world
        .run(format!(
            "sync -n {namespace} --secret-name c --robot {ROBOT}"
        ))
        .expect(0)
        .prints("updated");
}

#[test]
fn attach_everywhere_names_the_namespaces_where_the_name_is_another_types() {
    let mut world = world();
    let cluster: &'static TestCluster = Box::leak(Box::new(TestCluster::small("attach-all")));
    world.cluster = cluster;
    cluster.join(&mut world.context);
    let [good, other, neither] = ["good", "other", "neither"].map(|hint| cluster.namespace(hint));
    world.current_secret(&good, "pull");
    cluster.create(&opaque(&other, "pull"));
    let attach = ["attach", "pull", "-A", "--service-account", "default", "-o"];
    let output = world.run([&attach[..], &["json"]].concat()).expect(1);
    assert_eq!(item(&output, &good, "pull")["result"], "attached");
    assert_eq!(item(&output, &other, "pull")["result"], "failed");
    assert!(!output.stdout.contains(&neither), "{}", output.stdout);
}

#[test]
fn attach_hands_nobody_a_secret_that_would_break_their_pods() {
    let world = world();
    let namespace = world.cluster.namespace("attach-broken");
    world.cluster.create(&broken(&world, &namespace, "a"));
    let attach = [
        "attach",
        "a",
        "-n",
        &namespace,
        "--service-account",
        "default",
    ];
    let edit = format!("-n {namespace} edit secret a");
    for run in [&[&attach[..], &["--dry-run"]].concat()[..], &attach] {
        let item = told(&world, run, &namespace, "a");
        assert_eq!(text(&item, "result"), "refused", "{item}");
        assert!(
            text(&item, "message").contains("other.example.com"),
            "{item}"
        );
        assert!(text(&item, "next").contains(&edit), "{item}");
    }
    assert!(world.cluster.references(&namespace, "default").is_empty());

    let patch = r#"{"imagePullSecrets":[{"name":"a"}]}"#;
    let patch = [
        "patch",
        "serviceaccount",
        "default",
        "--type=merge",
        "-p",
        patch,
    ];
    world
        .cluster
        .kubectl([&["-n", &namespace][..], &patch].concat());
    let output = world.run(attach).expect(0);
    output
        .prints("unchanged")
        .prints("a kubelet pulls nothing for a pod");
}

#[test]
fn a_secret_that_is_not_filled_yet_is_attached_and_said_to_be_empty() {
    let world = world();
    let namespace = world.cluster.namespace("attach-empty");
    world
        .cluster
        .create(&pull_secret(&namespace, "a", &json!({})));
    let output = world
        .run(format!("attach a -n {namespace} --service-account default"))
        .expect(0);
    output
        .prints("attached")
        .prints("the secret has no entries");
}

#[test]
fn list_says_readable_only_of_what_a_kubelet_can_read_and_use() {
    let world = without_login();
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
    let output = world.run(format!("list -n {namespace} -o json")).expect(0);
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
    assert_eq!(states("empty"), [("", "unused: the secret has no entries")]);
    let config = "unused: the secret holds a config.json under `.dockercfg`, where a kubelet reads \
                  `auths` as a registry's name";
    assert_eq!(states("config"), [("", config)]);
    let of_broken = states("broken");
    assert_eq!(of_broken.len(), 2);
    assert!(
        of_broken
            .iter()
            .all(|(_, state)| state.starts_with("broken: "))
    );
    let path = "unused: its key ends in /v1 without a slash, which a kubelet reads as the start of \
                a repository's name";
    assert_eq!(
        states("keys"),
        [
            ("h.example.com/v1", path),
            (
                "h.example.com ",
                "unused: its key is not an address, so no kubelet uses it"
            ),
            ("h.example.com", "readable"),
        ]
    );
}
