//! What Quay tells anybody about itself.

use crate::web::{ApiError, body};
use serde::Deserialize;

/// What Quay tells anybody about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// The host in Quay's own image names; it may differ from the API's.
    pub server_hostname: Option<String>,
    /// The version, where told.
    pub version: Option<String>,
}

#[derive(Deserialize)]
struct ConfigAnswer {
    #[serde(default)]
    config: ConfigValues,
    #[serde(default, alias = "version")]
    version_number: Option<String>,
}

#[derive(Default, Deserialize)]
struct ConfigValues {
    #[serde(default, rename = "SERVER_HOSTNAME")]
    server_hostname: Option<String>,
}

impl ServerConfig {
    pub(super) fn parse(status: u16, text: &[u8]) -> Result<Self, ApiError> {
        let answer: ConfigAnswer = body::parse(status, text)?;
        Ok(Self {
            server_hostname: answer.config.server_hostname,
            version: answer.version_number,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_name_is_read_from_its_configuration() {
        let text = br#"{"config":{"SERVER_HOSTNAME":"localhost:8080"},"version_number":"3.18.0"}"#;
        let config = ServerConfig::parse(200, text).unwrap();
        assert_eq!(config.server_hostname.as_deref(), Some("localhost:8080"));
        assert_eq!(config.version.as_deref(), Some("3.18.0"));
    }
}
