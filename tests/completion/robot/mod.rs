//! What TAB offers after `kubectl quay-robot`, asked of kubectl.

mod links;
mod quiet;

use crate::completion::asking::{install, offered};
use quay_tests::{Plugin, TestCluster, TestContext, TestQuay, auth, pull_secret};
use serde_json::json;

const BINARY: Plugin = Plugin::Robot;
const PLUGIN: &str = "kubectl-quay_robot";

/// Enough for the robots of organizations, but not to list the organizations.
const SCOPES: &str = "org:admin repo:admin";

fn start(scopes: &str) -> (TestContext, TestQuay) {
    let mut context = TestContext::new(BINARY);
    install(&mut context, BINARY, PLUGIN);
    let quay = TestQuay::start(&mut context);
    quay.sign_in(&mut context, scopes);
    (context, quay)
}

#[test]
fn robots_are_offered_where_a_robot_is_asked_for() {
    let (context, quay) = start("org:admin repo:admin user:read");
    quay.quay.edit(|state| state.add_robot("myorg+ci"));
    for command in ["describe", "rotate", "delete"] {
        let all = offered(&context, &["quay-robot", command, ""]);
        assert_eq!(all.choices, ["myorg+ci", "myorg+deploy"], "{command}");
        assert_eq!(all.directive, ":4", "the shell must not offer files");
    }
    let some = offered(&context, &["quay-robot", "token", "myorg+d"]);
    assert_eq!(some.choices, ["myorg+deploy"]);
}

#[test]
fn a_typed_organization_is_enough_where_organizations_may_not_be_listed() {
    let (context, _quay) = start(SCOPES);
    let typed = offered(&context, &["quay-robot", "describe", "myorg+"]);
    assert_eq!(typed.choices, ["myorg+deploy"]);
}

#[test]
fn robots_in_the_namespaces_pull_secrets_tell_which_organizations_there_are() {
    let (mut context, quay) = start(SCOPES);
    quay.quay.edit(|state| state.add_robot("myorg+ci"));
    let cluster = TestCluster::shared("completion");
    cluster.join(&mut context);
    let namespace = cluster.namespace("in-use");
    let entry = json!({quay.quay.registry(): {"auth": auth("myorg+deploy", &quay.robot_token)}});
    cluster.create(&pull_secret(&namespace, "pull", &entry));
    let here = [
        "config",
        "set-context",
        "--current",
        "--namespace",
        &namespace,
    ];
    context.program("kubectl", here).run().expect(0);
    let robots = offered(&context, &["quay-robot", "describe", ""]);
    assert_eq!(robots.choices, ["myorg+ci", "myorg+deploy"]);
}

#[test]
fn repositories_are_those_of_the_robots_organization() {
    let (context, _quay) = start(SCOPES);
    let words = ["quay-robot", "grant", "myorg+deploy", ""];
    let all = offered(&context, &words);
    assert_eq!(all.choices, ["backend-api", "my-app", "team/nested-app"]);
    let words = ["quay-robot", "create", "myorg+new", "--grant", "my"];
    assert_eq!(offered(&context, &words).choices, ["my-app"]);
}

#[test]
fn contexts_and_logins_are_offered_from_the_machines_own_files() {
    let (mut context, quay) = start(SCOPES);
    let named = |name| json!({"name": name, "context": {"cluster": "c", "user": "u"}});
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "clusters": [], "users": [],
        "contexts": [named("east"), named("west")], "current-context": "east",
    });
    let path = context.file("contexts", &config.to_string());
    context.set("KUBECONFIG", &path.to_string_lossy());
    let words = ["quay-robot", "list", "--context", ""];
    assert_eq!(offered(&context, &words).choices, ["east", "west"]);
    let words = ["quay-robot", "list", "--context=east,w"];
    assert_eq!(offered(&context, &words).choices, ["east,west"]);

    context
        .command("login --insecure-storage")
        .keeps()
        .run()
        .expect(0);
    let registry = quay.quay.registry().to_owned();
    let kubectl = ["__complete", "quay-robot", "logout", "--registry", ""];
    let output = context.program("kubectl", kubectl).keeps().run();
    output.expect(0).prints(&format!("{registry}\n:4\n"));
}

#[test]
fn commands_choices_and_files_need_no_server() {
    let mut context = TestContext::new(BINARY);
    install(&mut context, BINARY, PLUGIN);
    let commands = offered(&context, &["quay-robot", "de"]);
    assert_eq!(commands.choices, ["describe", "delete"]);
    let formats = offered(&context, &["quay-robot", "list", "-o", ""]);
    assert_eq!(formats.choices, ["table", "wide", "json", "yaml", "name"]);
    let flags = offered(&context, &["quay-robot", "grant", "--ro"]);
    assert_eq!(flags.choices, ["--role"]);
    let file = offered(&context, &["quay-robot", "list", "--registry-ca", ""]);
    assert_eq!((file.choices.len(), file.directive.as_str()), (0, ":0"));
}
