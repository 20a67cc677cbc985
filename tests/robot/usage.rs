//! Command lines that cannot be carried out as written.

use crate::robot::{BINARY, SCOPES, signed_in};
use quay_tests::TestContext;

#[test]
fn a_misspelt_robot_is_told_the_right_spelling_before_anything_is_sent() {
    let (context, quay) = signed_in(SCOPES);
    for (robot, spelling) in [
        ("deploy", "myorg+deploy"),
        ("MyOrg+Deploy", "myorg+deploy"),
        ("myorg+", "both sides"),
        ("myorg+de ploy", "both sides"),
    ] {
        let run = context.run(["describe", robot]).expect(2);
        run.says(spelling);
    }
    assert!(quay.quay.server().log().all().is_empty());
}

#[test]
fn a_registry_with_scheme_or_path_is_told_the_right_spelling() {
    let context = TestContext::new(BINARY);
    for registry in ["https://quay.example.com", "quay.example.com/myorg"] {
        let run = context.run(format!("list myorg --registry {registry}"));
        run.expect(2).says("`quay.example.com`");
    }
    let run = context.run("list --quay-url https://quay.example.com/api/v1");
    run.expect(2).says("https://quay.example.com");
    let run = context.run("list --quay-url http://quay.example.com");
    run.expect(2).says("unencrypted");
}

#[test]
fn without_registry_or_login_the_error_names_login() {
    let context = TestContext::new(BINARY);
    context
        .run("list")
        .expect(2)
        .says("kubectl quay robot login --registry HOST");
    let run = context.run("list --registry quay.example.com");
    run.expect(1)
        .says("kubectl quay robot login --registry quay.example.com");
}

#[test]
fn repositories_and_roles_are_checked_before_anything_is_sent() {
    let (context, quay) = signed_in(SCOPES);
    let image = context.run("grant myorg+deploy my-app:v1");
    image.expect(2).says("`my-app`");
    let role = context.run("create myorg+new --grant my-app=owner");
    role.expect(2).says("read, write and admin");
    context.run("grant myorg+deploy ../x").expect(2);
    let twice = [
        "create",
        "myorg+new",
        "--grant",
        "my-app",
        "--grant",
        "myorg/my-app=write",
    ];
    context.run(twice).expect(2).says("twice");
    let long = "x".repeat(256);
    context
        .run(format!("create myorg+new --description {long}"))
        .expect(2)
        .says("255");
    assert!(quay.quay.server().log().all().is_empty());
}

#[test]
fn help_shows_what_was_typed_and_never_a_token() {
    let (context, _quay) = signed_in(SCOPES);
    let help = context.run("list --help").expect(0);
    help.prints("Usage: kubectl quay robot list");
    context
        .run("--version")
        .expect(0)
        .prints("kubectl quay robot 0");
}

#[test]
fn every_shell_gets_a_completion_script() {
    let context = TestContext::new(BINARY);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = context.run(format!("completion {shell}")).expect(0);
        script.prints("kubectl-quay-robot").prints("describe");
    }
}

#[test]
fn variables_set_to_nothing_are_not_set() {
    let mut context = TestContext::new(BINARY);
    for name in ["QUAY_URL", "QUAY_CA_FILE", "QUAY_API_TOKEN"] {
        context.set(name, "");
    }
    let run = context.run("list").expect(2);
    run.says("no registry is given");
}
