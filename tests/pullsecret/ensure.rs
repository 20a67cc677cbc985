//! `sync --robot`: the credential is where it is needed, and handed to nobody else.

use crate::pullsecret::world::{ROBOT, without_login, world};
use quay_tests::{TestCluster, auth, pull_secret, str};
use serde_json::json;

#[test]
fn a_missing_secret_is_created_and_attached_once() {
    let world = world();
    let namespace = world.cluster.namespace("new");
    let sync = format!("sync -n {namespace} --robot {ROBOT}");
    let seen = world.seen(&namespace);
    seen.holds(
        &world.run(&sync).expect(0).stdout,
        str![[r#"
NAMESPACE  NAME  ROBOT  RESULT  DETAIL
shop  quay-pull-secret  myorg+deploy  created  attached to serviceaccount/default

"#]],
    );
    seen.holds(
        &world.run(&sync).expect(0).stdout,
        str![[r#"
NAMESPACE  NAME  ROBOT  RESULT  DETAIL
shop  quay-pull-secret  myorg+deploy  unchanged  -

"#]],
    );
    let secret = world.cluster.get(&namespace, "secret/quay-pull-secret");
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    assert_eq!(
        secret["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "kubectl-quay"
    );
    assert_eq!(
        secret["metadata"]["annotations"]["kubectl-quay/robot"],
        ROBOT
    );
    assert_eq!(
        secret["metadata"]["annotations"]["kubectl-quay/registry"],
        world.registry()
    );
    assert_eq!(
        world.password(&namespace, "quay-pull-secret"),
        world.token()
    );
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["quay-pull-secret"]
    );
}

#[test]
fn a_fresh_namespace_is_created_and_its_service_account_waited_for() {
    let world = world();
    let namespace = world.cluster.name("fresh");
    let missing = world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(1);
    assert!(
        missing.stdout.contains("--create-namespace"),
        "{}",
        missing.stdout
    );
    world
        .run(format!(
            "sync -n {namespace} --robot {ROBOT} --create-namespace"
        ))
        .expect(0)
        .prints("created");
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["quay-pull-secret"]
    );
}

#[test]
fn references_that_are_there_keep_their_place() {
    let world = world();
    let namespace = world.cluster.namespace("order");
    world.cluster.kubectl([
        "-n",
        &namespace,
        "patch",
        "serviceaccount",
        "default",
        "--type=merge",
        "-p",
        r#"{"imagePullSecrets":[{"name":"first"},{"name":"second"}]}"#,
    ]);
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(0);
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["first", "second", "quay-pull-secret"]
    );
}

#[test]
fn a_secret_that_holds_the_robot_already_is_refreshed_and_attached() {
    let world = world();
    let namespace = world.cluster.namespace("held");
    world.stale_secret(&namespace, "from-quay");
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(0);
    assert_eq!(world.password(&namespace, "from-quay"), world.token());
    assert_eq!(
        world.cluster.references(&namespace, "default"),
        ["from-quay"]
    );
    let names = world
        .cluster
        .kubectl(format!("-n {namespace} get secrets -o name"));
    assert_eq!(names.trim(), "secret/from-quay");
}

#[test]
fn a_key_of_another_account_is_named_and_only_switched_on_request() {
    let world = world();
    let namespace = world.cluster.namespace("account");
    let content =
        json!({world.registry(): {"auth": auth("alice", "hers")}, "docker.io": {"auth": "YTpi"}});
    world
        .cluster
        .create(&pull_secret(&namespace, "quay-pull-secret", &content));
    let output = world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(1);
    assert!(
        output
            .stdout
            .contains("another account holds the key: `alice`"),
        "{}",
        output.stdout
    );
    assert_eq!(world.password(&namespace, "quay-pull-secret"), "hers");
    assert!(world.cluster.references(&namespace, "default").is_empty());

    world
        .run(format!(
            "sync -n {namespace} --robot {ROBOT} --replace-account"
        ))
        .expect(0);
    assert_eq!(
        world.password(&namespace, "quay-pull-secret"),
        world.token()
    );
    assert_eq!(
        world
            .cluster
            .password(&namespace, "quay-pull-secret", "docker.io"),
        "b"
    );
}

#[test]
fn a_secret_of_another_type_is_not_touched() {
    let world = world();
    let namespace = world.cluster.namespace("type");
    world.cluster.kubectl(format!(
        "-n {namespace} create secret generic quay-pull-secret --from-literal=a=b"
    ));
    let output = world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(1);
    assert!(
        output.stdout.contains("type `Opaque`") && output.stdout.contains("--secret-name"),
        "{}",
        output.stdout
    );
}

#[test]
fn the_key_the_name_and_the_accounts_can_be_chosen() {
    let world = world();
    let namespace = world.cluster.namespace("choice");
    world
        .cluster
        .kubectl(format!("-n {namespace} create serviceaccount builder"));
    world
        .run([
            "sync",
            "-n",
            &namespace,
            "--robot",
            ROBOT,
            "--secret-name",
            "mine",
            "--scope",
            "org",
            "--service-account",
            "builder",
        ])
        .expect(0);
    let key = format!("{}/myorg", world.registry());
    assert_eq!(
        world.cluster.password(&namespace, "mine", &key),
        world.token()
    );
    assert_eq!(world.cluster.references(&namespace, "builder"), ["mine"]);
    assert!(world.cluster.references(&namespace, "default").is_empty());

    world
        .run(format!(
            "sync -n {namespace} --robot {ROBOT} --registry-key evil.example.com"
        ))
        .expect(2)
        .says("is not a key of this registry");
}

#[test]
fn a_service_account_that_does_not_exist_fails_and_the_secret_is_there() {
    let world = world();
    let namespace = world.cluster.namespace("account-missing");
    let output = world
        .run(format!(
            "sync -n {namespace} --robot {ROBOT} --service-account nobody"
        ))
        .expect(1);
    assert!(
        output
            .stdout
            .contains("service account `nobody`: does not exist"),
        "{}",
        output.stdout
    );
    assert_eq!(
        world.password(&namespace, "quay-pull-secret"),
        world.token()
    );
}

#[test]
fn all_namespaces_are_repaired_and_none_is_given_the_credential_by_accident() {
    let mut world = world();
    let cluster: &'static TestCluster = Box::leak(Box::new(TestCluster::small("everywhere")));
    world.cluster = cluster;
    cluster.join(&mut world.context);
    let (held, empty) = (cluster.namespace("held"), cluster.namespace("empty"));
    world.stale_secret(&held, "a");
    let sync = ["sync", "-A", "--robot", ROBOT, "--adopt"];
    world.run(sync).expect(2).says("--yes");
    world.run([&sync[..], &["--yes"]].concat()).expect(0);
    assert_eq!(world.password(&held, "a"), world.token());
    assert_eq!(
        cluster.kubectl(format!("-n {empty} get secrets -o name")),
        ""
    );

    world
        .run(format!(
            "sync -A --robot {ROBOT} --create-missing --exclude-namespace def*"
        ))
        .expect(0);
    assert_eq!(world.password(&empty, "quay-pull-secret"), world.token());
    for spared in ["kube-system", "kube-public", "default"] {
        assert_eq!(
            cluster.kubectl(format!("-n {spared} get secrets -o name")),
            "",
            "{spared}"
        );
    }
}

#[test]
fn without_a_login_the_robots_token_is_enough_if_the_registry_accepts_it() {
    let mut world = without_login();
    let namespace = world.cluster.namespace("by-hand");
    let arguments = ["sync", "-n", &namespace, "--robot", ROBOT];
    world
        .run(arguments)
        .expect(1)
        .says("you are not logged in to");

    let wrong = "W".repeat(64);
    world.context.watch(&wrong);
    let refused = world
        .context
        .command(arguments)
        .env("QUAY_ROBOT_TOKEN", &wrong)
        .run()
        .expect(1);
    assert!(
        refused.stderr.contains("nothing was written"),
        "{}",
        refused.stderr
    );
    assert_eq!(
        world
            .cluster
            .kubectl(format!("-n {namespace} get secrets -o name")),
        ""
    );

    let token = world.token();
    world
        .context
        .command(arguments)
        .env("QUAY_ROBOT_TOKEN", &token)
        .run()
        .expect(0)
        .prints("created");
    world
        .context
        .command(format!(
            "sync -n {namespace} --robot {ROBOT} --robot-token-stdin"
        ))
        .stdin(&format!("{token}\n"))
        .run()
        .expect(0)
        .prints("unchanged");
    let api = |request: &quay_sandbox::http::Recorded| request.path.starts_with("/api/");
    assert_eq!(world.quay.quay.server().log().count(api), 0);
}

#[test]
fn a_robot_that_does_not_exist_stops_before_the_first_write() {
    let world = world();
    let namespace = world.cluster.namespace("nobody");
    let output = world
        .run(format!("sync -n {namespace} --robot myorg+nobody"))
        .expect(1);
    assert!(
        output.stderr.contains("create myorg+nobody"),
        "{}",
        output.stderr
    );
    assert_eq!(
        world
            .cluster
            .kubectl(format!("-n {namespace} get secrets -o name")),
        ""
    );
}

#[test]
fn a_users_own_robot_works_like_an_organizations() {
    let mut world = world();
    let token = world
        .quay
        .quay
        .edit(|state| state.add_robot("alice+laptop"));
    world.context.watch(&token);
    let namespace = world.cluster.namespace("own");
    world
        .run(format!("sync -n {namespace} --robot alice+laptop"))
        .expect(0);
    assert_eq!(world.password(&namespace, "quay-pull-secret"), token);
}
