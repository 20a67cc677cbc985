//! A Quay that refuses, breaks off or hangs while secrets are synced and verified.

use crate::faults::world::{ROBOT, World, line_of, world};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{pull_secret_of, text_of};
use std::thread;
use std::time::{Duration, Instant};

/// The API, and what a container runtime asks.
const API: &str = "/api/v1/";
const REGISTRY: &str = "/v2/";

const COMMANDS: [&str; 2] = ["sync", "verify"];

const SECRETS: [&str; 3] = ["s0", "s1", "s2"];

/// More than the 30 s that one request to Quay is given.
const LIMIT: Duration = Duration::from_secs(50);

/// A run of one command against a Quay that fails.
struct Case {
    command: &'static str,
    path: &'static str,
    name: &'static str,
    action: FaultAction,
    times: usize,
    /// What is said of every secret; `None` if the run gets over it.
    said: Option<&'static str>,
}

impl Case {
    /// Secrets that hold an old token to sync, and the current one to verify.
    fn begin(&self) -> (World, String) {
        let mut world = world();
        let content = world.mixed(ROBOT, &world.token());
        if self.command == "sync" {
            world.regenerate();
        }
        let namespace = world.cluster.fresh_namespace("quay", |namespace| {
            let secret = |name| pull_secret_of(namespace, name, &content);
            SECRETS.into_iter().map(secret).collect()
        });
        (world, namespace)
    }

    fn check(&self) {
        let (world, namespace) = self.begin();
        let before = world.list(&namespace, "secrets");
        let faults = world.quay.quay.server().faults();
        let method = "GET".parse().expect("a method");
        faults.add(Fault {
            times: self.times,
            ..Fault::always(method, self.path, self.action.clone())
        });
        let began = Instant::now();
        let arguments = [self.command, "-n", &namespace];
        let output = world.run(arguments);
        assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
        assert!(faults.hits() > 0);
        if let Some(said) = self.said {
            let output = output.expect(1);
            for name in SECRETS {
                let line = line_of(&output.stdout, name);
                assert!(line.contains(said), "{said:?} is not in {line}");
            }
            assert_eq!(world.list(&namespace, "secrets"), before);
            faults.clear();
            world.run(arguments).expect(0);
        } else {
            output.expect(0);
        }
        let current = world.mixed(ROBOT, &world.token());
        for secret in world.list(&namespace, "secrets") {
            assert_eq!(text_of(&secret), current);
        }
    }
}

/// Cases wait most of the time, so they wait together.
fn check_all(cases: &[Case]) {
    thread::scope(|scope| {
        let threads: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(|| case.check()))
            .collect();
        for (thread, case) in threads.into_iter().zip(cases) {
            let Case {
                command,
                path,
                name,
                ..
            } = case;
            println!("{command}, {name} of {path}");
            assert!(thread.join().is_ok(), "{command}, {name} of {path}");
        }
    });
}

#[test]
fn one_bad_answer_of_quay_is_got_over() {
    let actions = [
        ("429", FaultAction::Html429),
        ("reset", FaultAction::Reset),
        ("half a body", FaultAction::HalfBody),
    ];
    let mut cases = Vec::new();
    for (name, action) in actions {
        for path in [API, REGISTRY] {
            cases.extend(COMMANDS.map(|command| Case {
                command,
                path,
                name,
                action: action.clone(),
                times: 1,
                said: None,
            }));
        }
    }
    check_all(&cases);
}

#[test]
fn a_quay_that_cannot_be_asked_is_told_for_every_secret_and_nothing_is_written() {
    let all = usize::MAX;
    let troubles = [
        ("429", FaultAction::Html429, all, "429"),
        ("500", FaultAction::Html500, 1, "500"),
        ("read-only", FaultAction::ReadOnly503, 1, "read-only"),
        ("reset", FaultAction::Reset, all, "unavailable"),
        ("half a body", FaultAction::HalfBody, all, "unavailable"),
        ("stall", FaultAction::Stall, 1, "no answer in time"),
    ];
    let mut cases = Vec::new();
    for (name, action, times, said) in troubles {
        cases.extend(COMMANDS.map(|command| Case {
            command,
            path: API,
            name,
            action: action.clone(),
            times,
            said: Some(said),
        }));
    }
    check_all(&cases);
}

#[test]
fn a_registry_that_cannot_be_asked_is_told_for_every_secret() {
    let troubles = [
        ("429", FaultAction::Html429, "429"),
        ("500", FaultAction::Html500, "500"),
        ("reset", FaultAction::Reset, "unavailable"),
    ];
    let case = |(name, action, said)| Case {
        command: "verify",
        path: REGISTRY,
        name,
        action,
        times: usize::MAX,
        said: Some(said),
    };
    check_all(&troubles.map(case));
}
