//! `verify` and `list`: what is said of a credential is true.

use crate::pullsecret::world::{ROBOT, World, item, without_login, world};
use quay_sandbox::quay::Role;
use quay_tests::{pull_secret, str};
use serde_json::{Value, json};

fn verified(world: &World, namespace: &str, code: i32) -> Value {
    let output = world
        .run(format!("verify -n {namespace} -o json"))
        .expect(code);
    item(&output, namespace, "a")
}

#[test]
fn a_good_credential_is_current_accepted_and_may_pull() {
    let world = world();
    let namespace = world.cluster.namespace("good");
    world.current_secret(&namespace, "a");
    let output = world
        .run(format!("verify -n {namespace} -o wide"))
        .expect(0);
    world.seen(&namespace).holds(
        &output.stdout,
        str![[r#"
CONTEXT  NAMESPACE  SECRET  ROBOT  TOKEN  REGISTRY  PULL  KEY  FINGERPRINT  DETAIL
admin  shop  a  myorg+deploy  current  accepted  1/1  quay.example.com  [FINGERPRINT]  ok

"#]],
    );
    let item = verified(&world, &namespace, 0);
    assert_eq!(item["pullable"], json!(["myorg/my-app"]));
}

#[test]
fn a_stale_credential_is_a_problem_and_the_repair_is_named() {
    let world = world();
    let namespace = world.cluster.namespace("stale");
    world.stale_secret(&namespace, "a");
    let output = world.run(format!("verify -n {namespace}")).expect(1);
    world.seen(&namespace).holds(&output.stdout, str![[r#"
NAMESPACE  SECRET  ROBOT  TOKEN  REGISTRY  PULL  DETAIL
shop  a  myorg+deploy  stale  refused  -  the secret does not hold the robot's current token; the registry refuses the credential: Could not find robot with username: myorg+deploy and supplied password.; next: kubectl quay pullsecret sync --context admin -n shop

"#]]);
}

#[test]
fn rights_beyond_pulling_are_pointed_out() {
    let world = world();
    let namespace = world.cluster.namespace("write");
    world
        .quay
        .quay
        .edit(|state| state.set_permission("myorg", "backend-api", ROBOT, Some(Role::Write)))
        .expect("the repository exists");
    world.current_secret(&namespace, "a");
    let item = verified(&world, &namespace, 0);
    let message = item["message"].as_str().unwrap_or_default();
    assert!(message.contains("write on myorg/backend-api"), "{message}");
}

#[test]
fn push_is_never_asked_for_and_every_question_has_a_scope() {
    let world = world();
    let namespace = world.cluster.namespace("push");
    world.current_secret(&namespace, "a");
    verified(&world, &namespace, 0);
    let asked = world.quay.quay.server().log().all();
    let asked: Vec<_> = asked
        .iter()
        .filter(|request| request.path.starts_with("/v2/auth"))
        .collect();
    assert!(!asked.is_empty());
    for request in asked {
        assert!(
            request.path.contains("scope=") && !request.path.contains("push"),
            "{}",
            request.path
        );
    }
}

#[test]
fn one_credential_is_asked_about_once_however_many_secrets_hold_it() {
    let world = world();
    let namespace = world.cluster.namespace("once");
    for name in ["a", "b", "c", "d"] {
        world.current_secret(&namespace, name);
    }
    let robot = |path: &str| path.starts_with("/v2/auth") && path.contains("my-app");
    world.run(format!("verify -n {namespace}")).expect(0);
    assert_eq!(
        world
            .quay
            .quay
            .server()
            .log()
            .count(|request| robot(&request.path)),
        1
    );
}

#[test]
fn without_a_login_the_images_of_pods_are_what_is_checked() {
    let world = without_login();
    let namespace = world.cluster.namespace("images");
    world.current_secret(&namespace, "a");
    let pod = |name: &str, image: &str| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "imagePullSecrets": [{"name": "a"}],
                "containers": [{"name": "a", "image": format!("{}/{image}", world.registry())}],
            },
        })
    };
    world.cluster.create(&pod("granted", "myorg/my-app:v1"));
    let item = verified(&world, &namespace, 0);
    assert_eq!(
        (&item["token"], &item["registry"]),
        (&json!("unknown"), &json!("accepted"))
    );
    assert_eq!(item["pullable"], json!(["myorg/my-app"]));

    world
        .cluster
        .create(&pod("not-granted", "myorg/backend-api:v1"));
    let item = verified(&world, &namespace, 1);
    assert_eq!(item["refused"], json!(["myorg/backend-api"]));
}

#[test]
fn one_broken_entry_is_reported_since_it_breaks_every_pull() {
    let world = world();
    let namespace = world.cluster.namespace("broken-entry");
    let content =
        json!({"docker.io": {"auth": "%%%"}, world.registry(): world.entry(&world.token())});
    world
        .cluster
        .create(&pull_secret(&namespace, "a", &content));
    let output = world.run(format!("verify -n {namespace}")).expect(1);
    assert!(output.stdout.contains("not base64"), "{}", output.stdout);
}

#[test]
fn list_needs_no_quay() {
    let world = without_login();
    let namespace = world.cluster.namespace("list");
    world.stale_secret(&namespace, "a");
    world
        .run(format!("attach a -n {namespace} --service-account default"))
        .expect(0);
    let output = world.run(format!("list -n {namespace}")).expect(0);
    world.seen(&namespace).holds(
        &output.stdout,
        str![[r#"
NAMESPACE  SECRET  KEY  ROBOT  STATE  SERVICE ACCOUNTS  AGE
shop  a  quay.example.com  myorg+deploy  readable  default  [TIME]

"#]],
    );
    assert_eq!(
        world
            .run(format!("list -n {namespace} -o name"))
            .expect(0)
            .stdout,
        "secret/a\n"
    );
    assert!(world.quay.quay.server().log().all().is_empty());
}

#[test]
fn a_key_that_no_image_matches_is_a_problem() {
    let world = world();
    let namespace = world.cluster.namespace("no-match");
    let key = format!("{}/elsewhere", world.registry());
    world.cluster.create(&pull_secret(
        &namespace,
        "a",
        &json!({key: world.entry(&world.token())}),
    ));
    let item = verified(&world, &namespace, 1);
    let message = item["message"].as_str().unwrap_or_default();
    assert!(message.contains("matches no image"), "{message}");
}

#[test]
fn without_a_login_another_namespaces_images_are_not_held_against_a_secret() {
    let world = without_login();
    let (busy, idle) = (
        world.cluster.namespace("busy"),
        world.cluster.namespace("idle"),
    );
    for namespace in [&busy, &idle] {
        world.current_secret(namespace, "a");
    }
    world.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "shop", "namespace": busy},
        "spec": {
            "imagePullSecrets": [{"name": "a"}],
            "containers": [{"name": "a", "image": format!("{}/myorg/backend-api", world.registry())}],
        },
    }));
    let output = world
        .run(format!("verify -n {busy} -n {idle} -o json"))
        .expect(1);
    assert_eq!(item(&output, &busy, "a")["state"], "bad");
    // What no pod pulls with is not known without a login.
    assert_eq!(item(&output, &idle, "a")["state"], "unknown");
    world.run(format!("verify -n {idle}")).expect(1);
    world
        .run(format!("verify -n {idle} --allow-unknown"))
        .expect(0);
}
