//! A rotation with a bridge, from its beginning to its end.

use crate::rotation::world::{BRIDGE, ROBOT, World, assert_silent_about};
use quay_tests::{pull_secret_of, text_of};
use serde_json::{Value, json};

fn uids(secrets: &[Value]) -> Vec<Value> {
    let uid = |secret: &Value| secret["metadata"]["uid"].clone();
    secrets.iter().map(uid).collect()
}

#[test]
fn every_secret_gets_the_new_token_and_keeps_everything_else() {
    let world = World::new(4);
    let old = world.token();
    let before = world.list(&world.namespace, "secrets");
    let output = world.rotate("").expect(0);
    assert_ne!(world.token(), old);
    world.is_at_rest();
    assert_eq!(
        uids(&world.list(&world.namespace, "secrets")),
        uids(&before)
    );
    let output = output.says("in 4 places");
    assert_eq!(
        output.stdout.matches("rotated").count(),
        4,
        "{}",
        output.stdout
    );
}

#[test]
fn the_receipt_proves_each_target_and_holds_no_token() {
    let world = World::new(2);
    let file = world.context.path("receipt.json");
    let text = file.to_string_lossy().into_owned();
    let old = world.token();
    let output = world.rotate(["--receipt", &text, "-o", "json"]).expect(0);
    let printed: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let written = std::fs::read_to_string(&file).expect("the receipt is there");
    for token in [&old, &world.token()] {
        assert!(!written.contains(token.as_str()));
    }
    let receipt: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(receipt, printed);
    assert_eq!(receipt["outcome"], "finished");
    assert_eq!(receipt["bridge"], BRIDGE);
    assert_eq!(receipt["by"], "alice");
    let targets = receipt["targets"].as_array().expect("targets");
    assert_eq!(targets.len(), 2);
    for target in targets {
        assert_eq!(target["before"], receipt["before"]);
        assert_eq!(target["after"], receipt["after"]);
        assert_eq!(target["holds"], true);
        assert_eq!(target["switched"].as_array().map(Vec::len), Some(2));
    }
    let statements = receipt["statements"].as_array().expect("statements");
    assert!(
        statements
            .iter()
            .all(|statement| statement["holds"] == true)
    );
    let about = |text: &str| {
        statements.iter().any(|statement| {
            statement["claim"]
                .as_str()
                .unwrap_or_default()
                .contains(text)
        })
    };
    assert!(about("the registry refuses the old token of myorg+deploy"));
    assert!(about(
        "no longer exists, and the registry refuses its token"
    ));
    assert_eq!(mode(&file), 0o600);
}

fn mode(file: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(file).expect("the file is there");
    metadata.permissions().mode() & 0o777
}

#[test]
fn while_the_token_changes_every_secret_holds_the_bridge() {
    let world = World::new(3);
    let hold = world.hold_quay("POST", "/regenerate");
    let arguments = world.arguments("");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let arguments = [&["-vvv"], &arguments[..]].concat();
    let mut run = world.context.command(&arguments).spawn();
    assert!(run.reaches(&hold, 1));
    let token = world.token_of(BRIDGE).expect("the bridge stands");
    for secret in world.list(&world.namespace, "secrets") {
        assert_eq!(text_of(&secret), world.mixed(BRIDGE, &token));
        let annotation = &secret["metadata"]["annotations"]["kubectl-quay/bridge"];
        assert_eq!(annotation, ROBOT);
    }
    assert_eq!(world.rights(BRIDGE), world.rights(ROBOT));
    hold.release();
    let output = run.wait().expect(0);
    world.is_at_rest();
    for secret in [&token, &world.token()] {
        assert_silent_about(&output, secret);
    }
}

#[test]
fn the_old_token_is_cleaned_out_of_what_kubectl_apply_remembers() {
    let world = World::new(1);
    let namespace = world.cluster.fresh_namespace("applied", |_| Vec::new());
    let old = world.token();
    let secret = pull_secret_of(&namespace, "applied", world.mixed(ROBOT, &old));
    let applied = world.cluster.try_kubectl("apply -f -", &secret.to_string());
    applied.expect(0);
    world.rotate("").expect(0);
    world.is_at_rest_in(&namespace);
    let secret = &world.list(&namespace, "secrets")[0];
    let annotations = &secret["metadata"]["annotations"];
    assert!(annotations["kubectl.kubernetes.io/last-applied-configuration"].is_null());
}

#[test]
fn the_ledger_tells_what_was_done_and_is_for_its_owner_alone() {
    let world = World::new(2);
    let nothing = world.context.run("history").expect(0);
    nothing.says("The ledger holds no rotations.");
    world.rotate("").expect(0);
    let output = world
        .context
        .run(format!("history {ROBOT} -o json"))
        .expect(0);
    let history: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let rotation = &history["rotations"][0];
    assert_eq!(rotation["state"], "finished");
    assert_eq!(rotation["strategy"], "bridge");
    assert_eq!(rotation["secrets"], 2);
    let events: Vec<&str> = rotation["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["event"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        events,
        [
            "began", "running", "crossed", "renewing", "renewed", "returned", "removing",
            "finished"
        ]
    );
    let ledger = world
        .context
        .home()
        .join(".local/state/kubectl-quay/ledger.jsonl");
    assert_eq!(mode(&ledger), 0o600);
    let other = world.context.run("history myorg+other").expect(0);
    other.says("The ledger holds no rotations");
}

#[test]
fn hundreds_of_rights_are_copied_without_tripping_over_quays_rate() {
    let world = World::new(1);
    world.quay.quay.edit(|state| {
        state.switches.rate_limits = true;
        for number in 0..150 {
            let name = format!("repository-{number:03}");
            state.add_repository("myorg", &name, false);
            let role = Some(quay_sandbox::quay::Role::Read);
            let set = state.set_permission("myorg", &name, ROBOT, role);
            set.expect("the repository exists");
        }
    });
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "");
    assert_eq!(world.rights(BRIDGE), world.rights(ROBOT));
    assert_eq!(world.rights(BRIDGE).len(), 154);
    hold.release();
    run.wait().expect(0);
    world.is_at_rest_in(&world.namespace);
}

#[test]
fn legacy_secrets_and_keys_with_paths_are_rotated_too() {
    let world = World::new(1);
    let registry = world.registry().to_owned();
    let entry = json!({"auth": quay_tests::auth(ROBOT, &world.token())});
    let namespace = world.cluster.fresh_namespace("legacy", |namespace| {
        let legacy = json!({format!("https://{registry}/v2/"): entry});
        let path =
            json!({"auths": {format!("{registry}/myorg"): entry, "other.example.com": entry}});
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.encode(legacy.to_string());
        vec![
            json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "legacy", "namespace": namespace},
                "type": "kubernetes.io/dockercfg", "data": {".dockercfg": data},
            }),
            pull_secret_of(namespace, "path", path.to_string()),
        ]
    });
    let old = world.token();
    world.rotate("").expect(0);
    let password = |secret: &str, key: &str| world.cluster.password(&namespace, secret, key);
    assert_eq!(
        password("legacy", &format!("https://{registry}/v2/")),
        world.token()
    );
    assert_eq!(
        password("path", &format!("{registry}/myorg")),
        world.token()
    );
    // A robot of that name at another host is another robot.
    assert_eq!(password("path", "other.example.com"), old);
}
