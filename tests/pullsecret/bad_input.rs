//! Mistakes and misfortunes: the error names the object and the next command.

use crate::pullsecret::world::{ROBOT, grant_limited, without_login, world};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{Plugin, TestCluster, TestContext};

#[test]
fn an_unknown_context_is_named_with_the_known_ones() {
    let world = world();
    world
        .run("sync --context nope")
        .expect(2)
        .says("context `nope` is not in the kubeconfig; it has:");
}

#[test]
fn a_missing_or_broken_kubeconfig_is_named_and_never_quoted() {
    let mut context = TestContext::new(Plugin::PullSecret);
    context
        .run("list --kubeconfig /nonexistent/config")
        .expect(2)
        .says("/nonexistent/config");
    let secret = "sHa256tOkEnOfSomebody0123456789abcdefABCD";
    context.watch(secret);
    let path = context.file(
        "broken",
        &format!("users:\n- name: a\n  user: {{token: {secret}\n"),
    );
    context
        .run(["list", "--kubeconfig", &path.to_string_lossy()])
        .expect(2)
        .says("not valid");
}

#[test]
fn a_namespace_that_does_not_exist_is_a_failure_of_its_own() {
    let world = world();
    let namespace = world.cluster.namespace("there");
    world.stale_secret(&namespace, "a");
    let output = world
        .run(format!("sync -n {namespace} -n not-there"))
        .expect(1);
    assert!(
        output.stdout.contains("namespace does not exist"),
        "{}",
        output.stdout
    );
    assert_eq!(world.password(&namespace, "a"), world.token());
    for command in ["verify", "list"] {
        world
            .run(format!("{command} -n not-there"))
            .expect(1)
            .says("not-there");
    }
    world
        .run(format!("delete -n not-there --robot {ROBOT} --yes"))
        .expect(1)
        .prints("namespace does not exist");
}

#[test]
fn names_quay_or_kubernetes_would_refuse_are_usage_errors() {
    let world = world();
    world
        .run("sync --robot puller")
        .expect(2)
        .says("myorg+puller");
    world
        .run("sync --robot MyOrg+Puller")
        .expect(2)
        .says("did you mean `myorg+puller`");
    world
        .run("sync --registry https://quay.io")
        .expect(2)
        .says("`quay.io`");
    world
        .run("sync --registry quay.io/myorg")
        .expect(2)
        .says("`quay.io`");
    world
        .run("sync -n Not_A_Namespace")
        .expect(2)
        .says("cannot be a namespace");
    world
        .run("sync --exclude-namespace a[")
        .expect(2)
        .says("not a glob");
    world
        .run(["sync", "--namespace-selector", "a in ("])
        .expect(2)
        .says("not a selector");
}

#[test]
fn a_name_that_means_something_in_a_path_is_sent_to_nobody() {
    let world = world();
    let namespace = world.cluster.namespace("names");
    world.current_secret(&namespace, "mine");
    for name in ["default#", "default?dryRun=All", "a/b", ""] {
        let account = [
            "attach",
            "mine",
            "-n",
            &namespace,
            "--service-account",
            name,
        ];
        world.run(account).expect(2);
        world
            .run(format!(
                "sync -n {namespace} --robot {ROBOT} --secret-name {name}"
            ))
            .expect(2);
    }
    world
        .run([
            "attach",
            "mine#",
            "-n",
            &namespace,
            "--service-account",
            "default",
        ])
        .expect(2);
    let workload = [
        "attach",
        "mine",
        "-n",
        &namespace,
        "--workload",
        "deployment/x?y",
    ];
    world.run(workload).expect(2);
    assert!(world.cluster.references(&namespace, "default").is_empty());
}

#[test]
fn a_dead_api_token_fails_each_target_and_changes_none() {
    let mut world = world();
    let namespace = world.cluster.namespace("dead");
    world.stale_secret(&namespace, "a");
    world
        .context
        .set("QUAY_API_TOKEN", "deadTokenDeadTokenDeadTokenDeadTokenDead");
    let output = world.run(format!("sync -n {namespace}")).expect(1);
    assert!(
        output.stdout.contains("does not accept the API token"),
        "{}",
        output.stdout
    );
    assert_eq!(world.password(&namespace, "a"), "O".repeat(64));
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(1)
        .says("does not accept the API token");
}

#[test]
fn an_under_scoped_api_token_is_told_what_it_needs() {
    let mut world = world();
    world.quay.sign_in(&mut world.context, "repo:read");
    let namespace = world.cluster.namespace("scopes");
    world.stale_secret(&namespace, "a");
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(1)
        .says("org:admin");
}

#[test]
fn without_any_login_sync_says_how_to_log_in() {
    let mut world = without_login();
    world.context.unset("QUAY_URL");
    let namespace = world.cluster.namespace("no-login");
    world
        .run(format!("sync -n {namespace}"))
        .expect(1)
        .says("login --registry");
}

#[test]
fn an_unknown_certificate_authority_is_named_with_its_flag() {
    let mut world = world();
    let namespace = world.cluster.namespace("tls");
    world.context.unset("QUAY_CA_FILE");
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(1)
        .says("--registry-ca");
}

#[test]
fn without_the_right_to_list_everywhere_one_namespace_still_works() {
    let mut world = world();
    let namespace = world.cluster.namespace("limited");
    world.stale_secret(&namespace, "a");
    grant_limited(&world, &namespace, "get,list,patch", "secrets");
    world.cluster.join_limited(&mut world.context);
    let output = world.run("sync -A").expect(1);
    assert!(
        output.stderr.contains("list secrets") && output.stderr.contains("-n NAMESPACE"),
        "{}",
        output.stderr
    );
    world
        .run(format!("sync -n {namespace}"))
        .expect(0)
        .prints("updated");
    assert_eq!(world.password(&namespace, "a"), world.token());
}

#[test]
fn impersonation_takes_the_users_rights() {
    let world = world();
    let namespace = world.cluster.namespace("as");
    world.stale_secret(&namespace, "a");
    let output = world
        .run(format!("sync -n {namespace} --as nobody --as-group none"))
        .expect(1);
    assert!(
        output.stderr.contains("User \"nobody\" cannot list")
            && output.stderr.contains("--as nobody --as-group none"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_busy_api_server_is_waited_for_and_nothing_is_lost() {
    let mut world = world();
    let cluster: &'static TestCluster = Box::leak(Box::new(TestCluster::small("busy")));
    world.cluster = cluster;
    cluster.join(&mut world.context);
    let namespace = cluster.namespace("busy");
    for number in 0..6 {
        world.stale_secret(&namespace, &format!("s{number}"));
    }
    let faults = cluster.as_small().server().faults();
    let actions = [
        FaultAction::TooManyRequests {
            retry_after_seconds: 0,
        },
        FaultAction::Reset,
        FaultAction::AnswerLost,
        FaultAction::HalfBody,
    ];
    for (skip, action) in actions.into_iter().enumerate() {
        faults.add(Fault {
            method: Some("PATCH".parse().expect("a method")),
            path_contains: "/secrets/".to_owned(),
            skip,
            times: 1,
            action,
        });
    }
    world.run(format!("sync -n {namespace}")).expect(0);
    faults.clear();
    for number in 0..6 {
        assert_eq!(
            world.password(&namespace, &format!("s{number}")),
            world.token()
        );
    }
}

#[test]
fn an_api_server_that_stalls_ends_with_the_request_timeout() {
    let mut world = world();
    let cluster: &'static TestCluster = Box::leak(Box::new(TestCluster::small("stalled")));
    world.cluster = cluster;
    cluster.join(&mut world.context);
    let namespace = cluster.namespace("stalled");
    world.stale_secret(&namespace, "a");
    cluster.as_small().server().faults().add(Fault {
        method: None,
        path_contains: "/secrets".to_owned(),
        skip: 0,
        times: usize::MAX,
        action: FaultAction::Stall,
    });
    world
        .run(format!("sync -n {namespace} --request-timeout 1s"))
        .expect(1)
        .says("no answer within 1s");
}

#[test]
fn a_quay_that_redirects_is_not_followed() {
    let world = world();
    let namespace = world.cluster.namespace("redirect");
    world.quay.quay.server().faults().add(Fault {
        method: None,
        path_contains: "/api/v1".to_owned(),
        skip: 0,
        times: usize::MAX,
        action: FaultAction::Redirect("https://elsewhere.example.com/".to_owned()),
    });
    world
        .run(format!("sync -n {namespace} --robot {ROBOT}"))
        .expect(1)
        .says("elsewhere.example.com");
}

#[test]
fn the_plugin_answers_to_kubectl_under_both_of_its_names() {
    let mut world = world();
    let folder = world.context.path("bin");
    std::fs::create_dir_all(&folder).expect("a folder");
    for name in ["kubectl-quay_pullsecret", "kubectl-quay-pullsecret"] {
        std::os::unix::fs::symlink(Plugin::PullSecret, folder.join(name)).expect("a link");
    }
    world.context.set(
        "PATH",
        &format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display()),
    );
    let namespace = world.cluster.namespace("kubectl");
    let dashed = [
        "quay-pullsecret",
        "sync",
        "-n",
        &namespace,
        "--robot",
        ROBOT,
    ];
    world
        .context
        .program("kubectl", dashed)
        .keeps()
        .run()
        .expect(0)
        .prints("created");
    let spaced = ["quay", "pullsecret", "sync", "--help"];
    world
        .context
        .program("kubectl", spaced)
        .keeps()
        .run()
        .expect(0)
        .prints("Usage: kubectl quay pullsecret sync");
    let dashed = ["quay-pullsecret", "sync", "--help"];
    world
        .context
        .program("kubectl", dashed)
        .keeps()
        .run()
        .expect(0)
        .prints("Usage: kubectl quay-pullsecret sync");
}
