//! Service accounts and the pull secrets they hand to their pods.

use k8s_openapi::api::core::v1::ServiceAccount;

/// A service account's `imagePullSecrets`, in their order, which is the kubelet's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccountRefs {
    pub namespace: String,
    pub name: String,
    /// Names of secrets, existing or not.
    pub pull_secrets: Vec<String>,
}

impl ServiceAccountRefs {
    /// Reads a service account.
    pub fn read(account: ServiceAccount) -> Option<Self> {
        let references = account.image_pull_secrets.unwrap_or_default();
        Some(Self {
            namespace: account.metadata.namespace?,
            name: account.metadata.name?,
            pull_secrets: references
                .into_iter()
                .map(|reference| reference.name)
                .collect(),
        })
    }

    /// Whether it hands this secret to its pods.
    pub fn references(&self, namespace: &str, secret: &str) -> bool {
        self.namespace == namespace && self.pull_secrets.iter().any(|name| name == secret)
    }
}
