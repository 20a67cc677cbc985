//! `login`, `logout`, `whoami`, with tokens in a file; `tests/keyring.rs` has the keyring.

use crate::robot::{ALL_SCOPES, SCOPES, start};
use quay_tests::{Output, Seen, TestContext, TestQuay, str};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn settings(context: &TestContext) -> PathBuf {
    context.home().join(".config/kubectl-quay/config.yaml")
}

fn credentials(context: &TestContext) -> PathBuf {
    context
        .home()
        .join(".local/state/kubectl-quay/credentials.json")
}

/// Logs in with a token on stdin, into a file, and forgets the environment's addresses.
fn log_in(context: &mut TestContext, quay: &TestQuay, scopes: &str) -> String {
    let token = quay.token(context, scopes);
    let run = context
        .command("login --token-stdin --insecure-storage")
        .stdin(&format!("{token}\n"));
    run.keeps()
        .run()
        .expect(0)
        .says("logged in to localhost")
        .says("as alice");
    context.unset("QUAY_URL");
    context.unset("QUAY_CA_FILE");
    token
}

#[test]
fn a_login_is_checked_stored_and_used_by_later_commands_without_flags() {
    let (mut context, quay) = start();
    log_in(&mut context, &quay, SCOPES);
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(settings(&context)), 0o600);
    assert_eq!(mode(credentials(&context)), 0o600);
    let text = std::fs::read_to_string(settings(&context)).unwrap();
    assert!(
        text.contains(&format!("default: {}", quay.quay.registry())),
        "{text}"
    );

    let list = context.command("list myorg -o name").keeps();
    assert_eq!(list.run().expect(0).stdout, "robot/myorg+deploy\n");

    let out = context.run("logout").expect(0);
    out.says("logged out of localhost");
    assert!(!credentials(&context).exists());
    context.run("list myorg").expect(2).says("login");
    context
        .run("logout")
        .expect(0)
        .says("you are not logged in");
}

#[test]
fn a_token_quay_refuses_is_not_stored() {
    let (mut context, quay) = start();
    let expired = quay.token(&mut context, SCOPES);
    quay.quay.edit(|state| state.expire_token(&expired));
    let wrong = "A".repeat(40);
    context.watch(&wrong);
    for token in [expired, wrong] {
        let login = context.command("login --token-stdin --insecure-storage");
        let run = login.stdin(&token).run().expect(1);
        let run = run.says("wrong, expired or revoked");
        // Nobody is sent where they are; a token is made elsewhere.
        assert!(!run.stderr.contains("login --registry"), "{}", run.stderr);
        run.says("Generate Token").says("Administer Organization");
    }
    assert!(!settings(&context).exists() && !credentials(&context).exists());
}

#[test]
fn without_a_keyring_the_error_names_the_alternatives() {
    let (mut context, quay) = start();
    let token = quay.token(&mut context, SCOPES);
    let run = context.command("login --token-stdin").stdin(&token).run();
    run.expect(1)
        .says("no keyring")
        .says("QUAY_API_TOKEN")
        .says("--token-stdin")
        .says("--auth-secret")
        .says("--insecure-storage");
}

/// Runs `login` on a terminal where nobody types, and finds that no token is asked for.
fn fails_without_asking(context: &TestContext, flags: &str) -> Output {
    let login = context.command(format!("login {flags}")).on_terminal();
    let output = login.keeps().run().expect(1);
    assert!(
        !output.stdout.contains("API token for"),
        "{}",
        output.stdout
    );
    output
}

#[test]
fn what_can_fail_without_the_token_fails_before_it_is_asked_for() {
    let (mut context, quay) = start();
    let ca = context.file("own.pem", quay.quay.ca_pem());
    let trusted = format!("--insecure-storage --registry-ca {}", ca.display());
    let gone = TestQuay::start(&mut context).quay.url();
    context.unset("QUAY_CA_FILE");
    context.set("QUAY_URL", &gone);
    fails_without_asking(&context, &trusted).prints("is unavailable");
    context.set("QUAY_URL", &quay.quay.url());
    fails_without_asking(&context, "--insecure-storage").prints("no trusted connection");
    // A file of tokens that others may read is refused, with or without a token for it.
    let store = credentials(&context);
    std::fs::create_dir_all(store.parent().unwrap()).unwrap();
    std::fs::write(&store, "{}").unwrap();
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o644)).unwrap();
    fails_without_asking(&context, &trusted).prints("other users can read it");
}

#[test]
fn without_a_keyring_the_registry_is_remembered_and_commands_need_the_token_alone() {
    let (mut context, quay) = start();
    let token = quay.token(&mut context, SCOPES);
    fails_without_asking(&context, "")
        .prints("the API token was not asked for")
        .prints("no keyring");
    let (url, ca) = (quay.quay.url(), context.path("ca.pem"));
    let remembers = |context: &mut TestContext| {
        context.unset("QUAY_URL");
        context.unset("QUAY_CA_FILE");
        let list = context
            .command("list myorg -o name")
            .env("QUAY_API_TOKEN", &token);
        assert_eq!(list.run().expect(0).stdout, "robot/myorg+deploy\n");
        context.run("list myorg").expect(1).says("not logged in");
        context
            .run("logout")
            .expect(0)
            .says("logged out of localhost");
        context.set("QUAY_URL", &url);
        context.set("QUAY_CA_FILE", &ca.to_string_lossy());
    };
    remembers(&mut context);
    let login = context.command("login").env("QUAY_API_TOKEN", &token);
    login
        .run()
        .expect(0)
        .says("as alice; the registry is remembered, and the API token is not stored")
        .says("no keyring");
    remembers(&mut context);
    let login = context.command("login --token-stdin").stdin(&token);
    login
        .run()
        .expect(1)
        .says("the token works but was not stored");
    remembers(&mut context);
}

#[test]
fn a_login_that_cannot_keep_a_token_takes_none_away() {
    let (mut context, quay) = start();
    let url = quay.quay.url();
    log_in(&mut context, &quay, SCOPES);
    context.set("QUAY_URL", &url);
    fails_without_asking(&context, "").prints("no keyring");
    context.unset("QUAY_URL");
    let list = context.command("list myorg -o name").keeps();
    assert_eq!(list.run().expect(0).stdout, "robot/myorg+deploy\n");
}

#[test]
fn an_organization_that_does_not_exist_is_said_not_to_with_the_one_that_was_meant() {
    let (mut context, quay) = start();
    quay.sign_in(&mut context, ALL_SCOPES);
    for command in [
        "list myorgg",
        "describe myorgg+deploy",
        "create myorgg+deploy",
        "token myorgg+deploy",
    ] {
        let run = context.run(command).expect(1);
        run.says("organization `myorgg` does not exist at localhost")
            .says("did you mean `myorg`?");
    }
    context
        .run("list nowhere")
        .expect(1)
        .says("organization `nowhere` does not exist")
        .says("whoami");
    // One that is somebody else's exists.
    let run = context.run("list other").expect(1);
    run.says("`org:admin`").says("whoami");
    quay.sign_in(&mut context, SCOPES);
    let run = context.run("list myorgg").expect(1);
    assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
    run.says("organization `myorgg` does not exist");
}

#[test]
fn a_token_file_others_may_read_is_refused() {
    let (mut context, quay) = start();
    log_in(&mut context, &quay, SCOPES);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(credentials(&context), open).unwrap();
    let run = context.command("list myorg").keeps().run();
    run.expect(1)
        .says("other users can read it")
        .says("chmod 600");
}

#[test]
fn a_second_login_replaces_the_first_and_leaves_no_token_behind() {
    let (mut context, quay) = start();
    let first = log_in(&mut context, &quay, SCOPES);
    let url = quay.quay.url();
    let ca = context.path("ca.pem");
    let second = quay.token_of(&mut context, "bob", SCOPES);
    let login = context
        .command(format!(
            "login --token-stdin --insecure-storage --quay-url {url}"
        ))
        .stdin(&second);
    let login = login.env("QUAY_CA_FILE", &ca.to_string_lossy());
    login.keeps().run().expect(0).says("as bob");
    let kept = std::fs::read_to_string(credentials(&context)).unwrap();
    assert!(kept.contains(&second) && !kept.contains(&first));
}

#[test]
fn what_is_not_a_token_on_stdin_is_refused_without_quoting_it() {
    let (context, _quay) = start();
    for text in ["", "se cret", "se\ncret"] {
        let run = context.command("login --token-stdin").stdin(text).run();
        let run = run.expect(2);
        assert!(
            text.is_empty() || !run.stderr.contains(text),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn whoami_tells_the_user_and_the_scopes_whatever_they_are() {
    let (mut context, quay) = start();
    let held = |context: &TestContext, arguments: &[&str]| {
        let run = context.run([&["whoami", "-o", "json"], arguments].concat());
        let report: serde_json::Value = serde_json::from_str(&run.expect(0).stdout).unwrap();
        assert_eq!(report["user"], "alice");
        let scopes = report["scopes"].as_array().unwrap().clone();
        let held = scopes.iter().filter(|scope| scope["held"] == "yes");
        let names = held.map(|scope| scope["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    for (scopes, expected) in [
        (ALL_SCOPES, "org:admin repo:admin user:admin user:read"),
        (SCOPES, "org:admin repo:admin"),
        ("user:admin", "user:admin user:read"),
        ("repo:read", ""),
    ] {
        quay.sign_in(&mut context, scopes);
        assert_eq!(held(&context, &["myorg"]), expected, "{scopes}");
    }
    quay.sign_in(&mut context, "repo:read");
    let run = context.run("whoami").expect(0);
    run.prints("unknown")
        .says("nothing to try the scope on")
        .says("whoami ORG");
    quay.sign_in(&mut context, SCOPES);
    assert_eq!(held(&context, &[]), SCOPES);
    let people = context.run("whoami").expect(0);
    let seen = Seen::new(&[(quay.registry(), "quay.example.com")]);
    seen.holds(
        &people.stdout,
        str![[r#"
Registry:  quay.example.com
API:  https://quay.example.com
User:  alice
Organizations:  <unknown: the token has no user:read>

SCOPE  HELD  NEEDED FOR
org:admin  yes  robots of organizations
repo:admin  yes  create --grant, grant, revoke, describe
user:admin  no  your own robots
user:read  no  list without ORG

"#]],
    );
    assert_eq!(quay.writes(), 0);
}

#[test]
fn whoami_fails_when_the_token_is_no_longer_valid() {
    let (mut context, quay) = start();
    let token = quay.sign_in(&mut context, ALL_SCOPES);
    quay.quay.edit(|state| state.revoke_token(&token));
    context
        .run("whoami")
        .expect(1)
        .says("wrong, expired or revoked")
        .says("QUAY_API_TOKEN");
}

#[test]
fn a_name_that_quay_calls_itself_is_shown_and_kept_only_after_a_yes() {
    let (mut context, quay) = start();
    let (named, url) = (quay.registry().to_owned(), quay.quay.url());
    context.set("QUAY_URL", &url.replace("localhost", "127.0.0.1"));
    let token = quay.token(&mut context, ALL_SCOPES);
    let kept = |answer: &str| {
        let login = context.command("login --insecure-storage");
        let login = login.env("QUAY_API_TOKEN", &token).on_terminal();
        let output = login.stdin(answer).keeps().run();
        output.prints(&format!("calls itself {named}"));
        let text = std::fs::read_to_string(settings(&context)).unwrap_or_default();
        text.contains("aliases:")
    };
    assert!(!kept("n\n"));
    assert!(kept("y\n"));
}
