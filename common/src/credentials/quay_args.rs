//! The flags that say which Quay, and how to reach it.

use crate::Failure;
use crate::names::RegistryHost;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use std::path::PathBuf;

/// Which registry, where its API is, and how far its certificate is trusted.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Quay options")]
pub struct QuayArgs {
    /// Registry, as in image names; by default that of the last login
    #[arg(long, value_name = "HOST[:PORT]")]
    pub registry: Option<RegistryHost>,

    /// Another host name of the same registry (repeat for several)
    #[arg(
        long,
        hide_short_help = true,
        value_name = "HOST[:PORT]",
        env = "QUAY_REGISTRY_ALIAS",
        value_delimiter = ','
    )]
    pub registry_alias: Vec<String>,

    /// URL of Quay's API, if not https://HOST
    #[arg(long, value_name = "URL", env = "QUAY_URL", hide_short_help = true)]
    pub quay_url: Option<String>,

    /// Certificate authority of the registry and its API
    // A variable that is set to nothing is not set.
    #[arg(long, value_name = "FILE", env = "QUAY_CA_FILE", hide_short_help = true, value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub registry_ca: Option<PathBuf>,

    /// Accept plain http and unknown certificates from the registry
    #[arg(long, hide_short_help = true)]
    pub registry_insecure: bool,

    /// Read the API token from stdin
    #[arg(long, hide_short_help = true)]
    pub token_stdin: bool,

    /// Secret whose key `token` holds the API token
    #[arg(
        long,
        hide_short_help = true,
        value_name = "NAMESPACE/NAME",
        conflicts_with = "token_stdin"
    )]
    pub auth_secret: Option<String>,
}

impl QuayArgs {
    /// Whether the command line or the environment says which registry is meant.
    pub(super) fn names_registry(&self) -> bool {
        let is_url = |url: &String| !url.trim().is_empty();
        self.registry.is_some() || self.quay_url.as_ref().is_some_and(is_url)
    }

    /// The hosts of `--registry-alias`, or of its variable. Empty ones are none.
    ///
    /// # Errors
    /// A usage failure where one is no host.
    pub(super) fn aliases(&self) -> Result<Vec<RegistryHost>, Failure> {
        let given = self.registry_alias.iter().map(|text| text.trim());
        let given = given.filter(|text| !text.is_empty());
        given
            .map(|text| text.parse().map_err(Failure::usage))
            .collect()
    }
}
