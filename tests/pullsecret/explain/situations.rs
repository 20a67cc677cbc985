//! Each situation that keeps a pod from its image, told as what it is.

use super::{explained, holds, image, pod, reports, says, secret_of, unauthorized};
use crate::pullsecret::world::{ROBOT, World, without_login, world};
use quay_sandbox::quay::Role;
use quay_tests::{auth, pull_secret};
use serde_json::json;

/// A namespace with a pod of the image that names these secrets, whose kubelet was denied it.
fn denied(world: &World, hint: &str, name: &str, secrets: &[&str]) -> String {
    let namespace = world.cluster.namespace(hint);
    let image = image(world, name);
    world
        .cluster
        .create(&pod(&namespace, "shop", &image, secrets));
    says(
        world,
        &namespace,
        "shop",
        "ImagePullBackOff",
        &unauthorized(&image),
    );
    namespace
}

#[test]
fn a_secret_that_does_not_exist_is_named() {
    let world = without_login();
    let namespace = denied(&world, "missing", "my-app:v1", &["gone"]);
    let (item, text) = explained(&world, &namespace, "pod/shop", 1);
    assert_eq!(item["verdict"], "willNot");
    assert_eq!(
        item["images"][0]["cause"],
        json!({"kind": "missingSecret", "secret": "gone"})
    );
    assert_eq!(item["images"][0]["agreement"], "agrees");
    holds(
        &item,
        "message",
        &["pod/shop cannot pull", "secret `gone` does not exist"],
    );
    holds(
        &item,
        "next",
        &["sync", &namespace, "--robot myorg+ROBOT --secret-name gone"],
    );
    let first = text.stdout.lines().next().unwrap_or_default().to_owned();
    assert_eq!(Some(first.as_str()), item["message"].as_str());
    assert!(text.stdout.contains("\nnext: kubectl "), "{}", text.stdout);
    assert!(
        text.stdout.contains("└─ gone: does not exist"),
        "{}",
        text.stdout
    );
    assert!(text.stdout.lines().count() < 24, "{}", text.stdout);
}

#[test]
fn a_key_without_the_registrys_port_is_told_from_no_key() {
    let world = without_login();
    let namespace = denied(&world, "port", "my-app:v1", &["a"]);
    let host = world
        .registry()
        .split(':')
        .next()
        .unwrap_or_default()
        .to_owned();
    let entry = world.entry(&world.token());
    world
        .cluster
        .create(&pull_secret(&namespace, "a", &json!({host.clone(): entry})));
    let (item, _) = explained(&world, &namespace, "shop", 1);
    assert_eq!(item["images"][0]["cause"]["matches"], "otherPort");
    holds(
        &item,
        "message",
        &[&format!("key `{host}`"), "has no port", world.registry()],
    );
    holds(
        &item,
        "next",
        &["sync", &format!("--robot {ROBOT} --secret-name a")],
    );
    // Nothing was sent with it: nobody asked this registry with that key.
    let log = world.quay.quay.server().log();
    assert_eq!(log.count(|request| request.path.contains("account=")), 0);
}

#[test]
fn a_robot_without_the_role_is_granted_it_and_with_a_login_its_roles_are_shown() {
    let mut world = without_login();
    let namespace = denied(&world, "role", "backend-api:v1", &["a"]);
    world.current_secret(&namespace, "a");
    let (item, _) = explained(&world, &namespace, "pod/shop", 1);
    assert_eq!(item["images"][0]["cause"]["kind"], "notAllowed");
    assert_eq!(item["images"][0]["agreement"], "agrees");
    holds(
        &item,
        "message",
        &["myorg+deploy has no right to pull myorg/backend-api"],
    );
    holds(&item, "next", &["grant myorg+deploy backend-api"]);

    world
        .quay
        .sign_in(&mut world.context, crate::pullsecret::world::SCOPES);
    let (item, _) = explained(&world, &namespace, "pod/shop", 1);
    holds(
        &item,
        "message",
        &["myorg+deploy has a role on myorg/my-app, but not on myorg/backend-api"],
    );
    assert_eq!(item["images"][0]["entries"][0]["robot"], "current");

    let granted = world
        .quay
        .quay
        .edit(|state| state.set_permission("myorg", "backend-api", ROBOT, Some(Role::Read)));
    granted.expect("the repository exists");
    let (item, text) = explained(&world, &namespace, "pod/shop", 0);
    assert_eq!(item["images"][0]["agreement"], "fixedSince");
    assert!(
        text.stdout
            .contains("fixed since then: the next attempt is in at most 5 min"),
        "{}",
        text.stdout
    );
}

#[test]
fn a_dead_token_is_repaired_with_sync_and_who_is_not_signed_in_signs_in_first() {
    let mut world = without_login();
    let namespace = world.cluster.namespace("dead");
    let image = image(&world, "my-app:v1");
    world.stale_secret(&namespace, "a");
    world
        .cluster
        .create(&pod(&namespace, "shop", &image, &["a"]));
    let (item, text) = explained(&world, &namespace, "pod/shop", 1);
    assert_eq!(item["images"][0]["cause"]["kind"], "refused");
    assert_eq!(item["images"][0]["kubelet"]["state"], "nothing");
    holds(
        &item,
        "message",
        &["the registry does not accept myorg+deploy from its secret `a`"],
    );
    holds(
        &item,
        "next",
        &["login --registry", "then: ", "sync", &namespace],
    );
    assert!(
        text.stdout.contains("myorg+deploy (") && !text.stdout.contains("OOOO"),
        "{}",
        text.stdout
    );

    world
        .quay
        .sign_in(&mut world.context, crate::pullsecret::world::SCOPES);
    let (item, _) = explained(&world, &namespace, "pod/shop", 1);
    holds(&item, "message", &["the robot has a newer token"]);
    let next = item["next"].as_str().unwrap_or_default().to_owned();
    assert!(!next.contains("login"), "{next}");
    world.run(format!("sync -n {namespace}")).expect(0);
    explained(&world, &namespace, "pod/shop", 0);
}

#[test]
fn one_broken_entry_is_what_keeps_the_pod_from_everything() {
    let world = without_login();
    let namespace = world.cluster.namespace("broken");
    let image = image(&world, "my-app:v1");
    let content = json!({"quay.io": {"auth": "!!"}, world.registry(): world.entry(&world.token())});
    world
        .cluster
        .create(&pull_secret(&namespace, "a", &content));
    world.current_secret(&namespace, "good");
    world
        .cluster
        .create(&pod(&namespace, "shop", &image, &["good", "a"]));
    let error = "illegal base64 data at input byte 0";
    says(&world, &namespace, "shop", error, error);
    let (item, _) = explained(&world, &namespace, "pod/shop", 1);
    assert_eq!(item["images"][0]["cause"]["kind"], "brokenSecret");
    assert_eq!(item["images"][0]["agreement"], "agrees");
    assert_eq!(item["secrets"][1]["state"], "broken");
    holds(
        &item,
        "message",
        &["secret `a` is broken (entry `quay.io`", "pulls nothing"],
    );
    holds(&item, "next", &["edit secret a"]);
}

#[test]
fn a_tag_that_does_not_exist_is_no_matter_of_credentials() {
    let world = without_login();
    let namespace = world.cluster.namespace("tag");
    let image = image(&world, "my-app:v9");
    world.current_secret(&namespace, "a");
    world
        .cluster
        .create(&pod(&namespace, "shop", &image, &["a"]));
    says(
        &world,
        &namespace,
        "shop",
        "ErrImagePull",
        &format!("failed to resolve image: {image}: not found"),
    );
    let (item, _) = explained(&world, &namespace, "pod/shop", 1);
    assert_eq!(item["images"][0]["cause"], json!({"kind": "noSuchTag"}));
    assert_eq!(item["images"][0]["agreement"], "agrees");
    holds(&item, "message", &["myorg/my-app has no tag `v9`"]);
    holds(&item, "next", &["edit pod/shop"]);
}

#[test]
fn a_healthy_pod_says_with_what_it_pulls() {
    let world = world();
    let namespace = world.cluster.namespace("healthy");
    let image = image(&world, "my-app:v1");
    world.current_secret(&namespace, "a");
    world
        .cluster
        .create(&pod(&namespace, "shop", &image, &["gone", "a"]));
    reports(
        &world,
        &namespace,
        "shop",
        &json!({"running": {}}),
        "sha256:0123",
    );
    let (item, text) = explained(&world, &namespace, "pod/shop", 0);
    assert_eq!(
        (&item["verdict"], &item["next"]),
        (&json!("willPull"), &json!(null))
    );
    holds(
        &item,
        "message",
        &[
            &format!("pod/shop can pull {image}"),
            "as myorg+deploy from secret `a`",
        ],
    );
    let token = world.token();
    assert!(!text.stdout.contains(&token[..16]), "{}", text.stdout);
    // Once the token is dead the pod runs on, and could not start elsewhere.
    let mut world = world;
    world.regenerate();
    let (item, _) = explained(&world, &namespace, "pod/shop", 1);
    assert_eq!(item["images"][0]["agreement"], "brokenSince");
    holds(&item, "message", &["has its image, but a new pull of"]);
}

#[test]
fn a_public_image_takes_no_credential() {
    let world = without_login();
    let namespace = world.cluster.namespace("public");
    world
        .quay
        .quay
        .edit(|state| state.add_repository("myorg", "open", true));
    world
        .cluster
        .create(&pod(&namespace, "shop", &image(&world, "open:v1"), &[]));
    let (item, _) = explained(&world, &namespace, "pod/shop", 0);
    assert_eq!(item["images"][0]["anonymous"]["state"], "pulls");
    holds(&item, "message", &["needs no credential"]);
}

#[test]
fn a_secret_of_the_wrong_type_is_told_as_that() {
    let world = without_login();
    let content = json!({"auths": {world.registry(): {"auth": auth(ROBOT, &world.token())}}});
    for (kind, key, why, words) in [
        (
            "Opaque",
            ".dockerconfigjson",
            "otherType",
            "has a type that no kubelet accepts",
        ),
        (
            "kubernetes.io/dockercfg",
            ".dockercfg",
            "configJsonInDockercfg",
            "config.json under",
        ),
    ] {
        let namespace = denied(&world, "type", "my-app:v1", &["a"]);
        world
            .cluster
            .create(&secret_of(&namespace, "a", kind, key, &content.to_string()));
        let (item, _) = explained(&world, &namespace, "pod/shop", 1);
        assert_eq!(item["images"][0]["cause"]["why"], why);
        holds(&item, "message", &[words]);
        holds(
            &item,
            "next",
            &["delete secret a", "then: ", "--secret-name a"],
        );
    }
}
