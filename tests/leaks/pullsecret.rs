//! The runs of `kubectl quay-pullsecret`.

use crate::leaks::case::{Case, Trouble};
use crate::leaks::world::{ROBOT, World};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_tests::{pull_secret, pull_secret_of};
use serde_json::json;

/// A secret whose robot is stale, secrets that cannot be read, and an API token.
fn populated(world: &World) -> String {
    let token = world.quay.robot_token.as_str();
    let stale = world.auths(&"O".repeat(64));
    // Broken in ways that tempt a message to quote them.
    let broken = [
        format!(r#"{{"auths":["{token}"]}}"#),
        json!({"auths": {world.quay.quay.registry(): {"auth": token}}}).to_string(),
        json!({"auths": {world.quay.quay.registry(): {"auth": STANDARD.encode(token)}}})
            .to_string(),
        json!({"auths": {world.quay.quay.registry(): token}}).to_string(),
    ];
    world.cluster.fresh_namespace("leaks", |namespace| {
        let mut objects = vec![pull_secret(namespace, "stale", &stale)];
        for (number, content) in broken.iter().enumerate() {
            let name = format!("broken-{number}");
            objects.push(pull_secret_of(namespace, &name, content));
        }
        objects.push(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "api", "namespace": namespace},
            "data": {"token": STANDARD.encode(&world.api_token)},
        }));
        objects
    })
}

/// A namespace where everything is well.
fn tidy(world: &World) -> String {
    let current = world.auths(&world.quay.robot_token);
    world.cluster.fresh_namespace("tidy", |namespace| {
        vec![pull_secret(namespace, "ours", &current)]
    })
}

/// What the sweep runs, in this order.
pub fn cases(world: &World) -> Vec<Case> {
    let (bad, good) = (populated(world), tidy(world));
    let fresh = world.cluster.namespace("fresh");
    let robot_token = &world.quay.robot_token;
    let image = format!("{}/myorg/my-app:v1", world.quay.quay.registry());
    let ok = |line: String| Case::succeeds(&line);
    let fails = |line: String| Case::fails(&line);
    let mut cases = vec![
        ok(format!("list -n {bad} --all -o wide")),
        ok(format!("list -n {good} -o yaml")),
        fails(format!("verify -n {bad} -o wide")),
        ok(format!("verify -n {good} -o json")),
        fails(format!("sync -n {bad} --dry-run")),
        fails(format!("sync -n {bad} --dry-run=server -o wide")),
        fails(format!("sync -n {bad} -o json")),
        ok(format!("sync -n {good} -o yaml")),
        ok(format!(
            "sync -n {fresh} --robot {ROBOT} --robot-token-stdin"
        ))
        .stdin(robot_token)
        .env("QUAY_API_TOKEN", ""),
        ok(format!("sync -n {fresh} --robot {ROBOT}"))
            .env("QUAY_ROBOT_TOKEN", robot_token)
            .env("QUAY_API_TOKEN", ""),
        fails(format!("sync -n {fresh} --robot {ROBOT}"))
            .env("QUAY_ROBOT_TOKEN", &world.wrong_token)
            .env("QUAY_API_TOKEN", ""),
        ok(format!("sync -n {fresh} --token-stdin"))
            .stdin(&world.api_token)
            .env("QUAY_API_TOKEN", ""),
        fails(format!("sync -n {fresh} --token-stdin"))
            .stdin(&format!("{} {}", world.api_token, world.wrong_token)),
        ok(format!("sync -n {fresh} --auth-secret {bad}/api")).env("QUAY_API_TOKEN", ""),
        fails(format!("sync -n {fresh} --auth-secret {good}/ours")).env("QUAY_API_TOKEN", ""),
        fails(format!("sync -n {fresh} --robot myorg+nobody")),
        ok(format!("attach ours -n {good} --all-service-accounts")),
        ok(format!("explain sa/default -n {good} --image {image}")),
        ok(format!(
            "explain sa/default -n {good} --image {image} -o json"
        )),
        fails(format!("explain sa/nobody -n {bad} --image {image}")),
        fails(format!("explain -n {bad} pod/nobody")),
        fails(format!(
            "attach nothing -n {good} --service-account default"
        )),
        ok(format!(
            "detach ours -n {good} --all-service-accounts -o json"
        )),
        fails(format!("detach ours -n {good} --service-account nobody")),
        ok(format!(
            "delete --robot {ROBOT} -n {fresh} --dry-run -o yaml"
        )),
        fails(format!("delete --robot {ROBOT} -n {fresh}")),
        ok(format!("delete --robot {ROBOT} -n {fresh} --yes")),
        ok("completion bash".to_owned()),
        fails("completion sh".to_owned()),
        ok("help sync".to_owned()),
        fails("help nothing".to_owned()),
    ];
    let asks_quay = [
        format!("sync -n {bad}"),
        format!("sync -n {fresh} --robot {ROBOT}"),
        format!("verify -n {bad}"),
    ];
    for trouble in [
        Trouble::WrongToken,
        Trouble::QuayBroken,
        Trouble::QuayGarbled,
        Trouble::ClusterGarbled,
    ] {
        cases.extend(asks_quay.iter().map(|line| Case::fails_with(trouble, line)));
    }
    let asks_the_cluster = [
        format!("explain sa/default -n {good} --image {image}"),
        format!("list -n {bad}"),
        format!("attach ours -n {good} --service-account default"),
        format!("detach ours -n {good} --service-account default"),
        format!("delete --robot {ROBOT} -n {good} --yes"),
    ];
    let garbled = |line: &String| Case::fails_with(Trouble::ClusterGarbled, line);
    cases.extend(asks_the_cluster.iter().map(garbled));
    cases
}
