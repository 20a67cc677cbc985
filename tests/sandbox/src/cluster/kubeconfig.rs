//! Kubeconfigs for the cluster's users.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A kubeconfig with one context, in YAML.
pub(super) fn render(
    cluster: &str,
    url: &str,
    authority_pem: &str,
    user: &str,
    token: &str,
) -> String {
    let context = if user == "admin" {
        cluster.to_owned()
    } else {
        format!("{cluster}-{user}")
    };
    let authority = STANDARD.encode(authority_pem);
    let server = json!({"server": url, "certificate-authority-data": authority});
    let config: Value = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": server}],
        "users": [{"name": context, "user": {"token": token}}],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": context}}],
        "current-context": context,
    });
    // A value of texts and lists always has a YAML form.
    serde_yaml::to_string(&config).unwrap_or_else(|_| config.to_string())
}
