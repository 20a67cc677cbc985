//! What every test begins with: a cluster, a Quay, somebody signed in.

use quay_tests::{Output, TestCluster, TestContext, TestQuay, auth, pull_secret};
use serde_json::{Value, json};

/// The robot of these tests; it may pull `myorg/my-app`.
pub const ROBOT: &str = "myorg+deploy";
/// What the API token of these tests may do.
pub const SCOPES: &str = "org:admin repo:admin user:admin";

/// A test's surroundings.
pub struct World {
    pub context: TestContext,
    pub cluster: &'static TestCluster,
    pub quay: TestQuay,
}

impl World {
    /// The shared cluster, a Quay of the test's own, the environment signed in.
    pub fn new() -> Self {
        let mut world = Self::without_login();
        world.quay.sign_in(&mut world.context, SCOPES);
        world
    }

    /// The same without an API token.
    pub fn without_login() -> Self {
        let mut context = TestContext::new(env!("CARGO_BIN_EXE_kubectl-quay-pullsecret"));
        let quay = TestQuay::start(&mut context);
        let cluster = TestCluster::shared();
        cluster.join(&mut context);
        Self {
            context,
            cluster,
            quay,
        }
    }

    /// The registry's host, as it stands in `auths`.
    pub fn registry(&self) -> &str {
        self.quay.registry()
    }

    /// The robot's token now; no run may give it away.
    pub fn token(&self) -> String {
        self.quay.token_of_robot(ROBOT).expect("the robot exists")
    }

    /// Regenerates the robot's token behind everybody's back.
    pub fn regenerate(&mut self) -> String {
        self.quay.regenerate(&mut self.context, ROBOT)
    }

    /// An entry that holds the robot with this password.
    pub fn entry(&self, password: &str) -> Value {
        json!({"auth": auth(ROBOT, password)})
    }

    /// Creates a pull secret that holds the robot's current token at the registry's key.
    pub fn current_secret(&self, namespace: &str, name: &str) {
        let entry = self.entry(&self.token());
        self.cluster.create(&pull_secret(
            namespace,
            name,
            &json!({self.registry(): entry}),
        ));
    }

    /// Creates a pull secret that holds a token the robot no longer has.
    pub fn stale_secret(&self, namespace: &str, name: &str) {
        let entry = self.entry(&"O".repeat(64));
        self.cluster.create(&pull_secret(
            namespace,
            name,
            &json!({self.registry(): entry}),
        ));
    }

    /// Lets the user `limited` do this in a namespace.
    pub fn grant_limited(&self, namespace: &str, verbs: &str, resource: &str) {
        let (verbs, name) = (format!("--verb={verbs}"), format!("{resource}-role"));
        let resource = format!("--resource={resource}");
        self.cluster
            .kubectl(&["-n", namespace, "create", "role", &name, &verbs, &resource]);
        let role = format!("--role={name}");
        let bind = [
            "-n",
            namespace,
            "create",
            "rolebinding",
            &name,
            &role,
            "--user=limited",
        ];
        self.cluster.kubectl(&bind);
    }

    /// Runs the plugin.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.context.run(arguments)
    }

    /// The password the secret's entry for the registry holds.
    #[track_caller]
    pub fn password(&self, namespace: &str, secret: &str) -> String {
        self.cluster.password(namespace, secret, self.registry())
    }

    /// The plugin's JSON result for one object.
    #[track_caller]
    pub fn item(output: &Output, namespace: &str, name: &str) -> Value {
        let report: Value = serde_json::from_str(&output.stdout).expect("JSON on stdout");
        let items = report["items"].as_array().expect("items").clone();
        let named = |item: &Value| item["name"] == name || item["secret"] == name;
        let found = items
            .iter()
            .find(|item| item["namespace"] == namespace && named(item));
        found
            .unwrap_or_else(|| panic!("no {namespace}/{name} in {}", output.stdout))
            .clone()
    }
}
