//! Several contexts: side by side, each cluster once, one failure stops no other.

use crate::pullsecret::world::{ROBOT, SCOPES, grant_limited, item};
use quay_tests::{NOWHERE, Plugin, TestCluster, TestContext, TestQuay, auth, pull_secret};
use serde_json::json;

struct Two {
    context: TestContext,
    quay: TestQuay,
    first: TestCluster,
    second: TestCluster,
}

fn two() -> Two {
    two_of([TestCluster::small("first"), TestCluster::small("second")])
}

fn two_of([first, second]: [TestCluster; 2]) -> Two {
    let mut context = TestContext::new(Plugin::PullSecret);
    let quay = TestQuay::start(&mut context);
    quay.sign_in(&mut context, SCOPES);
    let paths = [("one", &first), ("two", &second)].map(|(name, cluster)| {
        context
            .file(name, cluster.kubeconfig())
            .to_string_lossy()
            .into_owned()
    });
    context.set("KUBECONFIG", &paths.join(":"));
    let stale = json!({quay.quay.registry(): {"auth": auth(ROBOT, "OLD")}});
    for cluster in [&first, &second] {
        cluster.kubectl("create namespace shop");
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
        .run("sync -n shop --context first,second")
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
        .run("sync -n shop --all-contexts -o json")
        .expect(0);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(report["items"].as_array().map(Vec::len), Some(2));
    output.says("contexts again and first lead to the same cluster");
}

#[test]
fn a_cluster_with_the_uid_of_another_is_done_too_and_told_apart() {
    let uid = "0b7e9a52-6a3c-4a5e-8c55-2a8a4f4f9f10";
    let clones = ["first", "second"].map(|name| TestCluster::small_with_uid(name, uid));
    let two = two_of(clones);
    let chosen = ["-n", "shop", "--context", "first,second"];
    let warned = |output: quay_tests::Output| {
        let output = output
            .says("same kube-system UID")
            .says("a restore or a clone");
        [("first", &two.first), ("second", &two.second)]
            .into_iter()
            .fold(output, |output, (name, cluster)| {
                output.says(&format!("{name} ({})", cluster.as_small().url()))
            })
    };
    for (command, ends) in [("verify", 1), ("sync", 0), ("verify", 0), ("list", 0)] {
        let arguments = [&[command][..], &chosen].concat();
        let output = warned(two.context.run(&arguments).expect(ends));
        let named = |name: &str| output.stdout.contains(name);
        assert!(named("first") && named("second"), "{}", output.stdout);
    }
    for cluster in [&two.first, &two.second] {
        let password = cluster.password("shop", "a", two.quay.quay.registry());
        assert_eq!(password, two.quay.robot_token);
    }
}

#[test]
fn users_who_may_not_read_kube_system_are_each_done_in_their_own_namespaces() {
    let mut two = two();
    let stale = json!({two.quay.quay.registry(): {"auth": auth(ROBOT, "OLD")}});
    let mut files = Vec::new();
    for (user, namespace) in [("ann", "annex"), ("ben", "bakery")] {
        let cluster = &two.first;
        cluster.kubectl(format!("create namespace {namespace}"));
        cluster.create(&pull_secret(namespace, "a", &stale));
        let (user_flag, verbs) = (format!("--user={user}"), "--verb=get,list,patch");
        let role = ["role", "r", verbs, "--resource=secrets"];
        let binding = ["rolebinding", "r", "--role=r", &user_flag];
        for object in [role, binding] {
            cluster.kubectl([&["-n", namespace, "create"][..], &object].concat());
        }
        let path = two.context.file(user, &cluster.as_small().kubeconfig(user));
        let path = path.to_string_lossy().into_owned();
        let (user, again) = (format!("first-{user}"), format!("{user}-again"));
        for name in [&user, &again] {
            let (user, namespace) = (format!("--user={user}"), format!("--namespace={namespace}"));
            let context = ["config", "set-context", name, "--cluster=first"];
            let rest = [&*user, &*namespace, "--kubeconfig", &*path];
            cluster.kubectl([context, rest].concat());
        }
        files.push(path);
    }
    two.context.set("KUBECONFIG", &files.join(":"));
    let output = two.context.run("sync --all-contexts").expect(0);
    let both = output.stdout.contains("annex") && output.stdout.contains("bakery");
    assert!(both, "{}", output.stdout);
    // With the same user a second context can do nothing that the first cannot; kubectl keeps
    // contexts in alphabetical order.
    output
        .says("contexts first-ann and ann-again lead to the same cluster")
        .says("contexts first-ben and ben-again lead to the same cluster");
}

#[test]
fn contexts_of_one_cluster_keep_their_namespaces_and_a_missing_file_is_ignored() {
    let mut two = two();
    two.first.kubectl("create namespace bakery");
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
        two.first.kubectl(format!(
            "config set-context {context} {namespace} --kubeconfig {path}"
        ));
    }
    let paths = ["/nonexistent", "shop", "bakery"]
        .map(|name| two.context.path(name).to_string_lossy().into_owned());
    two.context.set("KUBECONFIG", &paths.join(":"));
    let output = two.context.run("sync --context s,b").expect(0);
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
        .run("sync -n shop --context first,second --force --request-timeout 5s")
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

#[test]
fn a_context_that_leads_nowhere_is_one_failed_line_and_the_others_are_done() {
    let mut two = two();
    two.context.file("nowhere", NOWHERE);
    let paths =
        ["one", "nowhere"].map(|name| two.context.path(name).to_string_lossy().into_owned());
    two.context.set("KUBECONFIG", &paths.join(":"));
    let chosen = ["-n", "shop", "--context", "first,dangling,expired"];
    let output = two
        .context
        .run([&["sync", "-o", "json"], &chosen[..]].concat())
        .expect(1);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    let items = report["items"].as_array().expect("items");
    let result = |context: &str| {
        let mut items = items.iter();
        items
            .find(|item| item["context"] == context)
            .map(|item| &item["result"])
    };
    assert_eq!(result("first"), Some(&json!("updated")), "{report}");
    assert_eq!(result("dangling"), Some(&json!("failed")), "{report}");
    assert_eq!(result("expired"), Some(&json!("failed")), "{report}");
    assert_eq!(
        two.first.password("shop", "a", two.quay.quay.registry()),
        two.quay.robot_token
    );
    for command in ["list", "verify"] {
        let output = two
            .context
            .run([&[command], &chosen[..]].concat())
            .expect(1);
        assert!(output.stdout.contains("shop"), "{}", output.stdout);
        output.says("context dangling").says("context expired");
    }
}

#[test]
fn a_program_gets_a_document_also_when_nothing_could_be_looked_at() {
    let two = two();
    two.context.file("nowhere", NOWHERE);
    let file = two.context.path("nowhere").to_string_lossy().into_owned();
    let only = ["-n", "shop", "--kubeconfig", &file, "--context", "expired"];
    for command in ["sync", "list", "verify"] {
        let json = [&[command, "-o", "json"], &only[..]].concat();
        let output = two.context.run(&json).expect(1);
        let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
        let failed = match command {
            "sync" => &report["items"][0],
            _ => &report["failures"][0],
        };
        assert_eq!(failed["context"], "expired", "{report}");
        assert!(failed["message"].is_string(), "{report}");
        let people = two.context.run([&[command], &only[..]].concat()).expect(1);
        people.says("error:");
    }
    let ended = two.context.run("list -o json --context nope").expect(2);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert!(report["error"]["message"].is_string(), "{report}");
    assert_eq!(report["error"]["next"], "kubectl config get-contexts");
}

#[test]
fn a_hint_survives_copy_and_paste_whatever_the_context_is_called() {
    let mut two = two();
    let odd = two.first.kubeconfig().replace("first", "ctx1 (aws)");
    let file = two.context.file("odd", &odd).to_string_lossy().into_owned();
    two.context.set("KUBECONFIG", &file);
    let output = two.context.run("sync -n not-there -o json").expect(1);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    let next = report["items"][0]["next"].as_str().expect("a hint");
    assert_eq!(next, "kubectl --context 'ctx1 (aws)' get namespaces");
    let pasted = two.context.program("sh", ["-c", next]).run().expect(0);
    assert!(pasted.stdout.contains("shop"), "{}", pasted.stdout);
}

#[test]
fn a_namespace_without_rights_hides_no_others_service_accounts() {
    let mut world = crate::pullsecret::world::world();
    let (open, closed) = (
        world.cluster.namespace("open"),
        world.cluster.namespace("closed"),
    );
    for namespace in [&open, &closed] {
        world.current_secret(namespace, "a");
        grant_limited(&world, namespace, "get,list,patch", "secrets");
    }
    world
        .run(format!("attach a -n {open} --service-account default"))
        .expect(0);
    grant_limited(&world, &open, "get,list", "serviceaccounts");
    world.cluster.join_limited(&mut world.context);
    let output = world
        .run(format!("list -n {open} -n {closed} -o json"))
        .expect(1);
    let item = item(&output, &open, "a");
    assert_eq!(item["serviceAccounts"], json!(["default"]));
    output.says(&format!("namespace {closed}"));
}
