//! Several contexts: side by side, each cluster once, one failure stops no other.

use crate::world::{ROBOT, SCOPES};
use quay_tests::{TestCluster, TestContext, TestQuay, auth, pull_secret};
use serde_json::json;

struct Two {
    context: TestContext,
    quay: TestQuay,
    first: TestCluster,
    second: TestCluster,
}

fn two() -> Two {
    let mut context = TestContext::new(env!("CARGO_BIN_EXE_kubectl-quay-pullsecret"));
    let quay = TestQuay::start(&mut context);
    quay.sign_in(&mut context, SCOPES);
    let (first, second) = (TestCluster::small("first"), TestCluster::small("second"));
    let paths = [("one", &first), ("two", &second)].map(|(name, cluster)| {
        context
            .file(name, cluster.kubeconfig())
            .to_string_lossy()
            .into_owned()
    });
    context.set("KUBECONFIG", &paths.join(":"));
    let stale = json!({quay.quay.registry(): {"auth": auth(ROBOT, "OLD")}});
    for cluster in [&first, &second] {
        cluster.kubectl(&["create", "namespace", "shop"]);
        cluster.create(&pull_secret("shop", "a", &stale));
    }
    Two {
        context,
        quay,
        first,
        second,
    }
}

#[test]
fn every_chosen_cluster_is_synced() {
    let two = two();
    let output = two
        .context
        .run(&["sync", "-n", "shop", "--context", "first,second"])
        .expect(0);
    assert!(
        output.stdout.contains("first") && output.stdout.contains("second"),
        "{}",
        output.stdout
    );
    for cluster in [&two.first, &two.second] {
        assert_eq!(
            cluster.password("shop", "a", two.quay.quay.registry()),
            two.quay.robot_token
        );
    }
}

#[test]
fn contexts_that_lead_to_one_cluster_are_one_cluster() {
    let mut two = two();
    let again = two.first.kubeconfig().replace("first", "again");
    two.context.file("three", &again);
    let paths =
        ["one", "two", "three"].map(|name| two.context.path(name).to_string_lossy().into_owned());
    two.context.set("KUBECONFIG", &paths.join(":"));
    let output = two
        .context
        .run(&["sync", "-n", "shop", "--all-contexts", "-o", "json"])
        .expect(0);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(report["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn contexts_of_one_cluster_keep_their_namespaces_and_a_missing_file_is_ignored() {
    let mut two = two();
    two.first.kubectl(&["create", "namespace", "bakery"]);
    let stale = json!({two.quay.quay.registry(): {"auth": auth(ROBOT, "OLD")}});
    two.first.create(&pull_secret("bakery", "a", &stale));
    let set = |name: &str| two.first.kubeconfig().replace("first", name);
    for (file, context, namespace) in [("shop", "s", "shop"), ("bakery", "b", "bakery")] {
        let path = two
            .context
            .file(file, &set(context))
            .to_string_lossy()
            .into_owned();
        let namespace = format!("--namespace={namespace}");
        let set = [
            "config",
            "set-context",
            context,
            &namespace,
            "--kubeconfig",
            &path,
        ];
        two.first.kubectl(&set);
    }
    let paths = ["/nonexistent", "shop", "bakery"]
        .map(|name| two.context.path(name).to_string_lossy().into_owned());
    two.context.set("KUBECONFIG", &paths.join(":"));
    let output = two.context.run(&["sync", "--context", "s,b"]).expect(0);
    assert!(
        output.stdout.contains("shop") && output.stdout.contains("bakery"),
        "{}",
        output.stdout
    );
}

#[test]
fn a_cluster_that_does_not_answer_fails_alone() {
    let Two {
        context,
        quay,
        first,
        second,
    } = two();
    drop(second);
    let output = context
        .run(&[
            "sync",
            "-n",
            "shop",
            "--context",
            "first,second",
            "--force",
            "--request-timeout",
            "5s",
        ])
        .expect(1);
    assert!(
        output.stdout.contains("context/second"),
        "{}",
        output.stdout
    );
    assert_eq!(
        first.password("shop", "a", quay.quay.registry()),
        quay.robot_token
    );
}
