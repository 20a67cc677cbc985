//! What every test begins with: a cluster behind a proxy of its own, a Quay, somebody
//! signed in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_tests::{FaultyCluster, Output, TestCluster, TestContext, TestQuay, auth};
use serde_json::Value;

/// The robot of these tests; it may pull `myorg/my-app`.
pub const ROBOT: &str = "myorg+deploy";
/// What the API token of these tests may do.
const SCOPES: &str = "org:admin repo:admin user:admin";

/// A test's surroundings.
pub struct World {
    pub context: TestContext,
    pub cluster: &'static TestCluster,
    pub faulty: FaultyCluster,
    pub quay: TestQuay,
}

impl World {
    /// The shared cluster behind a new proxy, a Quay, the environment signed in.
    pub fn new() -> Self {
        let mut context = TestContext::new(env!("CARGO_BIN_EXE_kubectl-quay-pullsecret"));
        let quay = TestQuay::start(&mut context);
        quay.sign_in(&mut context, SCOPES);
        let cluster = TestCluster::shared();
        let faulty = cluster.behind_proxy();
        faulty.join(&mut context);
        Self {
            context,
            cluster,
            faulty,
            quay,
        }
    }

    /// The registry's host, as it stands in `auths`.
    pub fn registry(&self) -> &str {
        self.quay.registry()
    }

    /// The robot's token now.
    pub fn token(&self) -> String {
        self.quay.token_of_robot(ROBOT).expect("the robot exists")
    }

    /// Regenerates the robot's token, so that every secret that holds it is stale.
    pub fn regenerate(&mut self) -> String {
        self.quay.regenerate(&mut self.context, ROBOT)
    }

    /// A pull secret's text: the robot with this password between other people's things.
    pub fn mixed(&self, password: &str) -> String {
        let (registry, auth) = (self.registry(), auth(ROBOT, password));
        format!(
            r#"{{"credHelpers":{{"gcr.io":"gcloud"}},"auths":{{"docker.io":{{"auth":"YTpi","email":"me@example.com","x":[1.5,null]}},"{registry}":{{"email":"robot@example.com","username":"{ROBOT}","password":"{password}","auth":"{auth}"}},"registry.redhat.io":{{}}}},"psFormat":"table"}}"#
        )
    }

    /// The same without the robot.
    pub fn without_robot() -> &'static str {
        r#"{"credHelpers":{"gcr.io":"gcloud"},"auths":{"docker.io":{"auth":"YTpi","email":"me@example.com","x":[1.5,null]},"registry.redhat.io":{}},"psFormat":"table"}"#
    }

    /// Runs the plugin through the proxy.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.context.run(arguments)
    }

    /// Every secret, service account or such of a namespace, in the order of their names.
    #[track_caller]
    pub fn list(&self, namespace: &str, kind: &str) -> Vec<Value> {
        self.items(&["-n", namespace, "get", kind, "-o", "json"])
    }

    /// The same of all namespaces.
    #[track_caller]
    pub fn everywhere(&self, kind: &str) -> Vec<Value> {
        self.items(&["get", "--all-namespaces", kind, "-o", "json"])
    }

    #[track_caller]
    fn items(&self, arguments: &[&str]) -> Vec<Value> {
        let text = self.cluster.kubectl(arguments);
        let list: Value = serde_json::from_str(&text).expect("kubectl prints JSON");
        list["items"].as_array().cloned().unwrap_or_default()
    }
}

/// The text in a secret's field.
pub fn decoded(field: &Value) -> String {
    let bytes = STANDARD.decode(field.as_str().unwrap_or_default());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// The names of objects.
pub fn names(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .map(|object| object["metadata"]["name"].as_str().unwrap_or_default())
        .collect()
}

/// The pull secrets that a service account or pod specification names.
pub fn references(holder: &Value) -> Vec<&str> {
    let list = holder["imagePullSecrets"].as_array();
    list.into_iter()
        .flatten()
        .map(|reference| reference["name"].as_str().unwrap_or_default())
        .collect()
}

/// The line of the report that is about this object.
pub fn line_of<'a>(stdout: &'a str, name: &str) -> &'a str {
    let is_about = |line: &&str| line.split_whitespace().any(|word| word == name);
    let line = stdout.lines().find(is_about);
    line.unwrap_or_else(|| panic!("no line about {name} in:\n{stdout}"))
}
