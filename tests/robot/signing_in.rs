//! Where the API token comes from, when it is neither in the environment nor remembered.

use crate::robot::{SCOPES, start};
use quay_tests::TestCluster;

#[test]
fn a_token_on_stdin_is_used_for_one_command_and_comes_first() {
    let (mut context, quay) = start();
    let wrong = "C".repeat(40);
    context.watch(&wrong);
    context.set("QUAY_API_TOKEN", &wrong);
    let token = quay.token(&mut context, SCOPES);
    let list = context
        .command("list myorg --token-stdin")
        .stdin(&format!("{token}\r\n"));
    list.run().expect(0).prints("myorg+deploy");
    context.run("list myorg").expect(1);
}

#[test]
fn a_token_in_a_secret_is_read_from_the_one_cluster_chosen() {
    let (mut context, quay) = start();
    let cluster = TestCluster::shared("robot");
    cluster.join(&mut context);
    let namespace = cluster.namespace("auth-secret");
    let token = quay.token(&mut context, SCOPES);
    let literal = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: api, namespace: {namespace}}}\nstringData:\n  token: {token}\n  other: {token}\n"
    );
    let manifest = context.file("secret.yaml", &literal);
    cluster.kubectl(["apply", "-f", &manifest.to_string_lossy()]);
    std::fs::remove_file(manifest).unwrap();

    let reference = format!("{namespace}/api");
    let list = context.run(format!("list myorg --auth-secret {reference}"));
    list.expect(0).prints("myorg+deploy");

    let missing = format!("{namespace}/nope");
    let list = context.run(format!("list myorg --auth-secret {missing}"));
    list.expect(1).says(&missing);
    let list = context.run("list myorg --auth-secret api");
    list.expect(2).says("NAMESPACE/NAME");
}

#[test]
fn a_terminal_is_asked_for_the_token_and_does_not_show_it() {
    let (mut context, quay) = start();
    let token = quay.token(&mut context, SCOPES);
    let login = context.command("login --insecure-storage").on_terminal();
    let run = login
        .types_hidden(&format!("{token}\n"))
        .keeps()
        .run()
        .expect(0);
    run.prints("Generate Token; tick Administer Organization")
        .prints("API token for localhost")
        .prints("as alice");
    let list = context.command("list myorg -o name").keeps();
    assert_eq!(list.run().expect(0).stdout, "robot/myorg+deploy\n");
}

#[test]
fn a_terminal_is_asked_before_a_robot_is_deleted() {
    let (mut context, quay) = start();
    quay.sign_in(&mut context, SCOPES);
    let answer = |text: &str| {
        let delete = context.command("delete myorg+deploy");
        delete.on_terminal().stdin(text).run()
    };
    answer("n\n")
        .expect(1)
        .prints("Pull secrets that hold it stop working")
        .prints("not deleted");
    assert_eq!(quay.writes(), 0);
    answer("y\n").expect(0).prints("deleted");
    assert_eq!(quay.writes(), 1);
}
