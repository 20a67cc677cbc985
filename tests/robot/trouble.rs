//! A Quay that refuses, is away, is slow, or is not the one it should be.

use crate::robot::{ALL_SCOPES, BINARY, SCOPES, signed_in, start};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{TestContext, TestQuay};
use std::time::{Duration, Instant};

fn fault(quay: &TestQuay, method: &str, path: &str, times: usize, action: FaultAction) {
    quay.quay.server().faults().add(Fault {
        times,
        ..Fault::always(method.parse().unwrap(), path, action)
    });
}

#[test]
fn a_wrong_token_is_told_as_such_on_reads_and_on_writes() {
    let (mut context, quay) = start();
    let expired = quay.sign_in(&mut context, ALL_SCOPES);
    quay.quay.edit(|state| state.expire_token(&expired));
    for arguments in [
        &["list"][..],
        &["list", "myorg"],
        &["describe", "myorg+deploy"],
        &["create", "myorg+ci"],
        &["delete", "myorg+deploy", "--yes"],
        &["grant", "myorg+deploy", "my-app"],
        &["revoke", "myorg+deploy", "my-app"],
        &["token", "myorg+deploy"],
    ] {
        let run = context.run(arguments).expect(1);
        run.says("does not accept the API token")
            .says("QUAY_API_TOKEN");
    }
}

#[test]
fn a_missing_scope_is_named() {
    let (mut context, quay) = start();
    for (scopes, arguments, needed) in [
        ("repo:read", &["list", "myorg"][..], "org:admin"),
        ("repo:admin", &["token", "myorg+deploy"], "org:admin"),
        ("repo:admin", &["create", "myorg+ci"], "org:admin"),
        (
            "org:admin",
            &["grant", "myorg+deploy", "my-app"],
            "repo:admin",
        ),
        ("org:admin", &["list", "alice"], "user:admin"),
    ] {
        quay.sign_in(&mut context, scopes);
        let run = context.run(arguments).expect(1);
        run.says(&format!("`{needed}`"))
            .says("whoami --registry localhost");
    }
}

#[test]
fn a_registry_with_an_unknown_authority_is_trusted_once_it_is_given() {
    let (mut context, _quay) = signed_in(SCOPES);
    let ca = context.path("ca.pem");
    context.unset("QUAY_CA_FILE");
    let run = context.run("list myorg").expect(1);
    run.says("no trusted connection").says("--registry-ca FILE");
    context
        .run(["list", "myorg", "--registry-ca", &ca.to_string_lossy()])
        .expect(0);
    context.run("list myorg --registry-insecure").expect(0);
    let empty = context.file("empty.pem", "no certificate");
    let run = context.run(["list", "myorg", "--registry-ca", &empty.to_string_lossy()]);
    run.expect(1).says("no certificate");
}

#[test]
fn a_quay_that_is_away_is_told_with_its_address() {
    let mut context = TestContext::new(BINARY);
    let quay = TestQuay::start(&mut context);
    quay.sign_in(&mut context, SCOPES);
    let url = quay.quay.url();
    drop(quay);
    let run = context.run("list myorg").expect(1);
    run.says("unavailable").says(&url).says("--quay-url");
}

#[test]
fn a_moment_of_too_many_requests_is_waited_out() {
    let (context, quay) = signed_in(SCOPES);
    fault(
        &quay,
        "GET",
        "/api/v1/organization",
        2,
        FaultAction::Html429,
    );
    context.run("list myorg").expect(0).prints("myorg+deploy");
    assert_eq!(quay.quay.server().faults().hits(), 2);
}

#[test]
fn a_write_is_sent_again_after_too_many_requests() {
    let (context, quay) = signed_in(SCOPES);
    fault(&quay, "PUT", "/robots/ci", 1, FaultAction::Html429);
    context.run("create myorg+ci").expect(0).prints("created");
}

#[test]
fn endless_too_many_requests_end_after_four_tries() {
    let (context, quay) = signed_in(SCOPES);
    fault(&quay, "GET", "/api/v1/", usize::MAX, FaultAction::Html429);
    context.run("list myorg").expect(1).says("429");
    assert_eq!(quay.quay.server().faults().hits(), 4);
}

#[test]
fn the_servers_own_waiting_time_is_honoured() {
    let (context, quay) = signed_in(SCOPES);
    let wait = FaultAction::TooManyRequests {
        retry_after_seconds: 2,
    };
    fault(&quay, "GET", "/api/v1/", 1, wait);
    let began = Instant::now();
    context.run("list myorg").expect(0);
    assert!(began.elapsed() >= Duration::from_secs(2));
}

#[test]
fn resets_and_half_answers_are_asked_again() {
    for action in [FaultAction::Reset, FaultAction::HalfBody] {
        let (context, quay) = signed_in(SCOPES);
        fault(&quay, "GET", "/api/v1/organization", 1, action);
        context.run("list myorg").expect(0).prints("myorg+deploy");
        assert_eq!(quay.quay.server().faults().hits(), 1);
    }
}

#[test]
fn a_page_instead_of_an_answer_is_never_read_as_one() {
    let (context, quay) = signed_in(SCOPES);
    fault(
        &quay,
        "GET",
        "/api/v1/organization",
        usize::MAX,
        FaultAction::Html500,
    );
    let run = context.run("list myorg").expect(1);
    run.says("500").says("HTML page");
    quay.quay.server().faults().clear();
    let login_page = FaultAction::Status {
        code: 200,
        content_type: "text/html".to_owned(),
        body: "<html>sign in</html>".to_owned(),
        headers: Vec::new(),
    };
    fault(&quay, "GET", "/api/v1/organization", usize::MAX, login_page);
    context
        .run("list myorg")
        .expect(1)
        .says("not the expected JSON");
}

#[test]
fn a_read_only_registry_is_told_and_not_asked_again() {
    let (context, quay) = signed_in(SCOPES);
    quay.quay.edit(|state| state.switches.read_only = true);
    context.run("create myorg+ci").expect(1).says("read-only");
    assert_eq!(quay.writes(), 1);
    context.run("list myorg").expect(0);
}

#[test]
fn a_redirect_is_named_and_gets_no_token() {
    let (context, quay) = signed_in(SCOPES);
    let mut elsewhere = TestContext::new(BINARY);
    let other = TestQuay::start(&mut elsewhere);
    let target = format!("{}/api/v1/x?code=abc", other.quay.url());
    fault(
        &quay,
        "GET",
        "/api/v1/organization",
        1,
        FaultAction::Redirect(target),
    );
    let run = context.run("list myorg").expect(1);
    let run = run.says("redirects to").says(&other.quay.url());
    assert!(!run.stderr.contains("code=abc"));
    assert!(other.quay.server().log().all().is_empty());
}

#[test]
fn a_quay_that_never_answers_is_given_up_after_half_a_minute() {
    let (context, quay) = signed_in(SCOPES);
    fault(
        &quay,
        "GET",
        "/api/v1/organization",
        usize::MAX,
        FaultAction::Stall,
    );
    let began = Instant::now();
    context
        .run("list myorg")
        .expect(1)
        .says("no answer in time");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_registry_that_wants_the_credential_elsewhere_does_not_get_it() {
    let (context, quay) = signed_in(SCOPES);
    let challenge = (
        "Www-Authenticate".to_owned(),
        r#"Bearer realm="https://evil.example.com/auth",service="x""#.to_owned(),
    );
    let answer = FaultAction::Status {
        code: 401,
        content_type: "text/html".to_owned(),
        body: "true".to_owned(),
        headers: vec![challenge],
    };
    fault(&quay, "GET", "/v2/", usize::MAX, answer);
    let run = context.run("list myorg").expect(1);
    run.says("evil.example.com")
        .says("--registry-alias evil.example.com");
}

#[test]
fn disallowed_robots_are_told_in_quays_words() {
    let (context, quay) = signed_in(SCOPES);
    quay.quay
        .edit(|state| state.switches.robots_disallowed = true);
    context
        .run("create myorg+ci")
        .expect(1)
        .says("Robot accounts have been disabled");
}

#[test]
fn anonymous_access_switched_off_changes_nothing_for_a_token() {
    let (mut context, quay) = signed_in(SCOPES);
    quay.quay
        .edit(|state| state.switches.anonymous_access = false);
    context.run("list myorg").expect(0);
    let wrong = "B".repeat(40);
    context.watch(&wrong);
    context.set("QUAY_API_TOKEN", &wrong);
    context
        .run("list myorg")
        .expect(1)
        .says("does not accept the API token");
}

#[test]
fn verbose_runs_say_what_is_asked_and_show_no_token() {
    let (context, _quay) = signed_in(ALL_SCOPES);
    let run = context.run("-vvv describe myorg+deploy").expect(0);
    run.says("/api/v1/organization/myorg/robots");
}
