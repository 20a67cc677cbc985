//! Makes a cluster look like OpenShift, as far as the global pull secret is concerned.

use super::cluster::TestCluster;
use super::eventually::eventually;
use quay_sandbox::openshift;
use serde_json::{Value, json};

impl TestCluster {
    /// Adds OpenShift's definitions, its Infrastructure and the namespace of its global pull
    /// secret; once for each cluster.
    #[track_caller]
    pub fn become_openshift(&self) {
        self.create_all(&openshift::definitions());
        for kind in [
            "machineconfigpools",
            "machineconfigs",
            "infrastructures",
            "clusterversions",
            "images.config.openshift.io",
            "proxies.config.openshift.io",
            "imagedigestmirrorsets",
            "imagetagmirrorsets",
            "imagecontentsourcepolicies",
        ] {
            eventually(&format!("{kind} are served"), || {
                self.try_kubectl(["get", kind], "").code == 0
            });
        }
        let metadata = json!({"name": "openshift-config"});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        self.create_all(&[namespace, openshift::infrastructure()]);
        self.create_all(&openshift::operator());
        self.operator_runs(1);
    }

    /// So many pods of the Machine Config Operator's controller are available.
    #[track_caller]
    pub fn operator_runs(&self, available: u64) {
        let (namespace, status) = (
            openshift::OPERATOR_NAMESPACE,
            openshift::operator_status(available),
        );
        let status = status.to_string();
        let patch = ["patch", "deployment", openshift::CONTROLLER, "--type=merge"];
        let flags = ["-n", namespace, "--subresource=status", "-p", &status];
        self.kubectl([&patch[..], &flags].concat());
    }

    /// A pool of three machines wants the rendered config of this number, and so many of
    /// them have arrived at it.
    #[track_caller]
    pub fn roll_out(&self, pool: &str, number: usize, updated: u64) {
        let config = format!("rendered-{pool}-{number}");
        self.patch_pool(pool, &[], &openshift::wants(&config));
        self.machines_arrive(pool, number, updated);
    }

    /// So many of the pool's three machines have arrived at the rendered config of this number.
    #[track_caller]
    pub fn machines_arrive(&self, pool: &str, number: usize, updated: u64) {
        let rendered = |number: usize| format!("rendered-{pool}-{number}");
        let object = self.get("", &format!("mcp/{pool}"));
        let generation = object["metadata"]["generation"]
            .as_i64()
            .unwrap_or_default();
        let before = rendered(number.saturating_sub(1));
        let progress = openshift::progress(generation, &before, &rendered(number), updated, 3);
        self.patch_pool(pool, &["--subresource=status"], &progress);
    }

    /// Changes a pool.
    #[track_caller]
    pub fn patch_pool(&self, pool: &str, flags: &[&str], patch: &Value) {
        let patch = patch.to_string();
        let arguments = [
            "patch",
            "machineconfigpool",
            pool,
            "--type=merge",
            "-p",
            &patch,
        ];
        self.kubectl([&arguments[..], flags].concat());
    }
}
