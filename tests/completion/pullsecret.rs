//! What TAB offers after `kubectl quay-pullsecret`, asked of kubectl.

use crate::completion::asking::{install, offered};
use quay_tests::{Plugin, TestCluster, TestContext, auth, pull_secret};
use serde_json::json;

const BINARY: Plugin = Plugin::PullSecret;

fn start() -> (TestContext, &'static TestCluster) {
    let mut context = TestContext::new(BINARY);
    install(&mut context, BINARY, "kubectl-quay_pullsecret");
    let cluster = TestCluster::shared("completion");
    cluster.join(&mut context);
    (context, cluster)
}

#[test]
fn namespaces_are_offered_after_n_and_after_a_comma() {
    let (context, cluster) = start();
    let first = cluster.namespace("listed-first");
    let second = cluster.namespace("listed-second");
    let both = offered(&context, &["quay-pullsecret", "sync", "-n", "listed-"]);
    assert_eq!(both.choices, [first.clone(), second.clone()]);
    let typed = format!("{first},listed-s");
    let list = offered(&context, &["quay-pullsecret", "sync", "-n", &typed]);
    assert_eq!(list.choices, [format!("{first},{second}")]);
}

#[test]
fn contexts_are_offered_after_a_comma_and_with_one_in_their_name() {
    let (mut context, _) = start();
    let named = |name: &str| json!({"name": name, "context": {"cluster": "c"}});
    let contexts = ["eu", "eu,prod", "us"].map(named);
    let config = json!({"kind": "Config", "contexts": contexts});
    let path = context.file("contexts", &config.to_string());
    context.set("KUBECONFIG", &path.to_string_lossy());
    let asked = |typed: &str| {
        let words = ["quay-pullsecret", "sync", "--context", typed];
        offered(&context, &words).choices
    };
    assert_eq!(asked("e"), ["eu", "eu,prod"]);
    assert_eq!(asked("eu,p"), ["eu,prod"]);
    assert_eq!(asked("eu,u"), ["eu,us"]);
}

#[test]
fn secrets_robots_and_service_accounts_are_those_of_the_namespace() {
    let (context, cluster) = start();
    let namespace = cluster.namespace("tab");
    let entry = json!({"quay.example.com": {"auth": auth("myorg+deploy", "x")}});
    cluster.create(&pull_secret(&namespace, "quay-pull", &entry));
    let other = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "database", "namespace": namespace},
        "stringData": {"password": "x"},
    });
    cluster.create(&other);
    let asked = |words: &[&str]| {
        let words: Vec<&str> = ["quay-pullsecret"].iter().chain(words).copied().collect();
        offered(&context, &words).choices
    };
    let secrets = asked(&["attach", "-n", &namespace, ""]);
    assert_eq!(secrets, ["quay-pull"], "pull secrets, and no others");
    let robots = asked(&["delete", "-n", &namespace, "--robot", ""]);
    assert_eq!(robots, ["myorg+deploy"]);
    let accounts = asked(&["attach", "x", "-n", &namespace, "--service-account", "d"]);
    assert_eq!(accounts, ["default"]);
    let anywhere = asked(&["verify", "--auth-secret", &format!("{namespace}/da")]);
    assert_eq!(anywhere, [format!("{namespace}/database")]);
}

#[test]
fn who_may_not_list_namespaces_is_offered_none_and_told_nothing() {
    let (mut context, cluster) = start();
    cluster.join_limited(&mut context);
    let none = offered(&context, &["quay-pullsecret", "sync", "-n", ""]);
    assert_eq!((none.choices.len(), none.directive.as_str()), (0, ":4"));
}

#[test]
fn whatever_pulls_images_can_be_explained() {
    let (context, cluster) = start();
    let namespace = cluster.namespace("explained");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop-1", "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "quay.example.com/a/b"}]},
    });
    cluster.create(&pod);
    let asked = |typed: &str| {
        let words = ["quay-pullsecret", "explain", "-n", &namespace, typed];
        offered(&context, &words).choices
    };
    assert_eq!(asked("shop"), ["shop-1"]);
    assert_eq!(asked("pod/"), ["pod/shop-1"]);
    assert_eq!(asked("serviceaccount/d"), ["serviceaccount/default"]);
}
