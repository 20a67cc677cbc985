//! `explain`: the sentence is true, the command after it helps, and the evidence is there.

mod scope;
mod situations;
mod surroundings;

use crate::pullsecret::world::World;
use quay_tests::{Output, pull_secret_of};
use serde_json::{Value, json};

/// An image of the test's Quay, such as `my-app:v1`.
pub fn image(world: &World, name: &str) -> String {
    format!("{}/myorg/{name}", world.registry())
}

/// A pod with one container, and these pull secrets.
pub fn pod(namespace: &str, name: &str, image: &str, secrets: &[&str]) -> Value {
    let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "imagePullSecrets": secrets,
            "containers": [{"name": "c", "image": image, "imagePullPolicy": "Always"}],
        },
    })
}

/// A secret of any type with this content under any key.
pub fn secret_of(namespace: &str, name: &str, kind: &str, key: &str, content: &str) -> Value {
    let mut secret = pull_secret_of(namespace, name, content);
    let data = secret["data"][".dockerconfigjson"].take();
    secret["type"] = kind.into();
    secret["data"] = json!({key: data});
    secret
}

/// What a kubelet says in the status of a pod whose image it cannot pull.
pub fn says(world: &World, namespace: &str, pod: &str, reason: &str, message: &str) {
    let state = json!({"waiting": {"reason": reason, "message": message}});
    reports(world, namespace, pod, &state, "");
}

/// What a kubelet reports of a pod's container.
pub fn reports(world: &World, namespace: &str, pod: &str, state: &Value, image_id: &str) {
    let name = format!("pod/{pod}");
    let object = world.cluster.get(namespace, &name);
    let status = json!({"containerStatuses": [{
        "name": "c", "image": object["spec"]["containers"][0]["image"], "imageID": image_id,
        "ready": false, "restartCount": 0, "state": state,
    }]});
    let patch = json!({"status": status}).to_string();
    let patch = [
        "patch",
        &name,
        "--subresource=status",
        "--type=merge",
        "-p",
        &patch,
    ];
    world
        .cluster
        .kubectl([&["-n", namespace], &patch[..]].concat());
}

/// The words of a kubelet with containerd 2 about a pull that a registry denies.
pub fn unauthorized(image: &str) -> String {
    format!(
        "Back-off pulling image \"{image}\": ErrImagePull: failed to pull and unpack image \
         \"{image}\": failed to resolve image: unexpected status from HEAD request to \
         https://{}: 401 UNAUTHORIZED",
        image.replacen('/', "/v2/", 1).replace(":v", "/manifests/v")
    )
}

/// The only judgement of a run that ends with this code, and what it printed for people.
#[track_caller]
pub fn explained(world: &World, namespace: &str, object: &str, code: i32) -> (Value, Output) {
    let arguments = ["explain", object, "-n", namespace];
    let json = world
        .run([&arguments[..], &["-o", "json"]].concat())
        .expect(code);
    let report: Value = serde_json::from_str(&json.stdout).expect("JSON on stdout");
    let items = report["items"].as_array().expect("items");
    assert_eq!(items.len(), 1, "{}", json.stdout);
    (items[0].clone(), world.run(arguments).expect(code))
}

/// The words of a text or of a hint that have to be there.
#[track_caller]
pub fn holds(item: &Value, field: &str, texts: &[&str]) {
    let value = item[field].as_str().unwrap_or_default();
    for text in texts {
        assert!(
            value.contains(text),
            "no `{text}` in {field}: {value}\n{item:#}"
        );
    }
}
