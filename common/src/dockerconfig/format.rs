//! The two types of pull secrets.

use serde::Serialize;

/// How a secret keeps its registry credentials; its `type` can never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `kubernetes.io/dockerconfigjson`: `{"auths": {KEY: ENTRY}}`.
    DockerConfigJson,
    /// `kubernetes.io/dockercfg`, the legacy one: `{KEY: ENTRY}`.
    DockerCfg,
}

impl Format {
    /// Both, the current one first.
    pub const ALL: [Self; 2] = [Self::DockerConfigJson, Self::DockerCfg];

    /// The secret's `type`.
    pub fn secret_type(self) -> &'static str {
        match self {
            Self::DockerConfigJson => "kubernetes.io/dockerconfigjson",
            Self::DockerCfg => "kubernetes.io/dockercfg",
        }
    }

    /// The key below the secret's `data`.
    pub fn data_key(self) -> &'static str {
        match self {
            Self::DockerConfigJson => ".dockerconfigjson",
            Self::DockerCfg => ".dockercfg",
        }
    }
}
