//! What an end-to-end test begins with.

use super::cluster::{TestCluster, auth, pull_secret};
use super::context::TestContext;
use super::faulty::FaultyCluster;
use super::process::Output;
use super::registry::TestQuay;
use super::seen::Seen;
use super::words::Words;
use super::{Plugin, Run};
use quay_sandbox::quay::QuayOptions;
use serde_json::{Value, json};

/// The robot that tests are about; it may pull `myorg/my-app`.
pub const ROBOT: &str = "myorg+deploy";

/// A test's surroundings: a cluster, a Quay, a place to run a plugin in.
pub struct World {
    /// Where the plugin runs.
    pub context: TestContext,
    /// The cluster that it reaches directly.
    pub cluster: &'static TestCluster,
    /// The same cluster behind a proxy of the test's own, which fails when told to.
    pub faulty: FaultyCluster,
    /// Never stopped: the next test's Quay would be given its port, and find on the shared
    /// cluster what this test left.
    pub quay: &'static TestQuay,
}

impl World {
    /// The suite's cluster and a Quay of the test's own. Nobody is signed in.
    pub fn new(plugin: Plugin, suite: &'static str) -> Self {
        let cluster = std::thread::scope(|scope| {
            // Both take seconds, where nothing was built and nothing runs yet.
            scope.spawn(|| plugin.path());
            TestCluster::shared(suite)
        });
        Self::on(plugin, cluster, QuayOptions::default())
    }

    /// The same on this cluster, beside a Quay that is started so.
    pub fn on(plugin: Plugin, cluster: &'static TestCluster, options: QuayOptions) -> Self {
        let mut context = TestContext::new(plugin);
        let quay = TestQuay::start_with(&mut context, options);
        cluster.join(&mut context);
        Self {
            context,
            cluster,
            faulty: cluster.behind_proxy(),
            quay: Box::leak(Box::new(quay)),
        }
    }

    /// From now on the cluster is reached through the proxy.
    pub fn behind_proxy(mut self) -> Self {
        self.faulty.join(&mut self.context);
        self
    }

    /// From now on the environment signs alice in, with these scopes.
    pub fn signed_in(mut self, scopes: &str) -> Self {
        self.quay.sign_in(&mut self.context, scopes);
        self
    }

    /// From now on the plugin is the cluster's user `limited`, through the proxy.
    pub fn become_limited(&mut self) {
        self.faulty.join_limited(&mut self.context);
    }

    /// The registry's host, as it stands in `auths`.
    pub fn registry(&self) -> &str {
        self.quay.registry()
    }

    /// The robot's token now; no run may give it away.
    pub fn token(&self) -> String {
        let token = self.quay.token_of_robot(ROBOT);
        token.unwrap_or_else(|| panic!("{ROBOT} does not exist"))
    }

    /// Regenerates the robot's token behind everybody's back.
    pub fn regenerate(&mut self) -> String {
        self.quay.regenerate(&mut self.context, ROBOT)
    }

    /// An entry of `auths` that holds the robot with this password.
    pub fn entry(&self, password: &str) -> Value {
        json!({"auth": auth(ROBOT, password)})
    }

    /// A pull secret's text: the account between other people's things.
    pub fn mixed(&self, account: &str, password: &str) -> String {
        let (registry, auth) = (self.registry(), auth(account, password));
        format!(
            r#"{{"credHelpers":{{"gcr.io":"gcloud"}},"auths":{{"docker.io":{{"auth":"YTpi","email":"me@example.com","x":[1.5,null]}},"{registry}":{{"email":"robot@example.com","username":"{account}","password":"{password}","auth":"{auth}"}},"registry.redhat.io":{{}}}},"psFormat":"table"}}"#
        )
    }

    /// Creates a pull secret that holds the robot's current token at the registry's key.
    pub fn current_secret(&self, namespace: &str, name: &str) {
        self.robot_secret(namespace, name, &self.token());
    }

    /// Creates a pull secret that holds a token the robot no longer has.
    pub fn stale_secret(&self, namespace: &str, name: &str) {
        self.robot_secret(namespace, name, &"O".repeat(64));
    }

    fn robot_secret(&self, namespace: &str, name: &str, password: &str) {
        let auths = json!({self.registry(): self.entry(password)});
        self.cluster.create(&pull_secret(namespace, name, &auths));
    }

    /// The password that the secret's entry for the registry holds.
    #[track_caller]
    pub fn password(&self, namespace: &str, secret: &str) -> String {
        self.cluster.password(namespace, secret, self.registry())
    }

    /// Objects of a kind in a namespace, in the order of their names.
    #[track_caller]
    pub fn list(&self, namespace: &str, kind: &str) -> Vec<Value> {
        self.cluster
            .items(format!("-n {namespace} get {kind} -o json"))
    }

    /// Compares what is printed about a namespace, which the text calls `shop`.
    pub fn seen(&self, namespace: &str) -> Seen {
        let names = [(self.registry(), "quay.example.com"), (namespace, "shop")];
        let given = names.into_iter().filter(|(text, _)| !text.is_empty());
        Seen::new(&given.collect::<Vec<_>>())
    }

    /// Runs the plugin.
    #[track_caller]
    pub fn run(&self, words: impl Words) -> Output {
        self.context.run(words)
    }

    /// Prepares a run of another plugin.
    pub fn plugin(&self, plugin: Plugin, words: impl Words) -> Run<'_> {
        self.context.program(plugin, words)
    }
}
