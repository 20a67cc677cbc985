//! Where the commands of a page are typed: a cluster, a Quay at the address that the pages have,
//! kubectl, oc and the plugins on PATH.

use quay_sandbox::quay::{QuayOptions, Role};
use quay_tests::{ConnectProxy, Plugin, TestCluster, TestContext, TestQuay, auth, pull_secret};
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

/// Where Quay is, in every page.
pub const REGISTRY: &str = "quay.example.com:8443";
/// The robot of most pages.
pub const ROBOT: &str = "myorg+k8s_prod_puller";
/// The name that `sync` gives a secret.
pub const SECRET: &str = "quay-pull-secret";

/// What a Deployment's controller appends to the names of its ReplicaSets.
const REVISION: &str = "6b7c9d5f8";

/// The names under which kubectl and oc find the plugins.
const LINKS: [(&str, Plugin); 3] = [
    ("kubectl-quay_robot", Plugin::Robot),
    ("kubectl-quay_pullsecret", Plugin::PullSecret),
    ("oc-quay_global", Plugin::Global),
];

/// What oc does with a command that it does not have.
const OC: &str = r#"#!/bin/sh
name="oc-$(echo "$1" | tr - _)"
shift
exec "$name" "$@"
"#;

/// The surroundings of a block.
pub struct Stage {
    pub context: TestContext,
    pub cluster: TestCluster,
    pub quay: TestQuay,
}

impl Stage {
    /// A cluster whose context has this name, and a Quay without robots. Nobody is logged in.
    pub fn new(cluster: &str) -> Self {
        let mut context = TestContext::new("bash");
        let quay = TestQuay::start_with(
            &mut context,
            QuayOptions {
                server_hostname: Some(REGISTRY.to_owned()),
                ..QuayOptions::default()
            },
        );
        quay.quay.edit(|state| state.delete_robot("myorg+deploy"));
        context.unset("QUAY_URL");
        let proxy = ConnectProxy::leading_to(quay.quay.server().port());
        context.set("HTTPS_PROXY", &proxy.url());
        context.set("NO_PROXY", "127.0.0.1,localhost");
        context.set("NO_COLOR", "1");
        let cluster = TestCluster::small(cluster);
        cluster.join(&mut context);
        let stage = Self {
            context,
            cluster,
            quay,
        };
        stage.put_on_path()
    }

    fn put_on_path(mut self) -> Self {
        let bin = self.bin();
        std::fs::create_dir_all(&bin).expect("a folder for the plugins");
        for (name, plugin) in LINKS {
            symlink(plugin.path(), bin.join(name)).expect("a link to a plugin");
        }
        self.program("oc", OC);
        let rest = self.context.environment()["PATH"].clone();
        self.context
            .set("PATH", &format!("{}:{rest}", bin.display()));
        self
    }

    fn bin(&self) -> PathBuf {
        self.context.path("bin")
    }

    /// Puts a program of the test's own on PATH.
    pub fn program(&self, name: &str, text: &str) {
        let path = self.bin().join(name);
        std::fs::write(&path, text).expect("a program can be written");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("it can be made executable");
    }

    /// From now on the environment logs alice in, with these scopes.
    pub fn logged_in(mut self, scopes: &str) -> Self {
        self.context.set("QUAY_URL", &format!("https://{REGISTRY}"));
        self.quay.sign_in(&mut self.context, scopes);
        self
    }

    /// From now on the kubeconfig has this cluster, too.
    pub fn also_reaches(&mut self, cluster: &TestCluster) {
        let path = self.context.file("second.kubeconfig", cluster.kubeconfig());
        let first = self.context.environment()["KUBECONFIG"].clone();
        let both = format!("{first}:{}", path.display());
        self.context.set("KUBECONFIG", &both);
    }

    /// Types a command that is on no page; it has to succeed.
    #[track_caller]
    pub fn types(&self, typed: &str) {
        self.context.run(["-c", typed]).expect(0);
    }

    /// Writes an object's status, as its kubelet does.
    pub fn patch_status(&self, namespace: &str, object: &str, status: &Value) {
        let status = status.to_string();
        let patch = [
            "patch",
            object,
            "--subresource=status",
            "--type=merge",
            "-p",
        ];
        let patch = [&["-n", namespace], &patch[..], &[&status]].concat();
        self.cluster.kubectl(patch);
    }

    /// Adds a robot that may pull from these repositories of the organization.
    pub fn robot(&mut self, robot: &str, repositories: &[&str]) {
        let token = self.quay.quay.edit(|state| {
            let token = state.add_robot(robot);
            for repository in repositories {
                let role = Some(Role::Read);
                let set = state.set_permission("myorg", repository, robot, role);
                set.expect("the repository exists");
            }
            token
        });
        self.context.watch(&token);
    }

    /// A robot's token now.
    pub fn token(&self, robot: &str) -> String {
        self.quay.token_of_robot(robot).expect("the robot exists")
    }

    /// Creates a namespace.
    pub fn namespace(&self, name: &str) {
        self.cluster.kubectl(["create", "namespace", name]);
        // Its controller makes the service account.
        let account = ["-n", name, "get", "serviceaccount", "default"];
        quay_tests::eventually("a service account", || {
            self.cluster.try_kubectl(account, "").code == 0
        });
    }

    /// A pull secret that holds a robot with this password.
    pub fn secret(&self, namespace: &str, name: &str, robot: &str, password: &str) -> Value {
        let entry = json!({"auth": auth(robot, password)});
        pull_secret(namespace, name, &json!({REGISTRY: entry}))
    }

    /// Creates a pull secret that holds a robot's token of now.
    pub fn current_secret(&self, namespace: &str, name: &str, robot: &str) {
        let secret = self.secret(namespace, name, robot, &self.token(robot));
        self.cluster.create(&secret);
    }

    /// Creates one that holds a token that the robot no longer has.
    pub fn stale_secret(&self, namespace: &str, name: &str, robot: &str) {
        let secret = self.secret(namespace, name, robot, &"O".repeat(64));
        self.cluster.create(&secret);
    }

    /// Creates a pod that runs an image of the organization, such as `my-app:v1`.
    pub fn pod(&self, namespace: &str, name: &str, image: &str, secrets: &[&str]) {
        self.cluster.create(&pod(namespace, name, image, secrets));
    }
}

impl Stage {
    /// Creates a Deployment, the ReplicaSet that its controller would make, and so many pods.
    pub fn deployment(&self, namespace: &str, name: &str, image: &str, secret: &str, pods: usize) {
        let labels = json!({"app": name});
        let spec = pod(namespace, name, image, &[secret])["spec"].take();
        let template = json!({"metadata": {"labels": labels}, "spec": spec});
        let object = |kind: &str, name: &str, owners: &Value| {
            json!({
                "apiVersion": "apps/v1", "kind": kind,
                "metadata": {"name": name, "namespace": namespace, "ownerReferences": owners},
                "spec": {"selector": {"matchLabels": labels}, "template": template},
            })
        };
        self.cluster.create(&object("Deployment", name, &json!([])));
        let set = format!("{name}-{REVISION}");
        let owner = self.owner(namespace, "Deployment", name);
        self.cluster.create(&object("ReplicaSet", &set, &owner));
        let owner = self.owner(namespace, "ReplicaSet", &set);
        for number in 1..=pods {
            let mut pod = pod(namespace, &format!("{set}-{number}"), image, &[secret]);
            pod["metadata"]["ownerReferences"] = owner.clone();
            self.cluster.create(&pod);
        }
    }

    /// What an object says of the workload that controls it.
    fn owner(&self, namespace: &str, kind: &str, name: &str) -> Value {
        let object = self.cluster.get(namespace, &format!("{kind}/{name}"));
        json!([{
            "apiVersion": "apps/v1", "kind": kind, "name": name, "controller": true,
            "uid": object["metadata"]["uid"],
        }])
    }
}

/// A pod that runs an image of the organization with these pull secrets.
pub fn pod(namespace: &str, name: &str, image: &str, secrets: &[&str]) -> Value {
    let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    let image = format!("{REGISTRY}/myorg/{image}");
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "imagePullSecrets": secrets,
            "containers": [{"name": "c", "image": image}],
        },
    })
}
