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

    /// The format of secrets of this type; `None` for secrets that are no pull secrets.
    pub fn of_type(secret_type: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.secret_type() == secret_type)
    }

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
