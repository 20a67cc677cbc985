//! A cluster and a Quay full of secrets, and the plugins as they are run here.

use crate::leaks::case::{Case, Trouble};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{Leaks, Output, Plugin, auth};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

pub use quay_tests::ROBOT;

const SCOPES: &str = "org:admin repo:admin user:admin user:read";

/// A test's surroundings.
pub struct World {
    base: quay_tests::World,
    /// Alice's API token, in the environment of every run that is not told otherwise.
    pub api_token: String,
    /// A token Quay never gave out.
    pub wrong_token: String,
    /// What another registry's entry holds.
    pub other_password: String,
}

impl Deref for World {
    type Target = quay_tests::World;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.base
    }
}

impl World {
    pub fn new() -> Self {
        let base = quay_tests::World::new(Plugin::PullSecret, "leaks");
        let mut base = base.behind_proxy();
        let context = &mut base.context;
        let api_token = base.quay.sign_in(context, SCOPES);
        let (wrong_token, other_password) = ("W".repeat(40), "correct-horse-battery".repeat(2));
        context.watch(&wrong_token);
        context.watch(&other_password);
        Self {
            base,
            api_token,
            wrong_token,
            other_password,
        }
    }

    /// The token of a robot, if it exists.
    pub fn token_of(&self, robot: &str) -> Option<String> {
        self.quay.token_of_robot(robot)
    }

    /// `auths` with the robot and another registry's account.
    pub fn auths(&self, password: &str) -> Value {
        json!({
            self.quay.quay.registry(): {"auth": auth(ROBOT, password), "password": password, "username": ROBOT},
            "docker.io": {"auth": auth("somebody", &self.other_password)},
        })
    }

    /// The subcommands of a plugin.
    pub fn commands(&self, plugin: Plugin) -> BTreeSet<String> {
        let commands = self.context.commands(plugin);
        let first = |command: &String| command.split(' ').next().map(str::to_owned);
        commands.iter().filter_map(first).collect()
    }

    /// Runs a case at the highest verbosity; fails if it gives anything away.
    pub fn run(&self, plugin: Plugin, case: &Case) -> Output {
        self.make(case.trouble);
        let mut arguments = vec!["-vvv"];
        arguments.extend(case.arguments.iter().map(String::as_str));
        let mut run = self.context.program(plugin, &arguments);
        if case.trouble == Trouble::WrongToken {
            run = run.env("QUAY_API_TOKEN", &self.wrong_token);
        }
        for (name, value) in &case.environment {
            run = run.env(name, value);
        }
        if case.keeps {
            run = run.keeps();
        }
        let output = run.stdin(&case.stdin).spawn().wait_and_watch();
        self.make(Trouble::Nothing);
        assert_eq!(
            output.code == 0,
            case.succeeds,
            "{case:?} ended with {}\n--- stdout\n{}\n--- stderr\n{}",
            output.code,
            output.stdout,
            output.stderr
        );
        output
    }

    fn make(&self, trouble: Trouble) {
        let (quay, cluster) = (self.quay.quay.server().faults(), self.faulty.faults());
        quay.clear();
        cluster.clear();
        let (faults, action) = match trouble {
            Trouble::Nothing | Trouble::WrongToken => return,
            Trouble::QuayBroken => (quay, FaultAction::Html500),
            Trouble::QuayGarbled => (quay, self.garbled()),
            Trouble::ClusterGarbled => (cluster, self.garbled()),
        };
        faults.add(Fault {
            method: None,
            path_contains: String::new(),
            skip: 0,
            times: usize::MAX,
            action,
        });
    }

    /// A success with a credential in it, which cannot be read.
    fn garbled(&self) -> FaultAction {
        let token = &self.quay.robot_token;
        FaultAction::Status {
            code: 200,
            content_type: "application/json".to_owned(),
            body: format!(r#"{{"token":"{token}","items":"{token}","metadata":["{token}"#),
            headers: Vec::new(),
        }
    }
}

/// Fails if the output holds this token, which was not known before the run.
pub fn assert_silent_about(output: &Output, token: &str) {
    let mut leaks = Leaks::default();
    leaks.watch(token);
    for stream in [&output.stdout, &output.stderr] {
        assert_eq!(leaks.find(stream.as_bytes()), None);
    }
}
