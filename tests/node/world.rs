//! What every test begins with: a node, a Quay in its network that it trusts, a namespace.

use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_sandbox::quay::QuayOptions;
use quay_tests::{Node, Output, Plugin, pull_secret};
use serde_json::{Value, json};
use std::ops::{Deref, DerefMut};
use std::path::Path;

pub use quay_tests::ROBOT;

/// What a rotation and a verification take.
const SCOPES: &str = "org:admin repo:admin";
/// The secret that holds the robot.
pub const SECRET: &str = "robot";

/// The folder of the plugins.
pub fn plugins() -> &'static Path {
    let robot = Plugin::Robot.path();
    robot.parent().expect("binaries are in a folder")
}

/// A test's surroundings.
pub struct World {
    base: quay_tests::World,
    pub node: &'static Node,
    /// Where the robot's secret is.
    pub namespace: String,
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
    /// The shared node, if there is one.
    pub fn new(hint: &str) -> Option<Self> {
        Self::beside(hint, QuayOptions::default())
    }

    /// The same with a Quay that is started so.
    pub fn beside(hint: &str, options: QuayOptions) -> Option<Self> {
        let node = Node::shared()?;
        let base = quay_tests::World::on(Plugin::Robot, &node.cluster, options);
        let base = base.signed_in(SCOPES).behind_proxy();
        node.trust(base.quay);
        let namespace = node.cluster.namespace(hint);
        let world = Self {
            base,
            node,
            namespace,
        };
        world.current_secret(&world.namespace, SECRET);
        Some(world)
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

    /// Proves the pull of an image with `kubectl quay-pullsecret verify --pull`.
    #[track_caller]
    pub fn verify(&self, image: &str) -> Output {
        let verify = format!("verify -n {} --pull {image} -o json", self.namespace);
        self.plugin(Plugin::PullSecret, verify).run()
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
        self.list(&self.namespace, "pods")
    }

    /// The events in the namespace.
    pub fn events(&self) -> Vec<Value> {
        self.list(&self.namespace, "events")
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
