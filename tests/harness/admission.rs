//! An admission policy that a test makes. Only a real control plane knows such.

use super::cluster::TestCluster;
use super::eventually::eventually;
use serde_json::json;

/// A ValidatingAdmissionPolicy, and its binding of the same name; both go when it is dropped.
pub struct AdmissionPolicy<'a> {
    cluster: &'a TestCluster,
    /// Its name.
    pub name: String,
}

impl TestCluster {
    /// From now on no secret of this namespace may be updated: `not here`. `secret` is one of
    /// them.
    #[track_caller]
    pub fn deny_updates(&self, namespace: &str, secret: &str) -> AdmissionPolicy<'_> {
        let name = format!("no-patch-{namespace}");
        let selector = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
        let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["secrets"]});
        self.create(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"namespaceSelector": selector, "resourceRules": [rule]},
                "validations": [{"expression": "false", "message": "not here"}],
            },
        }));
        self.create(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        }));
        let label = ["-n", namespace, "label", "secret", secret, "x=y"];
        let try_it = [&label[..], &["--dry-run=server"]].concat();
        eventually("the policy is in force", || {
            self.try_kubectl(&try_it, "").code != 0
        });
        AdmissionPolicy {
            cluster: self,
            name,
        }
    }
}

impl Drop for AdmissionPolicy<'_> {
    fn drop(&mut self) {
        for kind in [
            "validatingadmissionpolicybinding",
            "validatingadmissionpolicy",
        ] {
            self.cluster.try_kubectl(["delete", kind, &self.name], "");
        }
    }
}
