//! What can follow: restarts, and a pull by a real pod.

use crate::rotation::world::World;
use quay_tests::{Kubelet, eventually};
use serde_json::{Value, json};

#[test]
fn workloads_that_pull_with_the_secrets_are_restarted_and_others_are_not() {
    let world = World::new(1);
    let namespace = &world.namespace;
    let image = format!("{}/myorg/my-app:v1", world.registry());
    let deployment = |name: &str, secrets: Value| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"imagePullSecrets": secrets, "containers": [{"name": "c", "image": image}]},
                },
            },
        })
    };
    let (ours, others) = (json!([{"name": "s0"}]), json!([{"name": "theirs"}]));
    world.cluster.create_all(&[
        deployment("web", ours.clone()),
        deployment("other", others.clone()),
    ]);
    let uid = |name: &str| {
        let object = world.cluster.get(namespace, &format!("deployment/{name}"));
        object["metadata"]["uid"].clone()
    };
    // No controller makes them here.
    for (name, secrets) in [("web", &ours), ("other", &others)] {
        let owner = json!([{
            "apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": uid(name), "controller": true,
        }]);
        world.cluster.create(&json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("{name}-1"), "namespace": namespace, "ownerReferences": owner},
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "c", "image": image}]},
                },
            },
        }));
        let set = world
            .cluster
            .get(namespace, &format!("replicaset/{name}-1"));
        let owner = json!([{
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{name}-1"),
            "uid": set["metadata"]["uid"], "controller": true,
        }]);
        world.cluster.create(&json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("{name}-1-x"), "namespace": namespace, "ownerReferences": owner},
            "spec": {"imagePullSecrets": secrets, "containers": [{"name": "c", "image": image}]},
        }));
    }
    let output = world.rotate("--restart").expect(0);
    output.says(&format!("{namespace}/deployment/web: rolling"));
    let restarted = |name: &str| {
        let object = world.cluster.get(namespace, &format!("deployment/{name}"));
        let annotations = &object["spec"]["template"]["metadata"]["annotations"];
        annotations["kubectl.kubernetes.io/restartedAt"].is_string()
    };
    assert!(restarted("web"));
    assert!(!restarted("other"));
    world.is_at_rest();
}

#[test]
fn a_pull_by_a_real_pod_is_part_of_the_receipt_and_decides_the_exit_code() {
    for (state, image_id, code, word) in [
        (
            json!({"terminated": {"exitCode": 128, "reason": "StartError"}}),
            "quay.io/a/b@sha256:0123",
            0,
            "pulled",
        ),
        (
            json!({"waiting": {"reason": "ErrImagePull", "message": "unauthorized: no such tag"}}),
            "",
            1,
            "unauthorized: no such tag",
        ),
    ] {
        let world = World::new(1);
        // The service account a pod runs as.
        let ready = ["-n", &world.namespace, "get", "serviceaccount", "default"];
        eventually("there is a service account", || {
            world.cluster.try_kubectl(ready, "").code == 0
        });
        let image = format!("{}/myorg/my-app:v1", world.registry());
        let arguments = world.arguments(["--verify-pull", &image, "-o", "json"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = world.context.command(&arguments).spawn();
        let kubelet = Kubelet::takes_the_pod(world.cluster, &world.namespace);
        kubelet.container(&state, image_id);
        let output = run.wait().expect(code);
        assert!(output.stdout.contains(word), "{}", output.stdout);
        assert!(quay_tests::test_pods(world.cluster, &world.namespace).is_empty());
        world.is_at_rest();
    }
}
