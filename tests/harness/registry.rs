//! A Quay with something in it.

use super::context::TestContext;
use quay_sandbox::quay::{Quay, QuayOptions, Role, State};

/// A Quay where `alice` owns the organization `myorg` with three repositories and the robot
/// `myorg+deploy`, which may pull `my-app`.
pub struct TestQuay {
    /// The stand-in itself.
    pub quay: Quay,
    /// The token of `myorg+deploy`.
    pub robot_token: String,
}

impl TestQuay {
    /// Starts it, and lets `context` reach and trust it.
    pub fn start(context: &mut TestContext) -> Self {
        Self::start_with(context, QuayOptions::default())
    }

    /// Starts it with these options, and lets `context` reach and trust it.
    pub fn start_with(context: &mut TestContext, options: QuayOptions) -> Self {
        let quay = Quay::start(options)
            .unwrap_or_else(|error| panic!("cannot start the sandbox Quay: {error}"));
        let robot_token = quay.edit(seed);
        context.watch(&robot_token);
        let ca = context.file("ca.pem", quay.ca_pem());
        context.set("QUAY_CA_FILE", &ca.to_string_lossy());
        context.set("QUAY_URL", &quay.url());
        Self { quay, robot_token }
    }

    /// A token of alice's with these scopes; no run may give it away.
    pub fn token(&self, context: &mut TestContext, scopes: &str) -> String {
        self.token_of(context, "alice", scopes)
    }

    /// A token of somebody's with these scopes; no run may give it away.
    pub fn token_of(&self, context: &mut TestContext, user: &str, scopes: &str) -> String {
        let token = self
            .quay
            .edit(|state| state.mint_token(user, scopes))
            .unwrap_or_else(|error| panic!("cannot mint a token: {error}"));
        context.watch(&token);
        token
    }

    /// Signs every later run in as alice with these scopes, by the environment.
    pub fn sign_in(&self, context: &mut TestContext, scopes: &str) -> String {
        let token = self.token(context, scopes);
        context.set("QUAY_API_TOKEN", &token);
        token
    }

    /// The registry's host, as it stands in `auths`.
    pub fn registry(&self) -> &str {
        self.quay.registry()
    }

    /// A robot's token now, if it exists.
    pub fn token_of_robot(&self, robot: &str) -> Option<String> {
        self.quay
            .read(|state| state.token_of(robot).map(str::to_owned))
    }

    /// Regenerates a robot's token behind everybody's back; no run may give it away.
    #[track_caller]
    pub fn regenerate(&self, context: &mut TestContext, robot: &str) -> String {
        let token = self.quay.edit(|state| state.regenerate(robot));
        let token = token.unwrap_or_else(|error| panic!("cannot regenerate {robot}: {error}"));
        context.watch(&token);
        token
    }

    /// Its clock goes on for longer than a rotation's marker counts that nobody renews.
    pub fn outlast_markers(&self) {
        self.quay.edit(|state| {
            let later = state.now() + jiff::SignedDuration::from_secs(61);
            state.set_clock(later);
        });
    }

    /// How many requests changed something so far.
    pub fn writes(&self) -> usize {
        self.quay.server().log().count(|request| request.mutates)
    }
}

fn seed(state: &mut State) -> String {
    state.add_user("alice", "alice-password");
    state.add_user("bob", "bob-password");
    state.add_organization("myorg", "alice");
    state.add_organization("other", "bob");
    for name in ["my-app", "backend-api", "team/nested-app"] {
        state.add_repository("myorg", name, false);
    }
    let token = state.add_robot("myorg+deploy");
    state
        .set_permission("myorg", "my-app", "myorg+deploy", Some(Role::Read))
        .unwrap_or_else(|error| panic!("cannot seed the sandbox Quay: {error}"));
    token
}
