//! Logins kept in a real keyring: gnome-keyring on a session bus of the test's own.

use quay_tests::{Plugin, SessionBus, TestContext, TestKeyring, TestQuay};
use std::time::{Duration, Instant};

const BINARY: Plugin = Plugin::Robot;
const SCOPES: &str = "org:admin repo:admin";

fn start() -> (TestContext, TestQuay, SessionBus) {
    let mut context = TestContext::new(BINARY);
    let quay = TestQuay::start(&mut context);
    let bus = SessionBus::start(&mut context);
    (context, quay, bus)
}

/// Logs in as alice; returns her token.
fn log_in(context: &mut TestContext, quay: &TestQuay) -> String {
    let token = quay.token(context, SCOPES);
    let run = context.command("login --token-stdin").stdin(&token);
    run.run().expect(0).says("stored in the OS keyring");
    context.unset("QUAY_URL");
    context.unset("QUAY_CA_FILE");
    token
}

/// What `secret-tool` finds under the account of a login.
fn stored(context: &TestContext, quay: &TestQuay, token: &str) -> String {
    let account = format!("api:{}:alice", quay.quay.registry());
    let lookup = ["lookup", "service", "kubectl-quay", "username", &account];
    context
        .program("secret-tool", lookup)
        .reveals(token)
        .run()
        .stdout
}

#[test]
fn a_login_is_in_the_keyring_and_serves_other_processes_until_logout() {
    let (mut context, quay, bus) = start();
    let _keyring = TestKeyring::unlocked(&context, &bus);
    let token = log_in(&mut context, &quay);
    assert_eq!(stored(&context, &quay, &token), token);
    let list = context.run("list myorg -o name").expect(0);
    assert_eq!(list.stdout, "robot/myorg+deploy\n");
    context.run("whoami").expect(0).prints("alice");

    context
        .run("logout")
        .expect(0)
        .says("removed from this machine");
    assert_eq!(stored(&context, &quay, &token), "");
    context.run("list myorg").expect(2).says("login");
}

#[test]
fn a_login_survives_the_keyring_being_closed_and_opened() {
    let (mut context, quay, bus) = start();
    let keyring = TestKeyring::unlocked(&context, &bus);
    log_in(&mut context, &quay);
    drop(keyring);
    let _keyring = TestKeyring::unlocked(&context, &bus);
    context.run("list myorg").expect(0).prints("myorg+deploy");
}

#[test]
fn a_locked_keyring_is_told_as_such() {
    let (mut context, quay, bus) = start();
    let keyring = TestKeyring::unlocked(&context, &bus);
    log_in(&mut context, &quay);
    drop(keyring);
    let _keyring = TestKeyring::locked(&context, &bus);
    let run = context.run("list myorg").expect(1);
    run.says("locked")
        .says("QUAY_API_TOKEN")
        .says("--insecure-storage");
}

#[test]
fn a_keyring_that_does_not_answer_is_given_three_seconds() {
    let (mut context, quay, bus) = start();
    let keyring = TestKeyring::unlocked(&context, &bus);
    let token = log_in(&mut context, &quay);
    keyring.freeze();
    let began = Instant::now();
    let run = context.run("list myorg").expect(1);
    run.says("did not answer within 3 s").says("QUAY_API_TOKEN");
    let took = began.elapsed();
    assert!((3..6).contains(&took.as_secs()), "{took:?}");

    let began = Instant::now();
    let list = context.command("list myorg").env("QUAY_API_TOKEN", &token);
    list.run().expect(0).prints("myorg+deploy");
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "the keyring was asked all the same"
    );
}

#[test]
fn a_session_without_a_keyring_is_told_as_such() {
    let (mut context, quay, _bus) = start();
    let token = quay.token(&mut context, SCOPES);
    let login = context.command("login --token-stdin").stdin(&token);
    login
        .run()
        .expect(1)
        .says("this session has no keyring")
        .says("--insecure-storage");
    let list = context.command("list myorg").env("QUAY_API_TOKEN", &token);
    list.run().expect(0);
}

#[test]
fn a_login_that_moves_from_the_keyring_to_a_file_leaves_nothing_in_the_keyring() {
    let (mut context, quay, bus) = start();
    let _keyring = TestKeyring::unlocked(&context, &bus);
    let token = log_in(&mut context, &quay);
    context
        .command("login --token-stdin --insecure-storage")
        .stdin(&token)
        .keeps()
        .run()
        .expect(0)
        .says("plain text");
    assert_eq!(stored(&context, &quay, &token), "");
    context.command("list myorg").keeps().run().expect(0);
}
