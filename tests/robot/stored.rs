//! A stored token goes only where it was stored for, and only files that nobody else writes say
//! where that is.

use crate::robot::{ALL_SCOPES, start};
use quay_tests::{Output, TestContext, TestQuay, Words};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Somebody logged in to an honest Quay, and another one that would like the token.
struct Stored {
    context: TestContext,
    honest: TestQuay,
    liar: TestQuay,
}

impl Stored {
    fn new() -> Self {
        let (mut context, honest) = start();
        let ca = context.file("honest.pem", honest.quay.ca_pem());
        context.set("QUAY_CA_FILE", &ca.to_string_lossy());
        let token = honest.token(&mut context, ALL_SCOPES);
        let run = context
            .command("login --token-stdin --insecure-storage")
            .stdin(&token)
            .keeps();
        run.run().expect(0);
        let liar = TestQuay::start(&mut context);
        context.unset("QUAY_URL");
        context.unset("QUAY_CA_FILE");
        Self {
            context,
            honest,
            liar,
        }
    }

    fn settings(&self) -> PathBuf {
        self.context.home().join(".config/kubectl-quay/config.yaml")
    }

    fn run(&self, words: impl Words) -> Output {
        self.context.command(words).keeps().run()
    }

    fn asked(quay: &TestQuay) -> usize {
        quay.quay.server().log().count(|_| true)
    }

    /// Nothing at all reached the liar.
    #[track_caller]
    fn liar_heard_nothing(&self) {
        assert_eq!(Self::asked(&self.liar), 0);
    }
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_stored_token_does_not_follow_the_registrys_api_to_another_address() {
    let mut stored = Stored::new();
    let (registry, elsewhere) = (
        stored.honest.registry().to_owned(),
        stored.liar.quay.url().clone(),
    );
    let list = ["list", "myorg", "--registry", &registry];
    let refused = |output: Output| {
        output
            .expect(1)
            .says(&format!("so it is not sent to {elsewhere}"))
            .says(&format!(
                "login --registry {registry} --quay-url {elsewhere}"
            ));
    };
    refused(stored.run([&list[..], &["--quay-url", &elsewhere]].concat()));
    stored.context.set("QUAY_URL", &elsewhere);
    refused(stored.run(list));
    refused(stored.run(format!("whoami --registry {registry}")));
    stored.liar_heard_nothing();
    // The address of the login, and no address, lead to it as before.
    let own = stored.honest.quay.url();
    stored.context.unset("QUAY_URL");
    stored.run(list).expect(0).prints("myorg+deploy");
    let named = [&list[..], &["--quay-url", &own]].concat();
    stored.run(&named).expect(0).prints("myorg+deploy");
}

#[test]
fn settings_that_were_changed_lead_no_token_elsewhere() {
    let stored = Stored::new();
    let (own, elsewhere) = (stored.honest.quay.url(), stored.liar.quay.url());
    let text = std::fs::read_to_string(stored.settings()).unwrap();
    let changed = text.replace(&format!("api: {own}"), &format!("api: {elsewhere}"));
    assert_ne!(text, changed);
    std::fs::write(stored.settings(), changed).unwrap();
    let output = stored.run("list myorg").expect(1);
    output.says("you are not logged in to");
    stored.liar_heard_nothing();
}

#[test]
fn settings_that_others_may_write_are_refused_with_the_command_that_closes_them() {
    let stored = Stored::new();
    let folder = stored.settings().parent().unwrap().to_owned();
    let before = Stored::asked(&stored.honest);
    for (path, open, closed) in [
        (stored.settings(), 0o666, 0o600),
        (stored.settings(), 0o620, 0o600),
        (folder.clone(), 0o777, 0o700),
        (folder, 0o1777, 0o700),
    ] {
        chmod(&path, open);
        for line in [&["list", "myorg"][..], &["whoami"], &["logout"]] {
            let output = stored.run(line).expect(1);
            output
                .says("other users can write it")
                .says(&format!("chmod go-w {}", path.display()));
        }
        chmod(&path, closed);
    }
    assert_eq!(Stored::asked(&stored.honest), before);
    stored.run("list myorg").expect(0);
}

#[test]
fn a_link_to_settings_in_a_folder_that_others_may_write_is_refused() {
    let stored = Stored::new();
    let shared = stored.context.path("shared");
    std::fs::create_dir(&shared).unwrap();
    let real = shared.join("config.yaml");
    std::fs::rename(stored.settings(), &real).unwrap();
    std::os::unix::fs::symlink(&real, stored.settings()).unwrap();
    stored.run("list myorg").expect(0);
    chmod(&shared, 0o777);
    let output = stored.run("list myorg").expect(1);
    output.says("other users can write it").says("chmod go-w");
}

#[test]
fn a_folder_of_stored_tokens_that_others_may_write_is_refused() {
    let stored = Stored::new();
    let state = stored.context.home().join(".local/state/kubectl-quay");
    chmod(&state, 0o777);
    for line in [&["list", "myorg"][..], &["history"]] {
        let output = stored.run(line).expect(1);
        output.says(&format!("chmod go-w {}", state.display()));
    }
}
