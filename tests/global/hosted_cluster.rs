//! What the config operator of a hosted control plane does in its cluster, as its code does it
//! (openshift/hypershift, `controllers/globalps/globalps.go`), and what becomes of its DaemonSet.

use crate::global::world::{NAMESPACE, SECRET, World};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_tests::{pull_secret_of, text_of};
use serde_json::{Map, Value, json};

const SYSTEM: &str = "kube-system";
pub const SYNCER: &str = "global-pull-secret-syncer";
const LABEL: &str = "hypershift.openshift.io/nodepool-globalps-enabled";

impl World {
    /// The additional pull secret's text, if there is one.
    pub fn additional_text(&self) -> Option<String> {
        self.system_text("additional-pull-secret")
    }

    /// The text of what the control plane merges for the nodes, if it did.
    pub fn merged_text(&self) -> Option<String> {
        self.system_text("global-pull-secret")
    }

    fn system_text(&self, secret: &str) -> Option<String> {
        let get = format!("-n {SYSTEM} get secret {secret} -o json --ignore-not-found");
        let found = self.cluster.kubectl(get);
        let found: Value = serde_json::from_str(&found).ok()?;
        Some(text_of(&found))
    }

    /// Stores this text as the additional pull secret, as somebody else.
    pub fn put_additional(&self, content: &str) {
        self.apply(&pull_secret_of(SYSTEM, "additional-pull-secret", content));
    }

    fn apply(&self, object: &Value) {
        let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        self.cluster
            .try_kubectl(apply, &object.to_string())
            .expect(0);
    }

    /// The config operator looks at the secrets once; `false` if it refuses the additional one,
    /// and so changes nothing.
    pub fn reconcile(&self) -> bool {
        let original = self.cluster.content(NAMESPACE, SECRET);
        let merged = match self.additional_text() {
            None => None,
            Some(additional) => match merge(&original, &additional) {
                Some(merged) => Some(merged),
                None => return false,
            },
        };
        // Its copy has no type.
        self.apply(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "original-pull-secret", "namespace": SYSTEM},
            "data": {".dockerconfigjson": STANDARD.encode(&original)},
        }));
        match &merged {
            Some(merged) => self.apply(&pull_secret_of(SYSTEM, "global-pull-secret", merged)),
            None => {
                let delete =
                    format!("-n {SYSTEM} delete secret global-pull-secret --ignore-not-found");
                self.cluster.kubectl(delete);
            }
        }
        self.apply(&daemon_set(merged.as_deref().unwrap_or(&original)));
        true
    }

    /// The DaemonSet's controller has seen what is wanted: so many nodes are to run a pod, so many
    /// have one of the newest template, and so many pods are ready.
    pub fn syncer_pods(&self, nodes: u64, updated: u64, ready: u64) {
        let object = self.cluster.get(SYSTEM, &format!("daemonset/{SYNCER}"));
        let status = json!({"status": {
            "observedGeneration": object["metadata"]["generation"],
            "desiredNumberScheduled": nodes, "currentNumberScheduled": nodes,
            "updatedNumberScheduled": updated, "numberMisscheduled": 0,
            "numberReady": ready, "numberAvailable": ready, "numberUnavailable": nodes - ready,
        }});
        let status = status.to_string();
        let patch = [
            "-n",
            SYSTEM,
            "patch",
            "daemonset",
            SYNCER,
            "--subresource=status",
        ];
        self.cluster
            .kubectl([&patch[..], &["--type=merge", "-p", &status]].concat());
    }

    /// A node of a NodePool that replaces its nodes on AWS, or of another one.
    pub fn node(&self, name: &str, is_labelled: bool) {
        let labels = match is_labelled {
            true => json!({LABEL: "true"}),
            false => json!({}),
        };
        self.cluster.create(&json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        }));
    }
}

/// `None` where `validateAdditionalPullSecret` returns an error.
fn merge(original: &str, additional: &str) -> Option<String> {
    let auths = |text: &str| -> Option<Map<String, Value>> {
        let mut text: Value = serde_json::from_str(text).ok()?;
        text["auths"].as_object_mut().map(std::mem::take)
    };
    let mut merged = auths(additional)?;
    let is_readable = |entry: &Value| match entry["auth"].as_str() {
        Some(auth) => STANDARD.decode(auth).is_ok_and(|auth| auth.contains(&b':')),
        None => entry.is_object(),
    };
    if merged.is_empty() || !merged.values().all(is_readable) {
        return None;
    }
    merged.extend(auths(original)?);
    Some(sorted(&json!({"auths": merged})))
}

/// As Go writes a map: without spaces, its members in the order of their names.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            let members = names
                .into_iter()
                .map(|name| format!("{}:{}", json!(name), sorted(&members[name])));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn daemon_set(content: &str) -> Value {
    // FNV-1a, 32 bits.
    let hash = content.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let container = json!({
        "name": SYNCER,
        "image": "quay.io/hypershift/control-plane-operator",
        "command": ["/usr/bin/control-plane-operator"],
        "args": ["sync-global-pullsecret"],
    });
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": SYNCER, "namespace": SYSTEM},
        "spec": {
            "selector": {"matchLabels": {"name": SYNCER}},
            "template": {
                "metadata": {"labels": {
                    "name": SYNCER,
                    "hypershift.openshift.io/globalps-config-hash": format!("{hash:08x}"),
                }},
                "spec": {"nodeSelector": {LABEL: "true"}, "containers": [container]},
            },
        },
    })
}
