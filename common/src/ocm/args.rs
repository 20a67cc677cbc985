//! Where Red Hat's services are.

use crate::Failure;
use crate::web::parse_origin;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use reqwest::Url;
use std::path::PathBuf;

const API: &str = "https://api.openshift.com";
const TOKEN_URL: &str =
    "https://sso.redhat.com/auth/realms/redhat-external/protocol/openid-connect/token";

/// The flags for other services than Red Hat's public ones, such as FedRAMP's.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "OpenShift Cluster Manager options")]
pub struct OcmArgs {
    /// URL of OpenShift Cluster Manager, if not https://api.openshift.com
    #[arg(long, value_name = "URL", env = "OCM_URL", hide_short_help = true)]
    pub ocm_url: Option<String>,

    /// Token endpoint of its sign-on service, if not that of sso.redhat.com
    #[arg(
        long,
        value_name = "URL",
        env = "OCM_TOKEN_URL",
        hide_short_help = true
    )]
    pub ocm_token_url: Option<String>,

    /// Certificate authority of both services
    // A variable that is set to nothing is not set.
    #[arg(long, value_name = "FILE", env = "OCM_CA_FILE", hide_short_help = true, value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub ocm_ca: Option<PathBuf>,
}

/// The services of one login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Services {
    /// The API's origin.
    pub api: String,
    /// The token endpoint.
    pub token_url: String,
    /// A certificate authority to trust besides the system's.
    pub ca: Option<PathBuf>,
}

impl Services {
    /// From the flags, then from what a login remembered, then Red Hat's own.
    pub fn of(args: &OcmArgs, remembered: Option<&Self>) -> Result<Self, Failure> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let api = match given(&args.ocm_url) {
            Some(url) => parse_origin(url.trim(), false).map_err(Failure::usage)?.0,
            None => remembered.map_or(API.to_owned(), |services| services.api.clone()),
        };
        let token_url = match given(&args.ocm_token_url) {
            Some(url) => checked_token_url(url.trim())?,
            None => remembered.map_or(TOKEN_URL.to_owned(), |services| services.token_url.clone()),
        };
        let ca = args
            .ocm_ca
            .clone()
            .filter(|ca| !ca.as_os_str().is_empty())
            // Settings outlive the directory the command was typed in.
            .map(|ca| std::path::absolute(&ca).unwrap_or(ca))
            .or_else(|| remembered.and_then(|services| services.ca.clone()));
        Ok(Self { api, token_url, ca })
    }
}

/// A refresh token is sent there, so it has to be encrypted, or stay on this machine.
fn checked_token_url(text: &str) -> Result<String, Failure> {
    let url = Url::parse(text)
        .map_err(|error| Failure::usage(format!("`{text}` is not an address: {error}")))?;
    let origin = url.origin().ascii_serialization();
    parse_origin(&origin, false).map_err(Failure::usage)?;
    Ok(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_come_before_what_a_login_remembered_and_that_before_red_hats_own() {
        let none = OcmArgs::default();
        let public = Services::of(&none, None).unwrap();
        assert_eq!(
            (public.api.as_str(), public.token_url.as_str()),
            (API, TOKEN_URL)
        );
        let remembered = Services {
            api: "https://api.example.com".to_owned(),
            token_url: "https://sso.example.com/token".to_owned(),
            ca: Some("/ca.pem".into()),
        };
        assert_eq!(Services::of(&none, Some(&remembered)).unwrap(), remembered);
        let args = OcmArgs {
            ocm_url: Some("https://other.example.com/".to_owned()),
            ..OcmArgs::default()
        };
        let services = Services::of(&args, Some(&remembered)).unwrap();
        assert_eq!(services.api, "https://other.example.com");
        assert_eq!(services.token_url, remembered.token_url);
    }

    #[test]
    fn a_refresh_token_is_not_sent_unencrypted() {
        assert!(checked_token_url("http://sso.example.com/token").is_err());
        assert!(checked_token_url("http://127.0.0.1:1/token").is_ok());
        assert!(checked_token_url("nowhere").is_err());
    }
}
