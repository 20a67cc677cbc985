//! Red Hat's own pull secret.

use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_sandbox::ocm::Ocm;
use quay_tests::{Plugin, SessionBus, TestContext, TestKeyring};
use serde_json::{Value, json};
use std::time::Duration;

/// Another token than the one the pull secret begins with.
pub fn rotated() -> String {
    "Q".repeat(64)
}

/// Starts the stand-in, and lets `context` reach it and sign in with the offline token.
pub fn start(context: &mut TestContext) -> Ocm {
    let ocm = Ocm::start().expect("the stand-in starts");
    let ca = context.file("ocm-ca.pem", ocm.ca_pem());
    context.set("OCM_CA_FILE", &ca.to_string_lossy());
    context.set("OCM_URL", &ocm.url());
    context.set("OCM_TOKEN_URL", &ocm.token_url());
    let secrets = ocm.edit(|state| {
        let account = &state.service_account;
        [
            state.offline_token.clone(),
            account.1.clone(),
            state.pull_token.clone(),
        ]
    });
    context.set("OCM_TOKEN", &secrets[0]);
    for secret in secrets.iter().chain([&rotated()]) {
        context.watch(secret);
    }
    for issued in 1..10 {
        context.watch(&format!("access-token-number-{issued}"));
    }
    ocm
}

fn context() -> (TestContext, Ocm) {
    let mut context = TestContext::new(Plugin::Global);
    let ocm = start(&mut context);
    (context, ocm)
}

/// What the API answers instead, to the next request of this path.
fn answers(ocm: &Ocm, path: &str, code: u16, body: &str) {
    let action = FaultAction::Status {
        code,
        content_type: "application/json".to_owned(),
        body: body.to_owned(),
        headers: Vec::new(),
    };
    ocm.server().faults().add(Fault {
        method: None,
        path_contains: path.to_owned(),
        skip: 0,
        times: 1,
        action,
    });
}

#[test]
fn a_login_is_checked_before_it_is_kept_and_later_commands_use_it() {
    let (mut context, ocm) = context();
    context.unset("OCM_TOKEN");
    let offline = ocm.edit(|state| state.offline_token.clone());
    let login = ["ocm", "login", "--token-stdin", "--insecure-storage"];
    let wrong = context.command(login).stdin("wrong").run().expect(1);
    wrong
        .says("Offline user session not found")
        .says("console.redhat.com/openshift/token");
    context
        .run("ocm status")
        .expect(1)
        .says("you are not logged in to Red Hat")
        .says("ocm login");
    let output = context
        .command(login)
        .stdin(&offline)
        .keeps()
        .run()
        .expect(0);
    output.says("logged in to Red Hat as rh-alice");
    // The places are remembered with it.
    for name in ["OCM_URL", "OCM_TOKEN_URL", "OCM_CA_FILE"] {
        context.unset(name);
    }
    let status = context.command("ocm status").keeps().run().expect(0);
    status.prints("quay.io").says("no rotation is in progress");
}

#[test]
fn a_stored_login_goes_to_no_other_service_than_it_was_made_with() {
    let (mut context, ocm) = context();
    let (url, token_url) = (ocm.url(), ocm.token_url());
    let login = ["ocm", "login", "--insecure-storage"];
    context.command(login).keeps().run().expect(0);
    context.unset("OCM_TOKEN");
    let liar = Ocm::start().expect("the stand-in starts");
    let asked = ocm.server().log().count(|_| true);
    for (name, known, given) in [
        ("OCM_URL", &url, liar.url()),
        ("OCM_TOKEN_URL", &token_url, liar.token_url()),
    ] {
        context.set(name, &given);
        for line in [&["ocm", "status"][..], &["ocm", "download", "-o", "file"]] {
            let output = context.command(line).keeps().run().expect(1);
            output
                .says(&format!("so it is not sent to {given}"))
                .says("ocm login --ocm-url https://localhost:");
        }
        context.set(name, known);
    }
    assert_eq!(liar.server().log().count(|_| true), 0);
    assert_eq!(ocm.server().log().count(|_| true), asked);
    context.command("ocm status").keeps().run().expect(0);
}

#[test]
fn a_service_account_signs_in_with_its_secret() {
    let (mut context, ocm) = context();
    context.unset("OCM_TOKEN");
    let (id, secret) = ocm.edit(|state| state.service_account.clone());
    let login = [
        "ocm",
        "login",
        "--client-id",
        &id,
        "--token-stdin",
        "--insecure-storage",
    ];
    let wrong = context.command(login).stdin("wrong").run().expect(1);
    wrong.says("Invalid client credentials");
    context
        .command(login)
        .stdin(&secret)
        .keeps()
        .run()
        .expect(0);
    context.command("ocm status").keeps().run().expect(0);
    context.set("OCM_CLIENT_ID", &id);
    context.set("OCM_CLIENT_SECRET", &secret);
    context.command("ocm status").keeps().run().expect(0);
}

#[test]
fn without_a_keyring_the_login_says_how_to_do_without() {
    let (context, _ocm) = context();
    let output = context.run("ocm login").expect(1);
    output
        .says("was not stored")
        .says("OCM_TOKEN")
        .says("--insecure-storage");
}

#[test]
fn a_login_is_kept_in_the_keyring_and_serves_other_processes() {
    let (mut context, ocm) = context();
    let bus = SessionBus::start(&mut context);
    let _keyring = TestKeyring::unlocked(&context, &bus);
    context.unset("OCM_TOKEN");
    let offline = ocm.edit(|state| state.offline_token.clone());
    let login = ["ocm", "login", "--token-stdin"];
    let output = context.command(login).stdin(&offline).run().expect(0);
    output.says("stored in the OS keyring");
    context.run("ocm status").expect(0).prints("quay.io");
    let lookup = [
        "lookup",
        "service",
        "kubectl-quay",
        "username",
        "ocm:rh-alice",
    ];
    let stored = context
        .program("secret-tool", lookup)
        .reveals(&offline)
        .run();
    assert_eq!(stored.stdout, offline);
    context
        .run("ocm logout")
        .expect(0)
        .says("removed the login of rh-alice from this machine");
    let stored = context.program("secret-tool", lookup).run();
    assert_eq!(stored.stdout, "");
    context
        .run("ocm status")
        .expect(1)
        .says("you are not logged in to Red Hat");
    context
        .run("ocm logout")
        .expect(0)
        .says("you are not logged in to Red Hat");
}

#[test]
fn a_rotation_is_requested_once_and_followed_to_the_real_swap() {
    let (context, ocm) = context();
    ocm.edit(|state| {
        state.clusters = vec![
            json!({"display_name": "prod", "external_cluster_id": "c-1", "status": "Active"}),
            json!({"display_name": "old", "external_cluster_id": "c-2", "status": "Deprovisioned"}),
        ];
    });
    context.run("ocm rotate").expect(2).says("--yes");
    for dry_run in ["--dry-run", "--dry-run=client"] {
        context
            .run(format!("ocm rotate {dry_run}"))
            .expect(0)
            .says("Nothing was requested");
    }
    assert!(ocm.edit(|state| state.rotations.is_empty()));
    let output = context.run("ocm rotate --yes").expect(0);
    assert!(!output.stderr.contains("old"), "{}", output.stderr);
    output
        .says("prod (c-1)")
        .says("four times a day")
        .prints("not rotated yet");
    context
        .run("ocm rotate --yes")
        .expect(0)
        .says("already requested");
    assert_eq!(ocm.edit(|state| state.rotations.len()), 1);

    // A state nobody knows, or no request at all any more, ends nothing.
    ocm.edit(|state| state.rotations[0]["status"] = json!("dancing"));
    context
        .run("ocm status")
        .expect(0)
        .says("is dancing")
        .says("not rotated yet");
    let rotations = ocm.edit(|state| std::mem::take(&mut state.rotations));
    context.run("ocm status").expect(0).says("not rotated yet");
    ocm.edit(|state| state.rotations = rotations);

    let hold = Hold::default();
    let held = FaultAction::HoldBefore(hold.clone());
    let get = "GET".parse().expect("a method");
    // Its second look is held until the batch has run.
    ocm.server().faults().add(Fault {
        skip: 1,
        ..Fault::once(get, "pull_secret_rotation", held)
    });
    let mut run = context.command("ocm status --wait --interval 10ms").spawn();
    assert!(run.reaches(&hold, 1), "it waits");
    ocm.edit(|state| state.run_batch(&rotated()));
    hold.release();
    let output = run.wait().expect(0);
    output.prints("rotated").says("update --from-ocm");
}

#[test]
fn a_rotation_that_was_requested_elsewhere_is_followed_too() {
    let (context, ocm) = context();
    context
        .run("ocm status --wait")
        .expect(1)
        .says("no rotation is in progress");
    ocm.edit(|state| {
        state.rotations =
            vec![json!({"id": "r", "kind": "PullSecretRotation", "status": "pending"})];
    });
    let wait = ["ocm", "status", "--wait", "--interval", "10ms"];
    let out_of_time = [&wait[..], &["--timeout", "0"]].concat();
    context.run(&out_of_time).expect(1).says("within 0s");
    ocm.edit(|state| state.run_batch(&rotated()));
    context.run(wait).expect(0).prints("rotated");
}

#[test]
fn an_access_token_that_expires_meanwhile_is_exchanged_again() {
    let (context, ocm) = context();
    let expired = r#"{"kind":"Error","reason":"token expired"}"#;
    // The second request of the run finds its token expired.
    answers(&ocm, "/pull_secret_rotation", 401, expired);
    context.run("ocm status").expect(0);
    // One that is refused again is no matter of time.
    answers(&ocm, "/current_account", 401, expired);
    context
        .run("ocm status")
        .expect(1)
        .says("does not accept the access token");
}

#[test]
fn every_refusal_says_what_to_do() {
    let (context, ocm) = context();
    let reason = |text: &str| json!({"kind": "Error", "reason": text}).to_string();
    let terms = reason("You must accept the terms at https://www.redhat.com/wapps/tnc.");
    for (code, body, said) in [
        (403, reason("Account is banned"), "Account is banned"),
        (403, reason("Account is banned"), "sign in as the account"),
        (
            403,
            terms.clone(),
            "open https://www.redhat.com/wapps/tnc and accept",
        ),
        (404, reason("Cannot find registry"), "Cannot find registry"),
        (
            409,
            reason("A rotation is already pending"),
            "ocm status --wait",
        ),
        (500, reason("oops"), "unexpected answer 500: oops"),
        (200, "<html>".to_owned(), "not JSON"),
        (200, "<html>".to_owned(), "check OCM_URL"),
        (200, "[]".to_owned(), "not the JSON that the API promises"),
        (302, String::new(), "the service redirects to"),
    ] {
        answers(&ocm, "/current_account", code, &body);
        context.run("ocm status").expect(1).says(said);
        ocm.server().faults().clear();
    }
    answers(&ocm, "/access_token", 200, r#"{"auths":["SECRET"]}"#);
    let output = context.run("ocm download").expect(1);
    assert!(!output.stderr.contains("SECRET"));
    output.says("the answer is not a pull secret");
}

#[test]
fn a_busy_or_slow_service_is_waited_for_and_no_rotation_is_requested_twice() {
    let (context, ocm) = context();
    let faults = ocm.server().faults();
    for action in [
        FaultAction::TooManyRequests {
            retry_after_seconds: 0,
        },
        FaultAction::Delay(Duration::from_millis(300)),
        FaultAction::Reset,
        FaultAction::HalfBody,
    ] {
        let get = "GET".parse().expect("a method");
        faults.add(Fault::once(get, "/current_account", action));
        context.run("ocm status").expect(0);
    }
    // Nobody knows whether it arrived: it did, and asking again finds that out.
    let post = "POST".parse().expect("a method");
    faults.add(Fault::once(
        post,
        "pull_secret_rotation",
        FaultAction::AnswerLost,
    ));
    let output = context.run("ocm rotate --yes").expect(1);
    output
        .says("check whether the request arrived")
        .says("ocm status");
    context
        .run("ocm rotate --yes")
        .expect(0)
        .says("already requested");
    assert_eq!(ocm.edit(|state| state.rotations.len()), 1);
}

#[test]
fn a_download_goes_to_a_private_file_or_a_pipe() {
    let (context, ocm) = context();
    let token = ocm.edit(|state| state.pull_token.clone());
    context
        .run("ocm download -o pull.json")
        .expect(0)
        .says("pull.json");
    let path = context.path("pull.json");
    let content = std::fs::read_to_string(&path).expect("the file");
    let content: Value = serde_json::from_str(&content).expect("JSON");
    assert_eq!(content["auths"]["quay.io"]["email"], "alice@example.com");
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(&path)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let download = ["ocm", "download"];
    let output = context.command(download).reveals(&token).run().expect(0);
    output
        .says("wrote the pull secret to stdout")
        .prints("cloud.openshift.com");
    let output = context.command(download).on_terminal().run();
    assert_eq!(output.code, 2, "{}", output.stdout);
}

#[test]
fn a_refused_request_leaves_nothing_to_wait_for() {
    let (context, ocm) = context();
    answers(
        &ocm,
        "/pull_secret_rotation",
        403,
        r#"{"kind":"Error","reason":"not you"}"#,
    );
    let refused = context.run("ocm rotate --yes").expect(1);
    refused.says("not you");
    ocm.server().faults().clear();
    context
        .run("ocm status --wait")
        .expect(1)
        .says("no rotation is in progress");
}

#[test]
fn a_connection_that_breaks_is_told_in_plain_words() {
    let (context, ocm) = context();
    let get = "GET".parse().expect("a method");
    let cut = Fault::always(get, "/current_account", FaultAction::HalfBody);
    ocm.server().faults().add(cut);
    let output = context.run("ocm status").expect(1);
    let output = output.says("run the same command again");
    // Whether a stream or the connection ends first is a matter of moments.
    assert!(!output.stderr.contains("rustls"), "{}", output.stderr);
    assert!(!output.stderr.contains("docs.rs"), "{}", output.stderr);
}

#[test]
fn whoami_shows_the_id_that_red_hats_api_asks_for() {
    let (context, ocm) = context();
    let id = ocm.edit(|state| state.account.clone());
    context
        .run("ocm whoami")
        .expect(0)
        .prints(&id)
        .prints("rh-alice")
        .prints("alice@example.com")
        .prints("Example Inc. (1HAXGgCYqHpednsRDiwWsZBmDlA)");
    let output = context.run("ocm whoami -o json").expect(0);
    let account: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(account["id"], id);
    assert_eq!(account["organization"]["name"], "Example Inc.");
    let name = context.run("ocm whoami -o name").expect(0);
    assert_eq!(name.stdout, format!("account/{id}\n"));
}

#[test]
fn all_clusters_that_share_the_pull_secret_are_listed_however_many_are_gone() {
    let (context, ocm) = context();
    let states = [
        "Deprovisioned",
        "Archived",
        "Active",
        "Stale",
        "Disconnected",
    ];
    ocm.edit(|state| {
        state.clusters = (0..300)
            .map(|number| {
                let name = format!("cluster-{number}");
                // The first hundred are gone.
                let status = states[if number < 100 {
                    number % 2
                } else {
                    2 + number % 3
                }];
                json!({"display_name": name, "external_cluster_id": name, "status": status})
            })
            .collect();
    });
    let output = context.run("ocm rotate --dry-run").expect(0);
    let output = output.says("Red Hat lists 200").says("cluster-299");
    assert!(!output.stderr.contains("cluster-99 "), "{}", output.stderr);
}
