//! Which secrets are the global one, and which are copies of it.

/// A secret's namespace and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretName {
    pub namespace: &'static str,
    pub name: &'static str,
}

/// The source of every node's credentials.
pub const GLOBAL_PULL_SECRET: SecretName = SecretName {
    namespace: "openshift-config",
    name: "pull-secret",
};

/// What a hosted control plane merges into its own: the original wins for every key.
pub const ADDITIONAL_PULL_SECRET: SecretName = SecretName {
    namespace: "kube-system",
    name: "additional-pull-secret",
};

/// A hosted control plane's own, as it copies it into the cluster.
pub(crate) const ORIGINAL_PULL_SECRET: SecretName = SecretName {
    namespace: "kube-system",
    name: "original-pull-secret",
};

/// What a hosted control plane merges the two into; it does not exist as long as no additional
/// pull secret does.
pub(crate) const MERGED_PULL_SECRET: SecretName = SecretName {
    namespace: "kube-system",
    name: "global-pull-secret",
};

/// Copies that OpenShift makes of the two, and writes again whenever they differ.
const DERIVED: [SecretName; 3] = [
    MERGED_PULL_SECRET,
    ORIGINAL_PULL_SECRET,
    SecretName {
        namespace: "openshift",
        name: "pull-secret",
    },
];

impl SecretName {
    fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }
}

impl std::fmt::Display for SecretName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The global pull secret, or the additional one, that this is.
pub(crate) fn global_name(namespace: &str, name: &str) -> Option<SecretName> {
    [GLOBAL_PULL_SECRET, ADDITIONAL_PULL_SECRET]
        .into_iter()
        .find(|known| known.is(namespace, name))
}

/// Whether only what concerns whole clusters may write this secret.
pub fn is_global(namespace: &str, name: &str) -> bool {
    global_name(namespace, name).is_some()
}

/// Whether OpenShift derives this secret from a global one: what is written there is
/// undone, and what is stale there follows by itself.
pub fn is_derived(namespace: &str, name: &str) -> bool {
    DERIVED.iter().any(|copy| copy.is(namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_global_derived_or_neither() {
        for (namespace, name, global, derived) in [
            ("openshift-config", "pull-secret", true, false),
            ("kube-system", "additional-pull-secret", true, false),
            ("kube-system", "global-pull-secret", false, true),
            ("kube-system", "original-pull-secret", false, true),
            ("openshift", "pull-secret", false, true),
            ("default", "pull-secret", false, false),
            ("kube-system", "pull-secret", false, false),
        ] {
            let found = (is_global(namespace, name), is_derived(namespace, name));
            assert_eq!(found, (global, derived), "{namespace}/{name}");
        }
    }
}
