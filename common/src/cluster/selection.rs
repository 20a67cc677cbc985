//! The namespaces that are meant in one cluster.

use globset::GlobSet;
use std::collections::BTreeSet;

/// The scope, resolved for one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamespaceSelection {
    /// Every namespace, known or not.
    All,
    /// Exactly these, in alphabetical order.
    Named(BTreeSet<String>),
}

impl NamespaceSelection {
    /// Whether `namespace` is meant, those in `excluded` left out.
    pub fn covers(&self, namespace: &str, excluded: &GlobSet) -> bool {
        let selected = match self {
            Self::All => true,
            Self::Named(names) => names.contains(namespace),
        };
        selected && !excluded.is_match(namespace)
    }
}
