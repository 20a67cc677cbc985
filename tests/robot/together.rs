//! Processes that log in and out at the same time.

use crate::robot::{ALL_SCOPES, BINARY, start};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::{Output, Running, TestContext, TestQuay};
use std::path::PathBuf;

const MANY: usize = 4;
const ROUNDS: usize = 5;

/// One of several registries, and somebody's token there.
struct Registry {
    quay: TestQuay,
    ca: PathBuf,
    token: String,
}

impl Registry {
    fn new(context: &mut TestContext, number: usize) -> Self {
        let quay = TestQuay::start(context);
        Self {
            ca: context.file(&format!("ca-{number}.pem"), quay.quay.ca_pem()),
            token: quay.token(context, ALL_SCOPES),
            quay,
        }
    }

    fn name(&self) -> &str {
        self.quay.registry()
    }

    /// A login that is under way.
    fn log_in<'a>(&self, context: &'a TestContext) -> Running<'a> {
        self.log_in_with(context, &self.token)
    }

    fn log_in_with<'a>(&self, context: &'a TestContext, token: &str) -> Running<'a> {
        let login = ["login", "--token-stdin", "--insecure-storage"];
        let login = context.command(login).stdin(token).keeps();
        let login = login.env("QUAY_URL", &self.quay.quay.url());
        login
            .env("QUAY_CA_FILE", &self.ca.to_string_lossy())
            .spawn()
    }

    /// What its login holds before it is stored, as nobody has looked at its token yet.
    fn hold(&self, hold: &Hold) {
        let held = FaultAction::HoldBefore(hold.clone());
        let get = "GET".parse().unwrap();
        let faults = self.quay.quay.server().faults();
        faults.clear();
        faults.add(Fault::always(get, "/api/v1/", held));
    }

    /// A later command that goes by the login alone.
    fn lists(&self, context: &TestContext) -> Output {
        let mut run = context
            .command(format!("list myorg --registry {}", self.name()))
            .keeps();
        for variable in ["QUAY_URL", "QUAY_CA_FILE"] {
            run = run.env(variable, "");
        }
        run.run()
    }
}

fn several() -> (TestContext, Vec<Registry>) {
    let mut context = TestContext::new(BINARY);
    let registries = (0..MANY).map(|number| Registry::new(&mut context, number));
    let registries = registries.collect();
    (context, registries)
}

/// Logins at every registry that have read what there is, and store what they know all at once.
fn log_in_at_once<'a>(context: &'a TestContext, registries: &[Registry]) -> Vec<Running<'a>> {
    let hold = Hold::default();
    for registry in registries {
        registry.hold(&hold);
    }
    let logins = registries.iter().map(|registry| registry.log_in(context));
    let mut logins: Vec<Running<'_>> = logins.collect();
    let last = logins.last_mut().unwrap();
    assert!(last.reaches(&hold, MANY), "a login asked nothing");
    hold.release();
    logins
}

fn settings(context: &TestContext) -> String {
    let path = context.home().join(".config/kubectl-quay/config.yaml");
    std::fs::read_to_string(path).unwrap()
}

fn credentials(context: &TestContext) -> PathBuf {
    let state = context.home().join(".local/state/kubectl-quay");
    state.join("credentials.json")
}

#[test]
fn logins_at_the_same_time_all_last_and_so_do_logouts() {
    let (context, registries) = several();
    for round in 0..ROUNDS {
        for login in log_in_at_once(&context, &registries) {
            login.wait().expect(0).says("logged in to localhost");
        }
        let (known, tokens) = (
            settings(&context),
            std::fs::read_to_string(credentials(&context)).unwrap(),
        );
        for registry in &registries {
            let name = registry.name();
            assert!(known.contains(&format!("\"{name}\":")), "{round}: {known}");
            assert!(tokens.contains(&registry.token), "{round}: {name}");
            registry.lists(&context).expect(0).prints("myorg+deploy");
        }
        let logouts = registries.iter().map(|registry| {
            let logout = ["logout", "--registry", registry.name()];
            context.command(logout).keeps().spawn()
        });
        let logouts: Vec<Running<'_>> = logouts.collect();
        for logout in logouts {
            logout.wait().expect(0).says("its token was removed");
        }
        let known = settings(&context);
        for registry in &registries {
            assert!(!known.contains(registry.name()), "{round}: {known}");
        }
        assert!(!credentials(&context).exists(), "{round}");
    }
}

#[test]
fn of_logins_at_one_registry_at_the_same_time_one_lasts_and_works() {
    let mut context = TestContext::new(BINARY);
    let registry = Registry::new(&mut context, 0);
    let others = registry.quay.token_of(&mut context, "bob", ALL_SCOPES);
    for round in 0..ROUNDS {
        let hold = Hold::default();
        registry.hold(&hold);
        let tokens = [&registry.token, &others, &registry.token, &others];
        let logins = tokens.map(|token| registry.log_in_with(&context, token));
        let mut logins = Vec::from(logins);
        assert!(logins.last_mut().unwrap().reaches(&hold, MANY));
        hold.release();
        for login in logins {
            login.wait().expect(0);
        }
        let kept = std::fs::read_to_string(credentials(&context)).unwrap();
        let kept = [&registry.token, &others].map(|token| kept.contains(token));
        assert_ne!(kept[0], kept[1], "{round}: {kept:?}");
        let whoami = ["whoami", "--registry", registry.name()];
        let whoami = context.command(whoami).keeps().run().expect(0);
        whoami.prints(["bob", "alice"][usize::from(kept[0])]);
    }
}

#[test]
fn logins_that_are_killed_keep_nobody_from_logging_in() {
    let (context, registries) = several();
    for _ in 0..ROUNDS {
        for login in log_in_at_once(&context, &registries) {
            drop(login.kill());
        }
        for registry in &registries {
            registry.quay.quay.server().faults().clear();
            registry.log_in(&context).wait().expect(0);
            registry.lists(&context).expect(0);
        }
    }
}

#[test]
fn what_a_killed_process_with_the_same_id_left_is_in_nobodys_way() {
    let (mut context, quay) = start();
    let token = quay.token(&mut context, ALL_SCOPES);
    // The login has the id of the shell that it replaces.
    let script = format!(
        "mkdir -p -m 700 $HOME/.config/kubectl-quay $HOME/.local/state/kubectl-quay
         touch $HOME/.config/kubectl-quay/.config.yaml.$$.tmp $HOME/.config/kubectl-quay/config.lock
         touch $HOME/.local/state/kubectl-quay/.credentials.json.$$.tmp
         exec {} login --token-stdin --insecure-storage",
        BINARY.path().display()
    );
    let login = context.program("sh", ["-c", &script]).stdin(&token);
    login.keeps().run().expect(0).says("logged in to localhost");
    assert!(settings(&context).contains(quay.registry()));
}
