//! What every test begins with: a node, a Quay in its network that it trusts, a namespace.

use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_sandbox::quay::QuayOptions;
use quay_tests::{FaultyCluster, Node, Output, Run, TestContext, TestQuay, auth, pull_secret};
use serde_json::{Value, json};
use std::path::Path;

/// The robot of these tests; it may pull `myorg/my-app`.
pub const ROBOT: &str = "myorg+deploy";
/// What a rotation and a verification take.
const SCOPES: &str = "org:admin repo:admin";
/// The secret that holds the robot.
pub const SECRET: &str = "robot";

/// The plugin that verifies.
pub const PULLSECRET: &str = "kubectl-quay-pullsecret";

/// The folder of the plugins.
pub fn plugins() -> &'static Path {
    let robot = Path::new(env!("CARGO_BIN_EXE_kubectl-quay-robot"));
    robot.parent().expect("binaries are in a folder")
}

/// A test's surroundings.
pub struct World {
    pub context: TestContext,
    pub node: &'static Node,
    pub faulty: FaultyCluster,
    /// Never stopped: the next test's Quay would be given its port, and find on the shared
    /// cluster what this test left.
    pub quay: &'static TestQuay,
    /// Where the robot's secret is.
    pub namespace: String,
}

impl World {
    /// The shared node, if there is one.
    pub fn new(hint: &str) -> Option<Self> {
        Self::beside(hint, QuayOptions::default())
    }

    /// The same with a Quay that is started so.
    pub fn beside(hint: &str, options: QuayOptions) -> Option<Self> {
        let node = Node::shared()?;
        let mut context = TestContext::new(env!("CARGO_BIN_EXE_kubectl-quay-robot"));
        let quay: &'static TestQuay =
            Box::leak(Box::new(TestQuay::start_with(&mut context, options)));
        quay.sign_in(&mut context, SCOPES);
        node.trust(quay);
        let faulty = node.cluster.behind_proxy();
        faulty.join(&mut context);
        let namespace = node.cluster.namespace(hint);
        let world = Self {
            context,
            node,
            faulty,
            quay,
            namespace,
        };
        let entry = json!({"auth": auth(ROBOT, &world.token())});
        world.secret(SECRET, &json!({world.quay.registry(): entry}));
        Some(world)
    }

    /// The robot's token now.
    pub fn token(&self) -> String {
        self.quay.token_of_robot(ROBOT).expect("the robot exists")
    }

    /// Creates a pull secret with these entries.
    pub fn secret(&self, name: &str, auths: &Value) {
        let secret = pull_secret(&self.namespace, name, auths);
        self.node.cluster.create(&secret);
    }

    /// An image of the test's Quay, such as `my-app:v1`.
    pub fn image(&self, name: &str) -> String {
        format!("{}/myorg/{name}", self.quay.registry())
    }

    /// Prepares a run of `kubectl quay-pullsecret`.
    pub fn pullsecret(&self, arguments: &[&str]) -> Run<'_> {
        let path = plugins().join(PULLSECRET);
        assert!(path.is_file(), "{path:?}: cargo build --workspace --bins");
        self.context.program(&path.to_string_lossy(), arguments)
    }

    /// Proves the pull of an image with `kubectl quay-pullsecret verify --pull`.
    #[track_caller]
    pub fn verify(&self, image: &str) -> Output {
        let arguments = [
            "verify",
            "-n",
            &self.namespace,
            "--pull",
            image,
            "-o",
            "json",
        ];
        self.pullsecret(&arguments).run()
    }

    /// A pod that runs the image with these pull secrets.
    pub fn pod_with(&self, name: &str, image: &str, policy: &str, secrets: &[&str]) -> Value {
        let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "automountServiceAccountToken": false,
                "terminationGracePeriodSeconds": 0,
                "imagePullSecrets": secrets,
                "containers": [{"name": "c", "image": image, "imagePullPolicy": policy}],
            },
        })
    }

    /// The pods in the namespace.
    pub fn pods(&self) -> Vec<Value> {
        self.list("pods")
    }

    /// The events in the namespace.
    pub fn events(&self) -> Vec<Value> {
        self.list("events")
    }

    fn list(&self, kind: &str) -> Vec<Value> {
        let arguments = ["-n", &self.namespace, "get", kind, "-o", "json"];
        let text = self.node.cluster.kubectl(&arguments);
        let list: Value = serde_json::from_str(&text).expect("kubectl prints JSON");
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// The names of the pods that had such an event with a message that begins so.
    pub fn pods_with(&self, reason: &str, beginning: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .events()
            .iter()
            .filter(|event| event["reason"] == reason)
            .filter(|event| {
                event["message"]
                    .as_str()
                    .is_some_and(|text| text.starts_with(beginning))
            })
            .filter_map(|event| event["involvedObject"]["name"].as_str().map(str::to_owned))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Stops such a request of the plugin's to the cluster before it is carried out.
    pub fn hold(&self, method: &str, path: &str) -> Hold {
        let hold = Hold::default();
        let method = method.parse().expect("a method");
        let action = FaultAction::HoldBefore(hold.clone());
        let fault = Fault::once(method, path, action);
        self.faulty.faults().add(fault);
        hold
    }

    /// Stops its first write. One that is only tried is none.
    pub fn hold_first_write(&self) -> Hold {
        let hold = Hold::default();
        let action = FaultAction::HoldBefore(hold.clone());
        self.faulty.faults().add_nth_mutating(0, action);
        hold
    }
}
