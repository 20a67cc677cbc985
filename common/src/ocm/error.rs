//! How Red Hat's services say no, and what that means.

use crate::Failure;
use crate::hint::{self, Hint};
use crate::web::{Answer, ApiError, TlsProblem};
use serde_json::Value;

/// Where offline tokens come from.
pub(super) const TOKEN_PAGE: &str = "https://console.redhat.com/openshift/token";
const LONGEST_REASON: usize = 200;

/// Why a request did not do what it was sent for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OcmError {
    /// The sign-on service does not take the token or secret; its own words.
    #[error("Red Hat's sign-on service does not accept the login: {0}")]
    BadLogin(String),
    /// The API does not take the access token it was just given.
    #[error("OpenShift Cluster Manager does not accept the access token")]
    Unauthorized,
    /// The account may not do this; the API's own words.
    #[error("the account is not allowed to do this: {0}")]
    Forbidden(String),
    /// There is no such object; the API's own words.
    #[error("Red Hat has no such object: {0}")]
    NotFound(String),
    /// It is asked for already; the API's own words.
    #[error("Red Hat refuses: {0}")]
    Conflict(String),
    /// A success that no API of Red Hat's gives.
    #[error("the answer is not JSON")]
    NotJson,
    /// Too many requests, and waiting did not help.
    #[error("Red Hat still answers \"too many requests\" (429) after retries")]
    RateLimited,
    /// Nobody answers, or only a proxy.
    #[error("the service is unavailable: {0}")]
    Unavailable(String),
    /// The certificate or the TLS handshake is at fault.
    #[error("no trusted connection: {0}")]
    Tls(TlsProblem),
    /// The answer is a redirect, which is not followed with a credential.
    #[error("the service redirects to {0}, and a credential never follows a redirect")]
    Redirected(String),
    /// What went wrong where the request went through a proxy.
    #[error("{error}, through the proxy {proxy}")]
    ThroughProxy {
        /// What went wrong.
        error: Box<OcmError>,
        /// The proxy's address, without a password.
        proxy: String,
    },
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// An answer nobody expects.
    #[error("unexpected answer {status}: {text}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What it said.
        text: String,
    },
}

impl From<ApiError> for OcmError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::RateLimited => Self::RateLimited,
            ApiError::Unavailable { reason, .. } => Self::Unavailable(reason),
            ApiError::Redirected { to } => Self::Redirected(to),
            ApiError::Tls(problem) => Self::Tls(problem),
            ApiError::ThroughProxy { error, proxy } => Self::ThroughProxy {
                error: Box::new(Self::from(*error)),
                proxy,
            },
            ApiError::Timeout => Self::Timeout,
            ApiError::Unexpected { status, text } => Self::Unexpected { status, text },
            // What only Quay says.
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl OcmError {
    /// Whether the request may have been carried out all the same.
    pub fn is_doubtful(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Timeout | Self::Redirected(_) | Self::NotJson => true,
            Self::ThroughProxy { error, .. } => error.is_doubtful(),
            Self::Unexpected { status, .. } => *status >= 500 || *status < 400,
            _ => false,
        }
    }

    /// The failure of `action`, such as "download the pull secret".
    pub fn failure(&self, action: &str) -> Failure {
        let failure = Failure::new(format!("cannot {action}: {self}"));
        let cause = match self {
            Self::ThroughProxy { error, .. } if matches!(**error, Self::Tls(_)) => error,
            other => other,
        };
        match cause {
            Self::BadLogin(_) | Self::Unauthorized => failure.next(
                Hint::from(format!("get a new token at {TOKEN_PAGE}, then: "))
                    .run(hint::global("ocm login")),
            ),
            Self::Forbidden(said) if address_in(said).is_some() => failure.next(format!(
                "open {} and accept what it asks for, then run the same command again",
                address_in(said).unwrap_or_default()
            )),
            Self::Forbidden(_) => failure.next(
                Hint::from("sign in as the account that owns the pull secret: ")
                    .run(hint::global("ocm login")),
            ),
            Self::Conflict(_) => failure.next(
                Hint::from("wait for the request that is there already: ")
                    .run(hint::global("ocm status --wait")),
            ),
            Self::NotJson => failure.next(
                "check OCM_URL and OCM_TOKEN_URL, and whether a proxy in HTTPS_PROXY answers \
                 instead of Red Hat",
            ),
            Self::RateLimited | Self::Unavailable(_) | Self::Timeout => {
                failure.next("run the same command again in a few minutes")
            }
            Self::Tls(problem) => failure.next(problem.remedy("HOST:443", "--ocm-ca")),
            Self::ThroughProxy { .. } => {
                failure.next("check the proxy in HTTPS_PROXY, or add the host to NO_PROXY")
            }
            Self::NotFound(_) | Self::Redirected(_) | Self::Unexpected { .. } => failure,
        }
    }
}

/// The address that the service tells people to open, such as that of terms to accept.
fn address_in(said: &str) -> Option<&str> {
    let words = said.split_whitespace();
    let mut words = words.map(|word| word.trim_end_matches(['.', ',', ')', '"', '\'']));
    words.find(|word| word.starts_with("https://"))
}

/// What the service says of its refusal. Nothing else of the answer is quoted: it may hold what
/// was sent.
pub(super) fn said(answer: &Answer) -> String {
    let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let said = value.as_ref().and_then(|value| {
        ["reason", "error_description"]
            .iter()
            .find_map(|key| value.get(key)?.as_str())
    });
    match said {
        Some(said) => said.chars().take(LONGEST_REASON).collect(),
        None => "no reason given".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_services_own_words_and_a_page_is_not() {
        let text = |body: &str| {
            said(&Answer {
                status: 400,
                challenge: None,
                body: body.as_bytes().to_vec(),
                after_loss: false,
            })
        };
        assert_eq!(
            text(
                r#"{"error":"invalid_grant","error_description":"Offline user session not found"}"#
            ),
            "Offline user session not found"
        );
        assert_eq!(
            text(r#"{"kind":"Error","code":"ACCT-MGMT-11","reason":"Account is banned"}"#),
            "Account is banned"
        );
        assert_eq!(text("<html>x</html>"), "no reason given");
    }
}
