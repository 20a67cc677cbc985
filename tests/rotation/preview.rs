//! `--dry-run`: the blast radius, and nothing is written anywhere.

use crate::rotation::world::{ROBOT, World};
use serde_json::{Value, json};

fn pod(namespace: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    })
}

#[test]
fn the_blast_radius_is_shown_and_nothing_is_written_anywhere() {
    let world = World::new(1);
    let namespace = world.cluster.namespace("shop");
    let image = format!("{}/myorg/my-app:v1", world.registry());
    world.cluster.create_all(&[
        quay_tests::pull_secret_of(&namespace, "pull", world.mixed(ROBOT, &world.token())),
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "builder", "namespace": namespace},
            "imagePullSecrets": [{"name": "pull"}],
        }),
        pod(&namespace, "web", json!({
            "imagePullSecrets": [{"name": "pull"}],
            "containers": [{"name": "c", "image": image}, {"name": "d", "image": "docker.io/library/nginx"}],
        })),
        pod(&namespace, "kaniko", json!({
            "containers": [{"name": "c", "image": image, "volumeMounts": [{"name": "v", "mountPath": "/auth"}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "pull"}}],
        })),
    ]);
    let token = world.token();
    let output = world.rotate("--dry-run").expect(0);
    let output = output
        .prints(&format!("namespace {namespace}"))
        .prints("secret pull: myorg+deploy")
        .prints("service accounts builder")
        .prints("workloads pod/web")
        .prints(&format!("images {}/myorg/my-app\n", world.registry()))
        .prints("caution: mounted by pod/kaniko")
        .prints("create myorg+deploy-bridge and grant it the rights of myorg+deploy (4)")
        .prints("org:admin, repo:admin");
    output.says("dry run: nothing was changed");
    let output = world.rotate("--dry-run -o json").expect(0);
    let preview: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(preview["steps"].as_array().map(Vec::len), Some(7));
    assert_eq!(world.token(), token);
    assert_eq!(world.quay.writes(), 0);
    let mutating = |request: &quay_sandbox::http::Recorded| request.mutates;
    assert_eq!(world.faulty.log().count(mutating), 0);
    assert!(
        !world
            .context
            .home()
            .join(".local/state/kubectl-quay/ledger.jsonl")
            .exists()
    );
}

#[test]
fn a_dry_run_shows_what_would_be_refused_and_fails() {
    let world = World::new(1);
    let other = world.add_namespace(1);
    let output = world.rotate(format!("--dry-run -n {}", world.namespace));
    output
        .expect(1)
        .prints("Reasons to refuse the rotation")
        .prints(&other);
}
