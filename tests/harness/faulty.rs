//! A cluster whose connection fails when a test wants it to.

use super::cluster::{TestCluster, join};
use super::context::TestContext;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_sandbox::http::{Authority, Faults, Proxy, RequestLog};
use serde_json::{Value, json};
use std::sync::Arc;

/// A proxy in front of a cluster, real or small, and the kubeconfigs of its users there.
pub struct FaultyCluster {
    proxy: Proxy,
    kubeconfigs: Vec<String>,
    tokens: Vec<String>,
}

impl FaultyCluster {
    /// Starts a proxy for the cluster that these kubeconfigs lead to.
    pub(crate) fn start(
        cluster: &TestCluster,
        kubeconfigs: &[&str],
        authority: Arc<Authority>,
    ) -> Self {
        let mut configs: Vec<Value> = kubeconfigs
            .iter()
            .map(|kubeconfig| read(cluster, kubeconfig))
            .collect();
        let upstream = &configs[0]["clusters"][0]["cluster"];
        let ca = upstream["certificate-authority-data"].as_str();
        let ca = STANDARD.decode(ca.unwrap_or_default()).unwrap_or_default();
        let proxy = Proxy::start(
            upstream["server"].as_str().unwrap_or_default(),
            &String::from_utf8_lossy(&ca),
            authority.clone(),
        )
        .unwrap_or_else(|error| panic!("cannot start the proxy: {error}"));
        for config in &mut configs {
            config["clusters"][0]["cluster"] = json!({
                "server": proxy.url(),
                "certificate-authority-data": STANDARD.encode(authority.pem()),
            });
        }
        Self {
            proxy,
            kubeconfigs: configs.iter().map(Value::to_string).collect(),
            tokens: configs.iter().filter_map(token).collect(),
        }
    }

    /// The administrator's kubeconfig through the proxy; cluster, user and context have this name.
    pub fn kubeconfig(&self, name: &str) -> String {
        let mut config: Value =
            serde_json::from_str(&self.kubeconfigs[0]).unwrap_or_else(|error| panic!("{error}"));
        for kind in ["clusters", "users", "contexts"] {
            config[kind][0]["name"] = name.into();
        }
        config["contexts"][0]["context"]["cluster"] = name.into();
        config["contexts"][0]["context"]["user"] = name.into();
        config["current-context"] = name.into();
        config.to_string()
    }

    /// Lets `context` run as the administrator, through the proxy.
    pub fn join(&self, context: &mut TestContext) {
        self.join_with(context, &self.kubeconfigs[0]);
    }

    /// Lets `context` run as the user `limited`, through the proxy.
    pub fn join_limited(&self, context: &mut TestContext) {
        self.join_with(context, &self.kubeconfigs[1]);
    }

    /// No run may give a user's token away.
    fn join_with(&self, context: &mut TestContext, kubeconfig: &str) {
        for token in &self.tokens {
            context.watch(token);
        }
        join(context, kubeconfig);
    }

    /// The rules by which the proxy fails.
    pub fn faults(&self) -> &Faults {
        self.proxy.server().faults()
    }

    /// What arrived at the proxy.
    pub fn log(&self) -> &RequestLog {
        self.proxy.server().log()
    }
}

/// A kubeconfig as JSON, which kubectl reads as well.
fn read(cluster: &TestCluster, kubeconfig: &str) -> Value {
    let path = cluster.file(&cluster.name("kubeconfig"), kubeconfig);
    let path = path.to_string_lossy();
    let view = ["config", "view", "--raw", "-o", "json", "--kubeconfig"];
    let text = cluster.kubectl([&view[..], &[&*path]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("kubectl printed no JSON: {error}"))
}

/// What the user of a kubeconfig is known by.
fn token(config: &Value) -> Option<String> {
    let token = config["users"][0]["user"]["token"].as_str();
    token.map(str::to_owned)
}
