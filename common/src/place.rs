//! Where something is: context, namespace, object, key.

use serde::Serialize;
use std::fmt;

/// What a context is called that no kubeconfig has: a pod's own cluster.
pub(crate) const IN_CLUSTER: &str = "in-cluster";

/// One object of one cluster, or one entry of a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The cluster, by the name of its context.
    pub context: String,
    /// Empty for what is in no namespace.
    pub namespace: String,
    /// What kind of object is named.
    pub kind: Kind,
    /// The object's name.
    pub name: String,
    /// The `auths` key, if one entry of a secret is meant.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
}

/// The kinds of objects that commands report about, as kubectl names them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A pull secret.
    #[default]
    Secret,
    /// A namespace.
    Namespace,
    /// A context of the kubeconfig: a whole cluster.
    Context,
}

impl Place {
    /// A secret.
    pub fn secret(context: &str, namespace: &str, name: &str) -> Self {
        Self {
            context: context.to_owned(),
            namespace: namespace.to_owned(),
            kind: Kind::Secret,
            name: name.to_owned(),
            key: String::new(),
        }
    }

    /// A namespace as a whole.
    pub fn namespace(context: &str, namespace: &str) -> Self {
        Self {
            kind: Kind::Namespace,
            ..Self::secret(context, namespace, namespace)
        }
    }

    /// A cluster as a whole.
    pub fn context(context: &str) -> Self {
        Self {
            kind: Kind::Context,
            ..Self::secret(context, "", context)
        }
    }

    /// One entry of the secret.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "secret",
            Self::Namespace => "namespace",
            Self::Context => "context",
        })
    }
}
