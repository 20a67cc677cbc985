//! The OpenShift act: the pull secret of every node, and somebody who plays the Machine
//! Config Operator.

use super::stage::ROBOT;
use super::{Acts, Expected};
use crate::api::{Access, Api, Call};
use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quay_sandbox::openshift;
use quay_tests::Leaks;
use serde_json::{Value, json};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

const SECRET: &str = "/api/v1/namespaces/openshift-config/secrets/pull-secret";
const POOLS: &str = "/apis/machineconfiguration.openshift.io/v1/machineconfigpools";
const CONFIGS: &str = "/apis/machineconfiguration.openshift.io/v1/machineconfigs";

/// The pools and their machines.
const MACHINES: [(&str, u64); 2] = [("master", 3), ("worker", 4)];
/// How long a machine takes here; a real one takes a minute.
const MACHINE: Duration = Duration::from_millis(400);
/// Longer than an API server needs to serve a definition.
const SERVED: Duration = Duration::from_secs(30);

impl Acts<'_> {
    /// Updates the global pull secret, follows it to the nodes, and takes it back; returns
    /// what has to hold after that, and whether it does.
    pub fn play_openshift(&self, kubeconfig: &Path) -> Result<Vec<(String, bool)>> {
        self.screen
            .heading("OpenShift: the pull secret of every node");
        self.screen.remark(
            "openshift-config/pull-secret has Red Hat's four entries, and one of somebody else.\n\
             Two machine config pools bring it to seven machines.",
        );
        let access = Access::read(kubeconfig)?;
        let token = "REDHAT0TOKEN0123".repeat(4);
        let original = set(&Api::connect(&access)?, &token)?;
        let mut said = self.command("quay-global show", &[], &Expected::Success)?;
        let update = format!("quay-global update --robot {ROBOT} --yes");
        said += &self.command(&update, &[], &Expected::Success)?;
        let updated = content(&Api::connect(&access)?)?;
        self.screen.remark(
            "This demo plays the Machine Config Operator, which brings the secret to the \
                     machines.",
        );
        let operator = std::thread::spawn(move || roll(&access));
        said += &self.command("quay-global status", &[], &Expected::Success)?;
        said += &self.command("quay-global status --wait", &[], &Expected::Success)?;
        let rolled = operator.join();
        rolled.map_err(|_| anyhow!("the operator's thread ended early"))??;
        said += &self.command("quay-global backups", &[], &Expected::Success)?;
        said += &self.command("quay-global rollback --yes", &[], &Expected::Success)?;
        self.screen
            .remark("Red Hat's own entries cannot be dropped by accident: exit code 1.");
        let remove = "quay-global remove cloud.openshift.com --yes";
        said += &self.command(remove, &[], &Expected::Problem)?;
        let restored = content(&Api::connect(&Access::read(kubeconfig)?)?)?;
        self.proofs(&original, &updated, &restored, &token, &said)
    }

    fn proofs(
        &self,
        original: &str,
        updated: &str,
        restored: &str,
        token: &str,
        said: &str,
    ) -> Result<Vec<(String, bool)>> {
        let mut expected: Value = serde_json::from_str(original)?;
        let pair = format!("{ROBOT}:{}", self.stage.robot_token()?);
        expected["auths"][self.stage.quay().registry()] = json!({"auth": STANDARD.encode(pair)});
        let expected = expected.to_string();
        let mut leaks = Leaks::default();
        leaks.watch(token);
        Ok(vec![
            (
                "the global pull secret got the robot, and no other byte changed".into(),
                updated == expected,
            ),
            (
                "the rollback restored the old content, byte for byte".into(),
                restored == original,
            ),
            (
                "no token was printed in the OpenShift part either".into(),
                leaks.find(said.as_bytes()).is_none() && !self.stage.gives_away(said),
            ),
        ])
    }
}

/// Makes the cluster look like OpenShift; returns the text of its pull secret.
fn set(api: &Api, token: &str) -> Result<String> {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for definition in openshift::definitions() {
        api.call(Call::post(definitions, definition))?;
    }
    let began = Instant::now();
    while api.call(Call::get(POOLS)).is_err() || api.call(Call::get(CONFIGS)).is_err() {
        ensure!(began.elapsed() < SERVED, "the definitions are not served");
        sleep(Duration::from_millis(50));
    }
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "openshift-config"}});
    api.call(Call::post("/api/v1/namespaces", namespace))?;
    let [namespace, controller] = openshift::operator();
    api.call(Call::post("/api/v1/namespaces", namespace))?;
    let deployments = format!(
        "/apis/apps/v1/namespaces/{}/deployments",
        openshift::OPERATOR_NAMESPACE
    );
    api.call(Call::post(&deployments, controller))?;
    let status = format!("{deployments}/{}/status", openshift::CONTROLLER);
    api.call(Call::merge_patch(status, openshift::operator_status(1)))?;
    let mut auths = openshift::red_hat_entries(token, "admin@example.com");
    auths["registry.example.net"] = json!({"auth": "YTpi", "x-team": "platform"});
    let text = json!({"auths": auths}).to_string();
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pull-secret", "namespace": "openshift-config"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": STANDARD.encode(&text)},
    });
    let secrets = SECRET.trim_end_matches("/pull-secret");
    api.call(Call::post(secrets, secret))?;
    for (pool, machines) in MACHINES {
        let config = format!("rendered-{pool}-1");
        api.call(Call::post(
            CONFIGS,
            openshift::machine_config(&config, &text),
        ))?;
        api.call(Call::post(POOLS, openshift::pool(pool, &config)))?;
        let there = openshift::progress(1, &config, &config, machines, machines);
        api.call(Call::merge_patch(format!("{POOLS}/{pool}/status"), there))?;
    }
    Ok(text)
}

/// Renders what the secret holds now for every pool, and updates one machine after another.
fn roll(access: &Access) -> Result<()> {
    let api = Api::connect(access)?;
    let text = content(&api)?;
    for (pool, machines) in MACHINES {
        let (old, new) = (format!("rendered-{pool}-1"), format!("rendered-{pool}-2"));
        api.call(Call::post(CONFIGS, openshift::machine_config(&new, &text)))?;
        let path = format!("{POOLS}/{pool}");
        api.call(Call::merge_patch(&path, openshift::wants(&new)))?;
        for updated in 0..=machines {
            let step = openshift::progress(2, &old, &new, updated, machines);
            api.call(Call::merge_patch(format!("{path}/status"), step))?;
            sleep(MACHINE);
        }
    }
    Ok(())
}

/// The text in the global pull secret.
fn content(api: &Api) -> Result<String> {
    let secret = api.call(Call::get(SECRET))?;
    let data = secret["data"][".dockerconfigjson"].as_str();
    let bytes = STANDARD.decode(data.context("the pull secret is empty")?)?;
    Ok(String::from_utf8(bytes)?)
}
