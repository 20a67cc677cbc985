//! Many namespaces: few requests, every one counted.

use crate::pullsecret::world::{ROBOT, SCOPES};
use quay_tests::{Plugin, TestCluster, TestContext, TestQuay, auth, pull_secret};
use serde_json::{Value, json};

#[test]
fn a_run_sends_one_list_a_kind_and_one_patch_a_stale_secret() {
    let mut context = TestContext::new(Plugin::PullSecret);
    let quay = TestQuay::start(&mut context);
    quay.sign_in(&mut context, SCOPES);
    let cluster = TestCluster::small("scale");
    cluster.join(&mut context);
    let stale = json!({quay.quay.registry(): {"auth": auth(ROBOT, "OLD")}});
    let mut objects: Vec<Value> = Vec::new();
    for number in 0..120 {
        let name = format!("ns-{number}");
        objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        objects.push(pull_secret(&name, "quay-pull-secret", &stale));
    }
    cluster.create(&json!({"apiVersion": "v1", "kind": "List", "items": objects}));

    let log = cluster.as_small().server().log();
    log.clear();
    let sync = ["sync", "-A", "--adopt"];
    context.run(sync).expect(0).says("120 updated");
    assert_eq!(log.count(|request| request.method == "PATCH"), 120);
    // Secrets of each type, and whose namespaces they are in.
    assert_eq!(log.count(|request| request.method == "GET"), 3);

    log.clear();
    context.run("sync -A").expect(0).says("120 unchanged");
    assert_eq!(log.all().len(), 3);
}
