//! `verify` is green only when pods pull: what looked fine and was not, each told as what it is.

use crate::pullsecret::explain::{image, pod, says, secret_of};
use crate::pullsecret::world::{ROBOT, World, grant_limited, without_login, world};
use quay_sandbox::http::{Fault, FaultAction};
use quay_sandbox::quay::Role;
use quay_tests::{Output, answer, auth, pull_secret};
use serde_json::{Value, json};

#[track_caller]
fn report(world: &World, arguments: &[&str], code: i32) -> Value {
    let output = world.run([&["verify", "-o", "json"], arguments].concat());
    serde_json::from_str(&output.expect(code).stdout).expect("JSON on stdout")
}

/// The only image of a report that is not pulled.
#[track_caller]
fn only_image(report: &Value) -> &Value {
    let images = report["images"].as_array().expect("images");
    assert_eq!(images.len(), 1, "{report:#}");
    &images[0]
}

/// A secret that holds another robot of the organization.
fn secret_with(world: &World, namespace: &str, name: &str, robot: &str) {
    let token = world.quay.quay.edit(|state| state.add_robot(robot));
    let auths = json!({world.registry(): {"auth": auth(robot, &token)}});
    world.cluster.create(&pull_secret(namespace, name, &auths));
}

#[track_caller]
fn says_in(item: &Value, field: &str, text: &str) {
    let value = item[field].as_str().unwrap_or_default();
    assert!(value.contains(text), "no `{text}` in {item:#}");
}

#[test]
fn nothing_found_under_a_name_that_was_asked_for_is_no_success() {
    let world = world();
    let namespace = world.cluster.namespace("sought");
    world.current_secret(&namespace, "a");
    let verify = |arguments: &[&str]| -> Output {
        world.run([&["verify", "-n", &namespace], arguments].concat())
    };
    verify(&["--robot", ROBOT, "--secret", "a"]).expect(0);
    let both = format!("No pull secret in the chosen namespaces is named `b` and holds {ROBOT}.");
    for (arguments, expected) in [
        (
            &["--robot", "myorg+typo"][..],
            "No pull secret in the chosen namespaces holds myorg+typo.",
        ),
        (
            &["--secret", "b"],
            "No pull secret in the chosen namespaces is named `b`.",
        ),
        (&["--secret", "b", "--robot", ROBOT], &both),
    ] {
        let output = verify(arguments).expect(1);
        assert!(output.stderr.contains(expected), "{}", output.stderr);
    }
    let broken = json!({"x": {"auth": "!"}});
    world
        .cluster
        .create(&pull_secret(&namespace, "broken", &broken));
    let output = verify(&["--robot", "myorg+typo"]).expect(1);
    assert!(
        output.stderr.contains("holds myorg+typo"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_robot_without_a_role_is_no_success() {
    let world = world();
    let namespace = world.cluster.namespace("no-role");
    secret_with(&world, &namespace, "a", "myorg+idle");
    let report = report(&world, &["-n", &namespace], 1);
    let item = &report["items"][0];
    assert_eq!(item["state"], "bad");
    says_in(item, "message", "no role on any repository");
    says_in(item, "next", "quay robot grant myorg+idle");
}

#[test]
fn roles_that_cannot_be_read_are_not_known_and_pods_are_judged_all_the_same() {
    let mut world = without_login();
    world.quay.sign_in(&mut world.context, "user:read");
    let namespace = world.cluster.namespace("no-roles");
    world.current_secret(&namespace, "a");
    let report_of = |code| report(&world, &["-n", &namespace], code);
    let first = report_of(1);
    assert_eq!(first["items"][0]["state"], "unknown");
    says_in(
        &first["items"][0],
        "message",
        "the robot's current token and its roles are unknown",
    );

    let refused = image(&world, "backend-api:v1");
    world
        .cluster
        .create(&pod(&namespace, "shop", &refused, &["a"]));
    let second = report_of(1);
    assert_eq!(only_image(&second)["why"], "no role");
    assert_eq!(second["items"][0]["refused"], json!(["myorg/backend-api"]));
    // Who is signed in is not let off by --allow-unknown.
    report(&world, &["-n", &namespace, "--allow-unknown"], 1);
}

#[test]
fn a_registry_that_cannot_be_asked_is_not_good_unless_that_is_allowed() {
    let mut world = world();
    // No proxy listens there.
    world.context.set("HTTPS_PROXY", "http://127.0.0.1:1");
    let namespace = world.cluster.namespace("unreachable");
    let auths = json!({"far.example.com": {"auth": auth("other+robot", "T")}});
    world.cluster.create(&pull_secret(&namespace, "a", &auths));
    let far = "far.example.com/other/app:v1";
    world.cluster.create(&pod(&namespace, "shop", far, &["a"]));
    let verified = report(&world, &["-n", &namespace], 1);
    let item = &verified["items"][0];
    assert_eq!(
        (&item["state"], &item["registry"], &item["ok"]),
        (&json!("unknown"), &json!("unreachable"), &json!(false))
    );
    assert_eq!(only_image(&verified)["state"], "unknown");
    let table = world.run(format!("verify -n {namespace} --allow-unknown"));
    table
        .expect(0)
        .prints("unknown")
        .prints("cannot ask far.example.com");
}

#[test]
fn a_key_that_no_kubelet_uses_is_no_success() {
    let world = world();
    let registry = world.registry().to_owned();
    for key in [
        format!("https://{registry}/v2"),
        registry.to_uppercase(),
        format!("{registry} "),
    ] {
        let namespace = world.cluster.namespace("useless-key");
        let entry = world.entry(&world.token());
        world
            .cluster
            .create(&pull_secret(&namespace, "a", &json!({key.as_str(): entry})));
        let report = report(&world, &["-n", &namespace], 1);
        let item = &report["items"][0];
        says_in(
            item,
            "message",
            &format!("no pod pulls with its key `{key}`"),
        );
        says_in(
            item,
            "next",
            &format!("-n {namespace} --robot {ROBOT} --secret-name a"),
        );
    }
}

#[test]
fn a_secret_of_the_wrong_type_that_an_account_or_a_pod_names_is_no_success() {
    let world = world();
    let namespace = world.cluster.namespace("wrong-type");
    let content = json!({"auths": {world.registry(): world.entry(&world.token())}}).to_string();
    let json_key = ".dockerconfigjson";
    for secret in [
        secret_of(&namespace, "opaque", "Opaque", json_key, &content),
        secret_of(
            &namespace,
            "legacy",
            "kubernetes.io/dockercfg",
            ".dockercfg",
            &content,
        ),
        secret_of(&namespace, "unused", "Opaque", json_key, &content),
    ] {
        world.cluster.create(&secret);
    }
    let attach = json!({"imagePullSecrets": [{"name": "opaque"}]}).to_string();
    let patch = ["patch", "serviceaccount/default", "--type=merge", "-p"];
    world
        .cluster
        .kubectl([&["-n", &namespace], &patch[..], &[&attach]].concat());
    let public = public_image(&world);
    world
        .cluster
        .create(&pod(&namespace, "shop", &public, &["legacy"]));
    let report = report(&world, &["-n", &namespace], 1);
    let items = report["items"].as_array().expect("items");
    let names: Vec<&Value> = items.iter().map(|item| &item["secret"]).collect();
    assert_eq!(names, ["legacy", "opaque"], "{report:#}");
    says_in(&items[0], "message", "pod/shop uses the secret");
    says_in(&items[0], "message", "config.json under `.dockercfg`");
    says_in(
        &items[1],
        "message",
        "service account `default` uses the secret",
    );
    says_in(&items[1], "message", "no kubelet accepts for a pull secret");
    says_in(&items[1], "next", "delete secret opaque");
}

/// An image that everybody may pull.
fn public_image(world: &World) -> String {
    let quay = &world.quay.quay;
    quay.edit(|state| state.add_repository("myorg", "public", true));
    image(world, "public:v1")
}

#[test]
fn an_image_that_the_robot_may_not_read_is_no_success_with_a_login_either() {
    for world in [world(), without_login()] {
        let namespace = world.cluster.namespace("no-right");
        world.current_secret(&namespace, "a");
        let good = image(&world, "my-app:v1");
        let refused = image(&world, "backend-api:v1");
        for (name, image) in [("good", &good), ("bad", &refused)] {
            world.cluster.create(&pod(&namespace, name, image, &["a"]));
        }
        let report = report(&world, &["-n", &namespace], 1);
        let image = only_image(&report);
        assert_eq!(
            (&image["object"], &image["state"], &image["why"]),
            (&json!("pod/bad"), &json!("bad"), &json!("no role"))
        );
        says_in(image, "next", &format!("grant {ROBOT} backend-api"));
        let item = &report["items"][0];
        assert_eq!(item["pullable"], json!(["myorg/my-app"]));
        assert_eq!(item["refused"], json!(["myorg/backend-api"]));
        assert_eq!(
            (&report["imagesChecked"], &report["podsChecked"]),
            (&json!(2), &json!(2))
        );
    }
}

#[test]
fn an_image_fails_only_if_nothing_of_its_pod_gets_it() {
    let world = world();
    let namespace = world.cluster.namespace("either");
    world.current_secret(&namespace, "a");
    secret_with(&world, &namespace, "b", "myorg+backend");
    let quay = &world.quay.quay;
    quay.edit(|state| {
        state.set_permission("myorg", "backend-api", "myorg+backend", Some(Role::Read))
    })
    .expect("the repository exists");
    let backend = image(&world, "backend-api:v1");
    world
        .cluster
        .create(&pod(&namespace, "shop", &backend, &["a", "b"]));
    let report = report(&world, &["-n", &namespace], 0);
    assert_eq!(report["images"], json!([]));
    assert_eq!(report["items"][0]["refused"], json!([]));
    let table = world.run(format!("verify -n {namespace}")).expect(0);
    assert!(
        table.stderr.contains("1 image of 1 pod: all can be pulled"),
        "{}",
        table.stderr
    );
}

#[test]
fn a_named_secret_that_is_missing_fails_only_where_an_image_needs_it() {
    let world = world();
    let namespace = world.cluster.namespace("missing");
    let public = public_image(&world);
    world
        .cluster
        .create(&pod(&namespace, "public", &public, &["gone"]));
    let output = world.run(format!("verify -n {namespace}")).expect(0);
    let note = format!("pods or service accounts in namespace {namespace}");
    assert!(output.stderr.contains(&note), "{}", output.stderr);

    let private = image(&world, "my-app:v1");
    world
        .cluster
        .create(&pod(&namespace, "private", &private, &["gone"]));
    let report = report(&world, &["-n", &namespace], 1);
    let image = only_image(&report);
    assert_eq!(
        (&image["object"], &image["why"]),
        (&json!("pod/private"), &json!("missing secret"))
    );
}

#[test]
fn pods_that_have_ended_do_not_count() {
    let world = world();
    let namespace = world.cluster.namespace("ended");
    let private = image(&world, "my-app:v1");
    world.cluster.create(&pod(&namespace, "job", &private, &[]));
    report(&world, &["-n", &namespace], 1);
    let ended = json!({"status": {"phase": "Succeeded"}}).to_string();
    let patch = ["patch", "pod/job", "--subresource=status", "--type=merge"];
    world
        .cluster
        .kubectl([&["-n", &namespace], &patch[..], &["-p", &ended]].concat());
    let report = report(&world, &["-n", &namespace], 0);
    assert_eq!(report["podsChecked"], 0);
}

#[test]
fn what_openshift_generates_for_its_internal_registry_is_one_line() {
    let world = world();
    let namespace = world.cluster.namespace("internal");
    let internal = "image-registry.openshift-image-registry.svc:5000";
    let content = json!({internal: {"username": "serviceaccount", "password": "T",
        "auth": auth("serviceaccount", "T")}});
    for name in ["default-dockercfg-aaaaa", "builder-dockercfg-bbbbb"] {
        let mut secret = secret_of(
            &namespace,
            name,
            "kubernetes.io/dockercfg",
            ".dockercfg",
            &content.to_string(),
        );
        secret["metadata"]["annotations"] =
            json!({"openshift.io/internal-registry-auth-token.service-account": "default"});
        world.cluster.create(&secret);
    }
    let image = format!("{internal}/{namespace}/app@sha256:{}", "a".repeat(64));
    let secrets = ["default-dockercfg-aaaaa"];
    world
        .cluster
        .create(&pod(&namespace, "app", &image, &secrets));
    let output = world.run(format!("verify -n {namespace}")).expect(0);
    let line = "not checked: 1 image of OpenShift's internal registry, and 2 secrets";
    assert_eq!(output.stderr.matches(line).count(), 1, "{}", output.stderr);
}

#[test]
fn pods_that_cannot_be_listed_are_no_success() {
    let mut world = world();
    let namespace = world.cluster.namespace("unlisted");
    world.current_secret(&namespace, "a");
    world.cluster.join_limited(&mut world.context);
    grant_limited(&world, &namespace, "list", "secrets");
    grant_limited(&world, &namespace, "list", "serviceaccounts");
    let output = world.run(format!("verify -n {namespace}")).expect(1);
    let reason = format!("cannot list pods in namespace `{namespace}`");
    assert!(output.stderr.contains(&reason), "{}", output.stderr);
    grant_limited(&world, &namespace, "list", "pods");
    world.run(format!("verify -n {namespace}")).expect(0);
}

#[test]
fn a_tag_is_asked_for_only_where_a_pod_fails_now() {
    let world = world();
    let namespace = world.cluster.namespace("tags");
    world.current_secret(&namespace, "a");
    let gone = image(&world, "my-app:gone");
    world
        .cluster
        .create(&pod(&namespace, "shop", &gone, &["a"]));
    let pulls = || {
        let log = world.quay.quay.server().log();
        log.count(|request| request.path.contains("/manifests/"))
    };
    report(&world, &["-n", &namespace], 0);
    assert_eq!(pulls(), 0);
    let words = format!("failed to pull and unpack image \"{gone}\": {gone}: not found");
    says(&world, &namespace, "shop", "ErrImagePull", &words);
    let report = report(&world, &["-n", &namespace], 1);
    assert_eq!(only_image(&report)["why"], "no such tag");
    assert_eq!(pulls(), 1);
}

#[test]
fn what_only_the_node_has_a_credential_for_is_not_known() {
    let world = world();
    let namespace = world.cluster.namespace("node-credential");
    let private = image(&world, "my-app:v1");
    world
        .cluster
        .create(&pod(&namespace, "shop", &private, &[]));
    let running = json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}});
    crate::pullsecret::explain::reports(&world, &namespace, "shop", &running, "sha256:1");
    let report = report(&world, &["-n", &namespace], 1);
    let image = only_image(&report);
    assert_eq!(
        (&image["state"], &image["why"]),
        (&json!("unknown"), &json!("only the node's credential"))
    );
}

#[test]
fn a_registry_that_sends_everybody_elsewhere_is_followed_by_nobody_in_particular() {
    let world = without_login();
    let namespace = world.cluster.namespace("elsewhere");
    let faults = world.quay.quay.server().faults();
    let moved = |to: &str| answer(307, "", &[("Location", to)]);
    let on = |method: &str, path: &str, action: FaultAction| {
        faults.add(Fault::always(
            method.parse().expect("a method"),
            path,
            action,
        ));
    };
    on("HEAD", "/elsewhere/app/manifests/", answer(200, "", &[]));
    on("HEAD", "/manifests/", moved("/elsewhere/app/manifests/v1"));
    on("GET", "/v2/", moved("/elsewhere/"));
    let image = image(&world, "app:v1");
    world.cluster.create(&pod(&namespace, "shop", &image, &[]));
    report(&world, &["-n", &namespace], 0);
    let log = world.quay.quay.server().log();
    assert_eq!(
        log.count(|request| request.path.contains("/elsewhere/app")),
        1
    );

    // A credential goes nowhere else.
    world.current_secret(&namespace, "a");
    world
        .cluster
        .create(&pod(&namespace, "own", &image, &["a"]));
    let report = report(&world, &["-n", &namespace], 1);
    assert_eq!(only_image(&report)["object"], "pod/own");
    assert_eq!(only_image(&report)["state"], "unknown");
    let with_credential =
        log.count(|request| request.path.contains("/elsewhere") && request.authorization.is_some());
    assert_eq!(with_credential, 0);
}
