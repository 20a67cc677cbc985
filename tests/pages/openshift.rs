//! A stage on an OpenShift cluster, and the Machine Config Operator's part on it.

use crate::pages::stage::Stage;
use quay_sandbox::openshift;
use quay_tests::{TestCluster, pull_secret_of};
use serde_json::json;

const NAMESPACE: &str = "openshift-config";
const SECRET: &str = "pull-secret";
/// Each of three machines.
const POOLS: [&str; 2] = ["master", "worker"];
const MACHINES: u64 = 3;

/// Red Hat's four entries and somebody else's are in its pull secret, and on every machine.
pub struct OpenShift {
    pub stage: Stage,
}

impl OpenShift {
    /// A cluster whose context has this name. Alice is logged in to Quay.
    pub fn new(cluster: &str) -> Self {
        let mut stage = Stage::new(cluster).logged_in("org:admin repo:admin");
        let token = "R".repeat(64);
        stage.context.watch(&token);
        become_openshift(&stage.cluster, &token);
        for pool in POOLS {
            let config = format!("rendered-{pool}-0");
            stage.cluster.create(&openshift::pool(pool, &config));
        }
        let openshift = Self { stage };
        openshift.render(0);
        for pool in POOLS {
            openshift.stage.cluster.machines_arrive(pool, 0, MACHINES);
        }
        openshift
    }

    /// Pauses a pool.
    pub fn pause(&self, pool: &str) {
        let paused = json!({"spec": {"paused": true}});
        self.stage.cluster.patch_pool(pool, &[], &paused);
        // The operator has seen it.
        self.stage.cluster.machines_arrive(pool, 0, MACHINES);
    }

    /// The operator brings what the secret holds now to every machine.
    pub fn rolls_out(&self) {
        self.render(1);
        for pool in POOLS {
            self.stage.cluster.roll_out(pool, 1, MACHINES);
        }
    }

    /// The operator renders what the secret holds now for every pool.
    fn render(&self, number: usize) {
        let text = self.stage.cluster.content(NAMESPACE, SECRET);
        for pool in POOLS {
            let config = format!("rendered-{pool}-{number}");
            let config = openshift::machine_config(&config, &text);
            self.stage.cluster.create(&config);
        }
    }
}

impl Drop for OpenShift {
    /// A watchdog that nobody ends would try for a day to undo its change.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.stage.context.run(["-c", "oc quay-global confirm"]);
        }
    }
}

/// Makes it a standalone OpenShift cluster, whose pull secret holds this token of Red Hat's.
pub fn become_openshift(cluster: &TestCluster, token: &str) {
    cluster.become_openshift();
    let status = openshift::infrastructure_status("HighlyAvailable").to_string();
    let patch = ["patch", "infrastructure", "cluster", "--subresource=status"];
    cluster.kubectl([&patch[..], &["--type=merge", "-p", &status]].concat());
    let mut auths = openshift::red_hat_entries(token, "alice@example.com");
    auths["registry.example.com"] = json!({"auth": "YTpi", "email": ""});
    let text = json!({"auths": auths}).to_string();
    cluster.create(&pull_secret_of(NAMESPACE, SECRET, text));
}
