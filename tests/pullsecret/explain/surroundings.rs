//! Where a pod's list of secrets is from, and what one may look at.

use super::{explained, holds, image, pod, says, unauthorized};
use crate::pullsecret::world::{grant_limited, without_login};
use serde_json::{Value, json};

#[test]
fn what_an_account_got_later_does_not_reach_the_pod_and_a_new_one_would_have_it() {
    let world = without_login();
    let namespace = world.cluster.namespace("later");
    let image = image(&world, "my-app:v1");
    world.cluster.create(&pod(&namespace, "shop", &image, &[]));
    says(
        &world,
        &namespace,
        "shop",
        "ImagePullBackOff",
        &unauthorized(&image),
    );
    world.current_secret(&namespace, "a");
    world
        .run(format!("attach a -n {namespace} --service-account default"))
        .expect(0);
    let (item, text) = explained(&world, &namespace, "pod/shop", 1);
    assert_eq!(item["images"][0]["cause"]["kind"], "accountChangedLater");
    assert_eq!(item["later"], json!(["a"]));
    holds(
        &item,
        "message",
        &["`default` got the secret `a` after the pod was created"],
    );
    holds(&item, "next", &["delete pod shop"]);
    assert!(
        text.stdout
            .contains("but a pod keeps the list from its creation"),
        "{}",
        text.stdout
    );

    world.cluster.kubectl(format!(
        "-n {namespace} delete pod shop --grace-period=0 --force"
    ));
    world.cluster.create(&pod(&namespace, "shop", &image, &[]));
    let (item, _) = explained(&world, &namespace, "pod/shop", 0);
    assert_eq!(item["secretsFrom"], "accountAtCreation");
}

#[test]
fn a_service_account_is_judged_by_what_its_new_pods_would_pull() {
    let world = without_login();
    let namespace = world.cluster.namespace("account");
    let image = image(&world, "my-app:v1");
    let explain = |code: i32| -> Value {
        let output = world
            .run(format!(
                "explain sa/default -n {namespace} --image {image} -o json"
            ))
            .expect(code);
        let report: Value = serde_json::from_str(&output.stdout).expect("JSON");
        report["items"][0].clone()
    };
    let item = explain(1);
    assert_eq!(item["object"], "serviceaccount/default");
    assert_eq!(item["images"][0]["cause"]["kind"], "noCredential");
    world.current_secret(&namespace, "a");
    world
        .run(format!("attach a -n {namespace} --service-account default"))
        .expect(0);
    let item = explain(0);
    assert_eq!(
        (&item["secretsFrom"], &item["verdict"]),
        (&json!("account"), &json!("willPull"))
    );
}

#[test]
fn a_workload_without_pods_is_judged_by_its_template_and_others_by_the_pod_that_fails() {
    let world = without_login();
    let namespace = world.cluster.namespace("workload");
    let image = image(&world, "my-app:v1");
    world.current_secret(&namespace, "a");
    let mut template = pod(&namespace, "x", &image, &["a"]);
    template["metadata"] = json!({"labels": {"app": "shop"}});
    world.cluster.create(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": namespace},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": "shop"}},
            "template": {"metadata": template["metadata"], "spec": template["spec"]},
        },
    }));
    let (item, _) = explained(&world, &namespace, "deploy/shop", 0);
    assert_eq!(
        (&item["object"], &item["secretsFrom"]),
        (&json!("deployment/shop"), &json!("template"))
    );
    for (name, secrets) in [("a-good", ["a"]), ("b-bad", ["gone"])] {
        let mut pod = pod(&namespace, name, &image, &secrets);
        pod["metadata"]["labels"] = json!({"app": "shop"});
        world.cluster.create(&pod);
    }
    says(
        &world,
        &namespace,
        "b-bad",
        "ErrImagePull",
        &unauthorized(&image),
    );
    let output = world.run(format!(
        "explain deployments.apps/shop -n {namespace} -o json"
    ));
    let report: Value = serde_json::from_str(&output.expect(1).stdout).expect("JSON");
    assert_eq!(report["items"][0]["object"], "pod/b-bad");
    assert_eq!(report["items"][1]["verdict"], "willPull");
}

#[test]
fn who_may_not_read_a_secret_is_told_so_and_that_nothing_is_known() {
    let mut world = without_login();
    let namespace = world.cluster.namespace("rights");
    let image = image(&world, "my-app:v1");
    world.current_secret(&namespace, "a");
    world
        .cluster
        .create(&pod(&namespace, "shop", &image, &["a"]));
    grant_limited(&world, &namespace, "get", "pods");
    world
        .cluster
        .until_limited(true, &["get", "pods", "-n", &namespace]);
    world.cluster.join_limited(&mut world.context);
    let (item, text) = explained(&world, &namespace, "pod/shop", 1);
    assert_eq!(item["verdict"], "unknown");
    holds(
        &item,
        "message",
        &[
            "it is unknown whether",
            "you have no right to read its secret `a`",
        ],
    );
    holds(&item, "next", &["auth can-i get secret/a"]);
    for right in ["list events", "get serviceaccount/default"] {
        let line = format!("not seen: you have no right to {right}");
        assert!(
            text.stdout.contains(&line),
            "{line} is not in\n{}",
            text.stdout
        );
    }
    // With the right to read the one secret it is known.
    grant_limited(&world, &namespace, "get", "secrets");
    world
        .cluster
        .until_limited(true, &["get", "secrets", "-n", &namespace]);
    explained(&world, &namespace, "pod/shop", 0);
}
