//! What every test begins with: a robot with rights of every kind, secrets that hold it
//! between other people's things, a cluster behind a proxy.

use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_sandbox::quay::{QuayOptions, Role, State};
use quay_tests::{
    Leaks, Moment, Output, Plugin, Run, Running, TestCluster, TestQuay, Words, pull_secret_of,
    text_of,
};
use serde_json::Value;
use std::borrow::Borrow;
use std::ops::{Deref, DerefMut};

pub use quay_tests::ROBOT;

/// The robot that carries its pulls meanwhile.
pub const BRIDGE: &str = "myorg+deploy-bridge";
/// What a rotation takes, and no more.
pub const SCOPES: &str = "org:admin repo:admin";
/// No kubelet queues a pull here.
pub const NO_GRACE: [&str; 2] = ["--grace", "0s"];

/// A test's surroundings.
pub struct World {
    base: quay_tests::World,
    /// Where the robot's secrets are.
    pub namespace: String,
}

impl Deref for World {
    type Target = quay_tests::World;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl Borrow<quay_tests::World> for World {
    fn borrow(&self) -> &quay_tests::World {
        &self.base
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.base
    }
}

impl World {
    /// `secrets` secrets of the shared cluster hold the robot, which has four rights.
    pub fn new(secrets: usize) -> Self {
        Self::on(TestCluster::shared("rotation"), secrets)
    }

    /// The same on this cluster.
    pub fn on(cluster: &'static TestCluster, secrets: usize) -> Self {
        Self::with(cluster, QuayOptions::default(), secrets)
    }

    /// The same with a Quay that is started so.
    pub fn beside(options: QuayOptions, secrets: usize) -> Self {
        Self::with(TestCluster::shared("rotation"), options, secrets)
    }

    fn with(cluster: &'static TestCluster, options: QuayOptions, secrets: usize) -> Self {
        let base = quay_tests::World::on(Plugin::Robot, cluster, options);
        let base = base.signed_in(SCOPES).behind_proxy();
        give_rights(base.quay);
        let mut world = Self {
            base,
            namespace: String::new(),
        };
        world.namespace = world.add_namespace(secrets);
        world
    }

    /// One more namespace with so many secrets that hold the robot.
    pub fn add_namespace(&self, secrets: usize) -> String {
        let content = self.mixed(ROBOT, &self.token());
        self.cluster.fresh_namespace("rotation", |namespace| {
            let secret = |number| pull_secret_of(namespace, &name(number), &content);
            (0..secrets).map(secret).collect()
        })
    }

    /// The token of any robot.
    pub fn token_of(&self, robot: &str) -> Option<String> {
        self.quay.token_of_robot(robot)
    }

    /// The arguments of a rotation that waits for nobody.
    pub fn arguments(&self, more: impl Words) -> Vec<String> {
        let mut words = ["rotate", ROBOT, "--yes"].words();
        words.extend(NO_GRACE.words());
        words.extend(more.words());
        words
    }

    /// Starts a rotation that waits for nobody.
    pub fn start(&self, more: impl Words) -> Running<'_> {
        self.context.command(self.arguments(more)).spawn()
    }

    /// Rotates without waiting.
    #[track_caller]
    pub fn rotate(&self, more: impl Words) -> Output {
        self.watching_new_tokens(|| self.context.run(self.arguments(more)))
    }

    /// Runs something, and fails if it gave away a token that was made meanwhile.
    #[track_caller]
    fn watching_new_tokens(&self, run: impl FnOnce() -> Output) -> Output {
        let output = run();
        for token in [ROBOT, BRIDGE]
            .iter()
            .filter_map(|robot| self.token_of(robot))
        {
            assert_silent_about(&output, &token);
        }
        output
    }

    /// Holds at every moment of a rotation with a bridge: each secret holds a credential
    /// that Quay accepts now, and nothing else of it has changed.
    #[track_caller]
    pub fn every_secret_works(&self) {
        let secrets = self.list(&self.namespace, "secrets");
        assert!(!secrets.is_empty());
        for secret in secrets {
            let text = text_of(&secret);
            let good = [ROBOT, BRIDGE].into_iter().any(|account| {
                self.token_of(account)
                    .is_some_and(|token| text == self.mixed(account, &token))
            });
            assert!(
                good,
                "a secret holds a dead token or lost something: {text}"
            );
        }
    }

    /// Holds after a rotation: every secret holds the robot's current token and nothing of
    /// the rotation, the bridge is gone, and the robot may do what it could.
    #[track_caller]
    pub fn is_at_rest(&self) {
        self.is_at_rest_in(&self.namespace);
        assert_eq!(self.token_of(BRIDGE), None, "the bridge still stands");
        assert_eq!(
            self.markers(),
            Vec::<String>::new(),
            "a marker still stands"
        );
        assert_eq!(self.rights(ROBOT), expected_rights());
    }

    /// The robots by which runs tell in Quay that they are at work.
    pub fn markers(&self) -> Vec<String> {
        self.quay.quay.read(|state| {
            let robots = state.robots_of("myorg").into_iter();
            let markers = robots.filter(|name| name.contains("+deploy-run-"));
            markers.map(str::to_owned).collect()
        })
    }

    /// Quay's clock goes on for longer than a marker counts that nobody renews.
    pub fn outlast_markers(&self) {
        self.quay.outlast_markers();
    }

    /// The part of it that one namespace tells.
    #[track_caller]
    pub fn is_at_rest_in(&self, namespace: &str) {
        let current = self.mixed(ROBOT, &self.token());
        for secret in self.list(namespace, "secrets") {
            assert_eq!(text_of(&secret), current);
            let annotation = &secret["metadata"]["annotations"]["kubectl-quay/bridge"];
            assert!(annotation.is_null(), "{annotation}");
        }
    }

    /// A robot's rights, as Quay has them: roles, teams, default permissions.
    pub fn rights(&self, robot: &str) -> Vec<String> {
        self.quay.quay.read(|state| state.rights_of(robot))
    }

    /// Makes the next such request to Quay fail, or wait.
    pub fn quay_fault(&self, method: &str, path: &str, action: FaultAction) {
        let method = method.parse().expect("a method");
        let faults = self.quay.quay.server().faults();
        faults.add(Fault::once(method, path, action));
    }

    /// Stops the next such request to Quay before it is carried out.
    pub fn hold_quay(&self, method: &str, path: &str) -> Hold {
        let hold = Hold::default();
        self.quay_fault(method, path, FaultAction::HoldBefore(hold.clone()));
        hold
    }

    /// Stops the write number `request` to the cluster, from now on, at this moment.
    pub fn hold_write(&self, request: usize, moment: Moment) -> Hold {
        let hold = Hold::default();
        let faults = self.faulty.faults();
        faults.add_nth_mutating(request, moment(hold.clone()));
        hold
    }

    /// The only Lease in the namespace.
    pub fn lease(&self, namespace: &str) -> Value {
        self.list(namespace, "leases").remove(0)
    }

    /// Whoever held it has not renewed it for long.
    pub fn outlast_lease(&self, namespace: &str) {
        let lease = self.lease(namespace);
        let name = lease["metadata"]["name"].as_str().expect("there is one");
        let long_ago = r#"{"spec":{"renewTime":"2026-01-01T00:00:00.000000Z"}}"#;
        let patch = ["-n", namespace, "patch", "lease", name, "--type=merge"];
        self.cluster
            .kubectl([&patch[..], &["-p", long_ago]].concat());
    }

    /// A rotation that waits for nobody, on another machine: it shares no disk with the first.
    pub fn elsewhere(&self, machine: &str, more: impl Words) -> Run<'_> {
        let home = self.context.path(machine);
        std::fs::create_dir_all(&home).expect("a home can be made");
        let run = self.context.command(self.arguments(more));
        run.env("HOME", &home.to_string_lossy())
    }

    /// Starts a rotation, and returns when it is held there.
    #[track_caller]
    pub fn start_until(&self, hold: &Hold, more: impl Words) -> Running<'_> {
        let mut run = self.start(more);
        assert!(run.reaches(hold, 1));
        run
    }

    /// What the cluster is called here.
    #[track_caller]
    pub fn context_name(&self) -> String {
        let name = ["config", "current-context"];
        let shown = self.context.program("kubectl", name).run().expect(0);
        shown.stdout.trim().to_owned()
    }

    /// Ends every fault.
    pub fn heal(&self) {
        self.quay.quay.server().faults().clear();
        self.faulty.faults().clear();
    }
}

/// Fails if the output holds this token, however encoded.
#[track_caller]
pub fn assert_silent_about(output: &Output, token: &str) {
    let mut leaks = Leaks::default();
    leaks.watch(token);
    for stream in [&output.stdout, &output.stderr] {
        assert_eq!(leaks.find(stream.as_bytes()), None);
    }
}

/// The name of one of the robot's secrets.
pub fn name(number: usize) -> String {
    format!("s{number}")
}

fn give_rights(quay: &TestQuay) {
    let given = quay.quay.edit(|state: &mut State| {
        state.add_team("myorg", "pullers", "member", &[ROBOT])?;
        state.set_permission("myorg", "team/nested-app", ROBOT, Some(Role::Write))?;
        state.add_prototype("myorg", ROBOT, Role::Read, None)
    });
    given.expect("the organization exists");
}

/// What [`World::rights`] shows of the robot in the beginning.
pub fn expected_rights() -> Vec<String> {
    [
        "default read",
        "role read on my-app",
        "role write on team/nested-app",
        "team pullers",
    ]
    .map(str::to_owned)
    .to_vec()
}
