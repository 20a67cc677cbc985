//! How Quay and registries say no, and what that means.

use super::endpoint::{Endpoint, host_of};
use super::error_text::{error_text, problem_text};
use super::tls_problem::TlsProblem;
use crate::Failure;
use crate::hint;

/// Why a request to Quay or its registry did not do what it was sent for.
///
/// Recognised by status and text, since Quay has six shapes of error bodies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The token is wrong, expired or revoked; Quay does not tell which.
    #[error("Quay does not accept the API token (wrong, expired or revoked)")]
    BadToken,
    /// The token lacks a scope, or its user the right; an unknown organization looks the same.
    #[error(
        "Quay refuses: the API token needs the scopes `{needs}`, its user needs the same right, \
         and the organization must exist"
    )]
    MissingScope {
        /// The scopes the request needs, separated by spaces.
        needs: &'static str,
    },
    /// The object does not exist.
    #[error("Quay has no such object")]
    NotFound,
    /// An object of this name exists already.
    #[error("already exists")]
    Exists,
    /// Quay does not take the name; its own words.
    #[error("Quay rejects the name: {0}")]
    InvalidName(String),
    /// Quay does not do it for another reason; its own words.
    #[error("Quay refuses: {0}")]
    Refused(String),
    /// The registry wants the credential sent to a host that nothing says is its own.
    #[error(
        "the registry asks to send the credential to {service}, which is not https at its own host \
         or at an alias that you agreed to"
    )]
    TokenServiceElsewhere {
        /// Where to.
        service: String,
    },
    /// Too many requests, and waiting did not help.
    #[error("the server still answers \"too many requests\" (429) after retries")]
    RateLimited,
    /// Every write is suspended.
    #[error("the registry is read-only at the moment: it serves pulls but refuses changes")]
    ReadOnly,
    /// Nobody answers, or only what stands in front of it.
    #[error("{server} is unavailable: {reason}")]
    Unavailable {
        /// Who was asked: a registry, its token service, or Quay.
        server: String,
        /// Why there is no answer.
        reason: String,
    },
    /// The answer is a redirect, which is not followed with a credential.
    #[error("the server redirects to {to}, and a credential never follows a redirect")]
    Redirected {
        /// Where to.
        to: String,
    },
    /// The certificate or the TLS handshake is at fault.
    #[error("no trusted connection: {0}")]
    Tls(TlsProblem),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// It did not answer in time before, and is not asked again.
    #[error(
        "an earlier answer took too long, so it was not asked again; --probe-timeout sets the limit"
    )]
    GivenUp,
    /// The time for registries that nobody is signed in to is used up.
    #[error("no time is left for it, so it was not asked; --probe-timeout sets the limit")]
    OutOfTime,
    /// A pull secret names a server where it would be this machine, or its link.
    #[error("it was not asked, because {0}; log in to it or name it with --registry")]
    ForbiddenAddress(String),
    /// What went wrong where the request went through a proxy: its own fault, maybe.
    #[error("{error}, through the proxy {proxy}")]
    ThroughProxy {
        /// What went wrong.
        error: Box<ApiError>,
        /// The proxy's address, without a password.
        proxy: String,
    },
    /// A registry that lets anybody in.
    #[error(
        "{0}/v2/ lets everybody in, so the registry does not tell whether it accepts a credential"
    )]
    AsksNoToken(String),
    /// An answer nobody expects.
    #[error("unexpected answer {status}: {text}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// The first line of the error, or what the body was instead.
        text: String,
    },
}

impl ApiError {
    /// Reads an answer of `/api/v1` that is not a success; `needs` names the scopes
    /// the request takes.
    pub(crate) fn from_answer(status: u16, body: &[u8], needs: &'static str) -> Self {
        let text = problem_text(body);
        let said = text.as_deref().unwrap_or_default();
        match status {
            401 => Self::BadToken,
            // Quay treats a bad token as no token, and asks a session for its CSRF token.
            403 if said.contains("CSRF token") => Self::BadToken,
            403 => Self::MissingScope { needs },
            404 if text.is_some() => Self::NotFound,
            400 | 409 => Self::from_refusal(said),
            _ => Self::Unexpected {
                status,
                text: error_text(body),
            },
        }
    }

    fn from_refusal(said: &str) -> Self {
        let any = |texts: &[&str]| texts.iter().any(|text| said.contains(text));
        if any(&["Existing robot with name", "duplicate key value"]) {
            Self::Exists
        } else if any(&[
            "is invalid: Namespace must",
            "characters in length",
            "value too long",
        ]) {
            Self::InvalidName(said.to_owned())
        } else if any(&[
            "Could not find robot",
            "User does not have permission for repo",
            "Organization does not exist",
        ]) {
            Self::NotFound
        } else {
            Self::Refused(said.to_owned())
        }
    }

    /// Whether there was no answer in time.
    pub(crate) fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout => true,
            Self::ThroughProxy { error, .. } => error.is_timeout(),
            _ => false,
        }
    }

    /// What to tell of a question to a registry that has no answer, as `asked` says.
    pub(crate) fn without_answer(&self, asked: impl std::fmt::Display) -> Failure {
        let failure = Failure::new(format!("cannot ask {asked}: {self}"));
        match self {
            Self::TokenServiceElsewhere { .. } => failure.untrusted(),
            Self::GivenUp | Self::OutOfTime | Self::ForbiddenAddress(_) => failure.not_asked(),
            error if error.is_unknown_authority() => failure.unknown_authority(),
            _ => failure,
        }
    }

    fn is_unknown_authority(&self) -> bool {
        match self {
            Self::Tls(problem) => problem.is_unknown_authority(),
            Self::ThroughProxy { error, .. } => error.is_unknown_authority(),
            _ => false,
        }
    }

    /// Whether the request may have been carried out all the same.
    pub fn is_doubtful(&self) -> bool {
        match self {
            Self::Timeout | Self::Unavailable { .. } => true,
            Self::ThroughProxy { error, .. } => error.is_doubtful(),
            _ => false,
        }
    }

    /// The failure to report: which object at which registry, and what to type next.
    pub fn failure(&self, object: impl std::fmt::Display, endpoint: &Endpoint) -> Failure {
        let registry = &endpoint.registry;
        let robot = |verb: &str| hint::robot(verb).words("--registry").arg(registry);
        let failure = Failure::new(format!("{object} at {registry}: {self}"));
        let cause = match self {
            // A proxy that looks into connections shows a certificate of its own.
            Self::ThroughProxy { error, .. } if matches!(**error, Self::Tls(_)) => error,
            other => other,
        };
        match cause {
            Self::BadToken if std::env::var_os("QUAY_API_TOKEN").is_some() => failure.next(
                "set QUAY_API_TOKEN to a token of this registry, or unset it to use the login",
            ),
            Self::BadToken => failure.next(robot("login")),
            Self::MissingScope { .. } => failure.next(robot("whoami")),
            Self::NotFound => failure.next(robot("list")),
            Self::RateLimited | Self::ReadOnly | Self::Timeout => {
                failure.next("wait a moment and run the same command again")
            }
            Self::TokenServiceElsewhere { service } => failure.untrusted().next(format!(
                "if that host is the registry's own SERVER_HOSTNAME, pass --registry-alias {}",
                service_host(service)
            )),
            Self::Unavailable { .. } => failure.next(format!(
                "check that {} is Quay's address; if not, pass --quay-url",
                endpoint.api
            )),
            Self::Redirected { to } => failure.next(format!(
                "if {to} is Quay's address, pass its origin with --quay-url"
            )),
            Self::Tls(problem) => {
                let address = endpoint.api.split_once("://").map_or("", |(_, host)| host);
                let address = match address.contains(':') {
                    true => address.to_owned(),
                    false => format!("{address}:443"),
                };
                failure.next(problem.remedy(&address, "--registry-ca"))
            }
            Self::ThroughProxy { .. } => failure
                .next("check the proxy in HTTPS_PROXY or HTTP_PROXY, or add the host to NO_PROXY"),
            _ => failure,
        }
    }
}

/// The host of a token service's address, as `--registry-alias` takes it.
fn service_host(service: &str) -> String {
    let host = host_of(service);
    host.map_or_else(|| "HOST".to_owned(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> ApiError {
        ApiError::from_answer(status, body.as_bytes(), "org:admin")
    }

    fn problem(detail: &str, kind: &str) -> String {
        serde_json::json!({"detail": detail, "error_message": detail, "error_type": kind, "title": kind})
            .to_string()
    }

    #[test]
    fn every_recorded_refusal_is_recognised() {
        let csrf = r#"{"error": "CSRF token was invalid or missing."}"#;
        assert_eq!(read(403, csrf), ApiError::BadToken);
        let anonymous = r#"{"error": "Anonymous access is not allowed"}"#;
        assert_eq!(read(401, anonymous), ApiError::BadToken);
        let no_token = problem("Requires authentication", "invalid_token");
        assert_eq!(read(401, &no_token), ApiError::BadToken);
        let scope = problem("Unauthorized", "insufficient_scope");
        let missing = ApiError::MissingScope { needs: "org:admin" };
        assert_eq!(read(403, &scope), missing);
        let abort =
            r#"{"message": "You don't have the permission to access the requested resource."}"#;
        assert_eq!(read(403, abort), missing);
        let gone = r#"{"message":"Could not find robot with specified username"}"#;
        assert_eq!(read(400, gone), ApiError::NotFound);
        assert_eq!(
            read(404, &problem("Not Found", "not_found")),
            ApiError::NotFound
        );
        let exists = problem("Existing robot with name: myorg+deploy", "invalid_request");
        assert_eq!(read(400, &exists), ApiError::Exists);
        let race = r#"{"message":"duplicate key value violates unique constraint"}"#;
        assert_eq!(read(400, race), ApiError::Exists);
    }

    #[test]
    fn quays_own_words_are_kept_and_only_the_first_line() {
        let mirror = problem("Robot is being used by a mirror", "invalid_request");
        assert_eq!(
            read(400, &mirror),
            ApiError::Refused("Robot is being used by a mirror".to_owned())
        );
        let schema = problem(
            "'x' is not one of ['read']\n\nFailed validating",
            "invalid_request",
        );
        assert_eq!(
            read(400, &schema),
            ApiError::Refused("'x' is not one of ['read']".to_owned())
        );
        let reqparse = r#"{"message": {"limit": "If specified, the number."}}"#;
        assert_eq!(
            read(400, reqparse),
            ApiError::Refused("limit: If specified, the number.".to_owned())
        );
        let name = problem(
            "The name for the robot 'B' is invalid: Namespace must match expression ^x$",
            "invalid_request",
        );
        assert!(matches!(read(400, &name), ApiError::InvalidName(_)));
    }

    #[test]
    fn html_is_never_shown_as_an_error_text() {
        let html = "<html>\n  <head>\n    <title>Internal Server Error</title>";
        let ApiError::Unexpected { status, text } = read(500, html) else {
            panic!("not unexpected");
        };
        assert_eq!((status, text.as_str()), (500, "an HTML page"));
        assert!(matches!(
            read(404, html),
            ApiError::Unexpected { status: 404, .. }
        ));
    }
}
