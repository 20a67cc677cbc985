//! What every test begins with: an OpenShift cluster, a Quay, somebody signed in.

use quay_sandbox::openshift;
use quay_sandbox::quay::QuayOptions;
use quay_sandbox::registries::Registries;
use quay_tests::{ConnectProxy, Output, Plugin, TestCluster, auth, pull_secret_of, text_of};
use serde_json::{Value, json};
use std::borrow::Borrow;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub use quay_tests::ROBOT;

const SCOPES: &str = "org:admin repo:admin user:admin";
pub const NAMESPACE: &str = "openshift-config";
pub const SECRET: &str = "pull-secret";
/// Where Red Hat's release images are, and where OKD's are.
pub const RED_HATS_RELEASES: &str = "quay.io/openshift-release-dev/ocp-release";
pub const OKDS_RELEASES: &str = "quay.io/okd/scos-release";

/// A test's surroundings. There is one global pull secret, so tests take turns.
pub struct World {
    base: quay_tests::World,
    pub red_hat_token: String,
    _turn: MutexGuard<'static, ()>,
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
    /// A standalone cluster whose pull secret has Red Hat's entries and somebody else's.
    pub fn new() -> Self {
        let world = Self::hosted_by("HighlyAvailable");
        world.put(&world.content(None));
        world
    }

    /// A cluster with a hosted control plane, whose own pull secret has the same entries.
    pub fn hosted() -> Self {
        let world = Self::hosted_by("External");
        world.put(&world.content(None));
        world
    }

    fn hosted_by(topology: &str) -> Self {
        let turn = turn();
        let cluster = openshift();
        let base = quay_tests::World::on(Plugin::Global, cluster, QuayOptions::default());
        let mut base = base.signed_in(SCOPES).behind_proxy();
        let context = &mut base.context;
        // Nothing here may ask the registries of the real world.
        context.set("HTTPS_PROXY", "http://127.0.0.1:9");
        context.set("NO_PROXY", "127.0.0.1,localhost");
        let red_hat_token = "R".repeat(64);
        context.watch(&red_hat_token);
        let status = openshift::infrastructure_status(topology).to_string();
        let patch = ["patch", "infrastructure", "cluster", "--subresource=status"];
        cluster.kubectl([&patch[..], &["--type=merge", "-p", &status]].concat());
        for (namespace, selector) in [
            (NAMESPACE, "--all"),
            ("kube-system", "-lkubectl-quay/backup-of"),
        ] {
            cluster.kubectl(format!("-n {namespace} delete secrets {selector}"));
        }
        cluster.kubectl(
            "-n kube-system delete secret additional-pull-secret global-pull-secret \
             original-pull-secret --ignore-not-found",
        );
        cluster.kubectl("delete nodes --all");
        cluster.kubectl("delete machineconfigpools,machineconfigs,clusterversions --all");
        let mirrors = "imagedigestmirrorsets,imagetagmirrorsets,imagecontentsourcepolicies";
        let trust = "images.config.openshift.io,proxies.config.openshift.io";
        cluster.kubectl(["delete", &format!("{mirrors},{trust}"), "--all"]);
        cluster.kubectl(format!(
            "-n {NAMESPACE} delete configmaps -lsite=authorities"
        ));
        let syncer = ["delete", "daemonset", "--all", "--ignore-not-found"];
        cluster.kubectl([&["-n", "kube-system"], &syncer[..]].concat());
        Self {
            base,
            red_hat_token,
            _turn: turn,
        }
    }

    /// A global pull secret's text: Red Hat's entries, somebody else's, and maybe the robot's.
    pub fn content(&self, robot_token: Option<&str>) -> String {
        let mut auths = openshift::red_hat_entries(&self.red_hat_token, "me@example.com");
        auths["registry.example.com"] = json!({"auth": "YTpi", "email": "", "x": [1.5, null]});
        if let Some(token) = robot_token {
            auths[self.registry()] = json!({"auth": auth(ROBOT, token)});
        }
        json!({"credHelpers": {"gcr.io": "gcloud"}, "auths": auths, "psFormat": "table"})
            .to_string()
    }

    /// What is in the pull secret of an OKD cluster: the robot, and nothing of Red Hat's.
    pub fn okd_content(&self) -> String {
        let entry = json!({"auth": auth(ROBOT, &self.token())});
        json!({"auths": {self.registry(): entry}}).to_string()
    }

    /// A cluster that runs this version, with a release image of this repository.
    pub fn runs_release(&self, version: &str, repository: &str) {
        self.cluster
            .kubectl("delete clusterversion version --ignore-not-found");
        self.cluster.create(&openshift::cluster_version("c-1"));
        let status = openshift::release_status(version, repository).to_string();
        let patch = ["patch", "clusterversion", "version", "--subresource=status"];
        let patch = [&patch[..], &["--type=merge", "-p", &status]].concat();
        self.cluster.kubectl(&patch);
    }

    /// The registries of these names are this stand-in from now on, at whatever port, as far as
    /// the plugin is concerned.
    pub fn registries(&mut self, names: &[&str]) -> Registries {
        let registries = Registries::start(names).expect("the stand-in starts");
        let proxy = ConnectProxy::leading_to(registries.server().port());
        self.context.set("HTTPS_PROXY", &proxy.url());
        registries
    }

    /// The nodes trust this authority for one registry.
    pub fn trusts_at(&self, key: &str, pem: &str) {
        self.cluster
            .create(&openshift::authorities("registries", key, pem));
        self.cluster.create(&openshift::image_config("registries"));
    }

    /// The nodes trust this authority for everything that comes through their proxy.
    pub fn trusts_everywhere(&self, pem: &str) {
        let bundle = openshift::authorities("proxy", "ca-bundle.crt", pem);
        self.cluster.create(&bundle);
        self.cluster.create(&openshift::proxy_config("proxy"));
    }

    /// The additional pull secret's text of a hosted cluster.
    pub fn additional(&self) -> String {
        self.cluster
            .content("kube-system", "additional-pull-secret")
    }

    /// A pool of three machines that has arrived at its first rendered config, which brings
    /// what the secret holds now.
    pub fn pool(&self, name: &str) {
        let config = format!("rendered-{name}-0");
        self.cluster.create(&openshift::pool(name, &config));
        self.render(name, 0);
        self.machines(name, 0, 3);
    }

    /// The Machine Config Operator renders what the secret holds now for the pool.
    pub fn render(&self, pool: &str, number: usize) {
        let config = format!("rendered-{pool}-{number}");
        self.cluster
            .create(&openshift::machine_config(&config, &self.text()));
        self.patch(pool, &[], &openshift::wants(&config));
    }

    /// So many of the pool's machines have arrived at its rendered config.
    pub fn machines(&self, pool: &str, number: usize, updated: u64) {
        self.cluster.machines_arrive(pool, number, updated);
    }

    /// Changes a pool.
    pub fn patch(&self, pool: &str, flags: &[&str], patch: &Value) {
        self.cluster.patch_pool(pool, flags, patch);
    }

    /// Stores this text as the global pull secret.
    pub fn put(&self, content: &str) {
        let secret = pull_secret_of(NAMESPACE, SECRET, content);
        let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        self.cluster
            .try_kubectl(apply, &secret.to_string())
            .expect(0);
    }

    /// The global pull secret's text now.
    #[track_caller]
    pub fn text(&self) -> String {
        self.cluster.content(NAMESPACE, SECRET)
    }

    /// The text of every backup, the oldest first.
    #[track_caller]
    pub fn backups(&self) -> Vec<String> {
        let items = self.cluster.items(format!(
            "-n {NAMESPACE} get secrets -l kubectl-quay/backup-of -o json"
        ));
        items.iter().map(text_of).collect()
    }

    /// The entry of this key in the plugin's JSON.
    #[track_caller]
    pub fn item(output: &Output, key: &str) -> Value {
        let found = output.items().into_iter().find(|item| item["key"] == key);
        found.unwrap_or_else(|| panic!("no {key} in {}", output.stdout))
    }
}

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shared cluster, made to look like OpenShift.
fn openshift() -> &'static TestCluster {
    static PREPARED: OnceLock<()> = OnceLock::new();
    let cluster = TestCluster::shared("global");
    PREPARED.get_or_init(|| cluster.become_openshift());
    cluster
}
