//! `sync` without `--robot`: whatever is stale is repaired, nothing else is touched.

use crate::pullsecret::world::{ROBOT, World, grant_limited, world};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_tests::{auth, pull_secret, pull_secret_of};
use serde_json::json;

#[test]
fn a_stale_credential_is_replaced_in_place_and_all_else_survives() {
    let mut world = world();
    let namespace = world.cluster.namespace("repair");
    let registry = world.registry().to_owned();
    let content = |auth: &str, password: &str| {
        format!(
            r#"{{"credHelpers":{{"gcr.io":"gcloud"}},"auths":{{"registry.redhat.io":{{"auth":"YTpi","email":"me@example.com","x":[1.50,null]}},"{registry}":{{"email":"robot@example.com","username":"{ROBOT}","password":"{password}","auth":"{auth}"}},"docker.io":{{}}}},"psFormat":"table"}}"#
        )
    };
    let before = content(&auth(ROBOT, "OLD"), "OLD");
    world
        .cluster
        .create(&pull_secret_of(&namespace, "mixed", &before));
    world
        .cluster
        .kubectl(format!("-n {namespace} label secret/mixed team=shop"));
    let uid = world.cluster.get(&namespace, "secret/mixed")["metadata"]["uid"].clone();

    let token = world.regenerate();
    world
        .run(format!("sync -n {namespace}"))
        .expect(0)
        .prints("updated");

    let after = world.cluster.get(&namespace, "secret/mixed");
    assert_eq!(after["metadata"]["uid"], uid);
    assert_eq!(after["metadata"]["labels"], json!({"team": "shop"}));
    assert_eq!(after["metadata"]["annotations"], json!(null));
    let expected = content(&auth(ROBOT, &token), &token);
    assert_eq!(world.cluster.content(&namespace, "mixed"), expected);
}

#[test]
fn credentials_are_found_by_content_whatever_the_secret_is_called() {
    let world = world();
    let namespace = world.cluster.namespace("content");
    let (registry, token) = (world.registry(), world.token());
    world.cluster.kubectl([
        "-n",
        &namespace,
        "apply",
        "-f",
        &documented_manifest(&world, &namespace),
    ]);
    let path_scoped = json!({format!("https://{registry}/v2/"): world.entry("OLD"), format!("{registry}/myorg"): world.entry("OLD")});
    world
        .cluster
        .create(&pull_secret(&namespace, "scoped", &path_scoped));
    let legacy =
        json!({registry: {"auth": auth(ROBOT, "OLD"), "email": "a@example.com"}}).to_string();
    world.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockercfg",
        "metadata": {"name": "legacy", "namespace": namespace},
        "data": {".dockercfg": STANDARD.encode(legacy)},
    }));

    world.run(format!("sync -n {namespace}")).expect(0);

    assert_eq!(world.password(&namespace, "from-the-script"), token);
    assert_eq!(
        world
            .cluster
            .password(&namespace, "scoped", &format!("{registry}/myorg")),
        token
    );
    assert_eq!(
        world
            .cluster
            .password(&namespace, "scoped", &format!("https://{registry}/v2/")),
        token
    );
    assert_eq!(world.password(&namespace, "legacy"), token);
    let legacy = world.cluster.get(&namespace, "secret/legacy");
    assert_eq!(legacy["type"], "kubernetes.io/dockercfg");
}

/// What `kubectl create secret docker-registry … --dry-run=client -o yaml` prints.
fn documented_manifest(world: &World, namespace: &str) -> String {
    let output = world.cluster.kubectl([
        "-n",
        namespace,
        "create",
        "secret",
        "docker-registry",
        "from-the-script",
        &format!("--docker-server={}", world.registry()),
        &format!("--docker-username={ROBOT}"),
        "--docker-password=OLD",
        "--docker-email=robot@example.com",
        "--dry-run=client",
        "-o",
        "yaml",
    ]);
    world
        .context
        .file("documented.yaml", &output)
        .to_string_lossy()
        .into_owned()
}

#[test]
fn an_old_credential_does_not_stay_in_the_last_applied_annotation() {
    let world = world();
    let namespace = world.cluster.namespace("applied");
    let manifest = documented_manifest(&world, &namespace);
    world
        .cluster
        .kubectl(format!("-n {namespace} apply -f {manifest}"));
    let before = world.cluster.get(&namespace, "secret/from-the-script");
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    assert!(before["metadata"]["annotations"][annotation].is_string());

    world
        .run(format!("sync -n {namespace}"))
        .expect(0)
        .prints("last-applied-configuration");

    let after = world.cluster.get(&namespace, "secret/from-the-script");
    assert_eq!(after["metadata"]["annotations"][annotation], json!(null));
    assert_eq!(world.password(&namespace, "from-the-script"), world.token());
}

#[test]
fn a_second_run_writes_nothing() {
    let world = world();
    let namespace = world.cluster.namespace("noop");
    world.stale_secret(&namespace, "a");
    world.run(format!("sync -n {namespace}")).expect(0);
    let version = world.cluster.get(&namespace, "secret/a")["metadata"]["resourceVersion"].clone();
    world
        .run(format!("sync -n {namespace}"))
        .expect(0)
        .prints("unchanged");
    assert_eq!(
        world.cluster.get(&namespace, "secret/a")["metadata"]["resourceVersion"],
        version
    );
}

#[test]
fn nothing_is_ever_regenerated() {
    let world = world();
    let namespace = world.cluster.namespace("regenerate");
    world.stale_secret(&namespace, "a");
    let token = world.token();
    world.run(format!("sync -n {namespace}")).expect(0);
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(0);
    assert_eq!(world.token(), token);
    assert_eq!(world.quay.writes(), 0);
}

#[test]
fn a_registry_without_a_login_is_unknown_and_no_failure() {
    let world = world();
    let namespace = world.cluster.namespace("unknown");
    let content = json!({"quay.io": world.entry("OLD"), world.registry(): world.entry("OLD")});
    world
        .cluster
        .create(&pull_secret(&namespace, "both", &content));
    let output = world
        .run(format!("sync -n {namespace}"))
        .expect(0)
        .prints("unknown");
    assert!(output.stdout.contains("updated"));
    assert_eq!(world.cluster.password(&namespace, "both", "quay.io"), "OLD");
    assert_eq!(world.password(&namespace, "both"), world.token());
}

#[test]
fn an_immutable_secret_is_explained_and_only_replaced_by_force() {
    let world = world();
    let namespace = world.cluster.namespace("immutable");
    let content = json!({"docker.io": {"auth": "YTpi"}, world.registry(): world.entry("OLD")});
    let mut secret = pull_secret(&namespace, "fixed", &content);
    secret["immutable"] = json!(true);
    world.cluster.create(&secret);

    let output = world.run(format!("sync -n {namespace}")).expect(1);
    assert!(
        output.stdout.contains("refused") && output.stdout.contains("immutable"),
        "{}",
        output.stdout
    );
    assert_eq!(world.password(&namespace, "fixed"), "OLD");

    world.run(format!("sync -n {namespace} --force")).expect(0);
    let after = world.cluster.get(&namespace, "secret/fixed");
    assert_eq!(after["immutable"], json!(true));
    assert_eq!(world.password(&namespace, "fixed"), world.token());
    assert_eq!(
        world.cluster.password(&namespace, "fixed", "docker.io"),
        "b"
    );
    let left = world
        .cluster
        .kubectl(format!("-n {namespace} get secrets -o name"));
    assert_eq!(left.trim(), "secret/fixed");
}

#[test]
fn another_tools_secret_is_left_alone_and_the_place_to_change_is_named() {
    let world = world();
    let namespace = world.cluster.namespace("foreign");
    let mut secret = pull_secret(
        &namespace,
        "argo",
        &json!({world.registry(): world.entry("OLD")}),
    );
    secret["metadata"]["annotations"] =
        json!({"argocd.argoproj.io/tracking-id": "shop:/Secret:x/argo"});
    world.cluster.create(&secret);
    let output = world.run(format!("sync -n {namespace}")).expect(1);
    assert!(
        output.stdout.contains("Argo CD") && output.stdout.contains("Git repository"),
        "{}",
        output.stdout
    );
    assert_eq!(world.password(&namespace, "argo"), "OLD");
    world.run(format!("sync -n {namespace} --force")).expect(0);
    assert_eq!(world.password(&namespace, "argo"), world.token());
}

#[test]
fn a_robot_that_is_gone_fails_its_target_and_no_other() {
    let world = world();
    let namespace = world.cluster.namespace("gone");
    let gone = json!({world.registry(): {"auth": auth("myorg+gone", "OLD")}});
    world
        .cluster
        .create(&pull_secret(&namespace, "gone", &gone));
    world.stale_secret(&namespace, "stale");
    let output = world.run(format!("sync -n {namespace}")).expect(1);
    assert!(
        output.stdout.contains("robot `myorg+gone` does not exist"),
        "{}",
        output.stdout
    );
    assert_eq!(world.password(&namespace, "stale"), world.token());
}

#[test]
fn an_entry_that_cannot_be_read_is_named_and_stays_as_it_is() {
    let world = world();
    let namespace = world.cluster.namespace("broken");
    let broken = json!({world.registry(): {"auth": "%%%"}});
    world
        .cluster
        .create(&pull_secret(&namespace, "broken", &broken));
    world
        .cluster
        .create(&pull_secret_of(&namespace, "list", r#"{"auths":[]}"#));
    let before = world.cluster.content(&namespace, "broken");
    let output = world.run(format!("sync -n {namespace}")).expect(1);
    assert!(
        output.stdout.contains("not base64") && output.stdout.contains("edit secret broken"),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains("not an object with `auths`"),
        "{}",
        output.stdout
    );
    assert_eq!(world.cluster.content(&namespace, "broken"), before);
}

#[test]
fn two_runs_at_once_both_succeed_and_lose_nothing() {
    let world = world();
    let namespace = world.cluster.namespace("race");
    for number in 0..12 {
        let content = json!({"docker.io": {"auth": "YTpi"}, world.registry(): world.entry("OLD")});
        world
            .cluster
            .create(&pull_secret(&namespace, &format!("s{number}"), &content));
    }
    std::thread::scope(|scope| {
        let run = || world.run(format!("sync -n {namespace}"));
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
        for run in runs {
            run.join().expect("the run ended").expect(0);
        }
    });
    for number in 0..12 {
        let name = format!("s{number}");
        assert_eq!(world.password(&namespace, &name), world.token());
        assert_eq!(world.cluster.password(&namespace, &name, "docker.io"), "b");
    }
}

/// The secrets in a namespace, `secret/NAME` each.
fn secrets(world: &World, namespace: &str) -> String {
    world
        .cluster
        .kubectl(format!("-n {namespace} get secrets -o name"))
        .trim()
        .to_owned()
}

fn immutable(world: &World, namespace: &str) -> serde_json::Value {
    let content = json!({"docker.io": {"auth": "YTpi"}, world.registry(): world.entry("OLD")});
    let mut secret = pull_secret(namespace, "fixed", &content);
    secret["immutable"] = json!(true);
    secret
}

#[test]
fn an_immutable_secret_with_a_finalizer_is_never_deleted() {
    let world = world();
    let namespace = world.cluster.namespace("finalizer");
    let mut secret = immutable(&world, &namespace);
    secret["metadata"]["finalizers"] = json!(["example.com/keep"]);
    world.cluster.create(&secret);
    let output = world.run(format!("sync -n {namespace} --force")).expect(1);
    assert!(
        output.stdout.contains("finalizer example.com/keep"),
        "{}",
        output.stdout
    );
    assert_eq!(
        world.cluster.password(&namespace, "fixed", "docker.io"),
        "b"
    );
    assert_eq!(secrets(&world, &namespace), "secret/fixed");
    let free = r#"{"metadata":{"finalizers":null}}"#;
    world.cluster.kubectl(format!(
        "-n {namespace} patch secret fixed --type=merge -p '{free}'"
    ));
}

#[test]
fn forced_runs_at_once_leave_no_copy_behind() {
    let world = world();
    let namespace = world.cluster.namespace("forced-race");
    world.cluster.create(&immutable(&world, &namespace));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| world.run(format!("sync -n {namespace} --force")));
        }
    });
    world.run(format!("sync -n {namespace} --force")).expect(0);
    assert_eq!(world.password(&namespace, "fixed"), world.token());
    assert_eq!(
        world.cluster.password(&namespace, "fixed", "docker.io"),
        "b"
    );
    assert_eq!(secrets(&world, &namespace), "secret/fixed");
}

#[test]
fn a_run_without_the_right_to_delete_leaves_no_copy_behind() {
    let mut world = world();
    let namespace = world.cluster.namespace("no-delete");
    world.cluster.create(&immutable(&world, &namespace));
    grant_limited(&world, &namespace, "get,list,patch,create", "secrets");
    world.cluster.join_limited(&mut world.context);
    world.run(format!("sync -n {namespace} --force")).expect(1);
    assert_eq!(world.password(&namespace, "fixed"), "OLD");
    // What the limited user cannot delete either is told, and finished by the next run that can.
    world.cluster.join(&mut world.context);
    world.run(format!("sync -n {namespace} --force")).expect(0);
    assert_eq!(secrets(&world, &namespace), "secret/fixed");
}

#[test]
fn a_namespace_that_may_not_be_listed_stops_no_other() {
    let mut world = world();
    let (allowed, forbidden) = (
        world.cluster.namespace("allowed"),
        world.cluster.namespace("forbidden"),
    );
    world.stale_secret(&allowed, "a");
    grant_limited(&world, &allowed, "get,list,patch", "secrets");
    world.cluster.join_limited(&mut world.context);
    for command in ["sync", "verify", "list"] {
        let output = world
            .run(format!("{command} -n {allowed} -n {forbidden}"))
            .expect(1);
        let said = output.stdout + &output.stderr;
        assert!(
            said.contains(&forbidden) && said.contains("cannot list"),
            "{said}"
        );
    }
    assert_eq!(world.password(&allowed, "a"), world.token());
}
