//! A robot's password for an hour, in exchange for a token of somebody who may act as it.

use super::answer::{read_token, unexpected};
use super::claims::expires;
use super::probe::Registry;
use crate::names::RobotName;
use crate::web::{ApiError, Auth, Call, Largest, Repeat, error_text, url};
use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};

/// What Quay hands out: a password of the robot that nobody can take back before it expires.
#[derive(Debug, Clone)]
pub struct HourToken {
    /// A signed JWT.
    pub token: SecretString,
    /// When it expires.
    pub expires: Option<Timestamp>,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Quay looked at the token and says no; its own words.
    #[error("Quay refuses: {0}")]
    Refused(String),
    /// Only what stands in front of Quay answers, or nobody. Quay asks the issuer for its keys at
    /// every exchange, waits five seconds for them, and hangs up where there is no answer.
    #[error(
        "{0}; Quay asks the issuer for its keys at each exchange, so maybe Quay does not reach the issuer"
    )]
    NoAnswer(ApiError),
    /// Quay fails at the token.
    #[error("Quay fails at the token (500): it takes tokens signed with RS256 or RS384")]
    Unsupported,
    /// Anything else.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Registry {
    /// Exchanges `identity`, a token of an OIDC issuer, for a password of the robot.
    ///
    /// # Errors
    /// See [`ExchangeError`].
    pub async fn exchange(
        &self,
        robot: &RobotName,
        identity: &SecretString,
    ) -> Result<HourToken, ExchangeError> {
        let api = &self.transport.endpoint().api;
        let call = Call {
            method: Method::GET,
            url: url(api, "/oauth2/federation/robot/token", &[])?,
            auth: Auth::Basic(robot.as_str(), identity),
            body: None,
            accept: None,
            repeat: Repeat::Safe,
            largest: Largest::Token,
        };
        let answer = match self.send(&call).await {
            Err(error @ (ApiError::Unavailable { .. } | ApiError::Timeout)) => {
                return Err(ExchangeError::NoAnswer(error));
            }
            answer => answer?,
        };
        match answer.status {
            200 => {
                let token = read_token(&answer)?;
                let expires = expires(token.expose_secret());
                Ok(HourToken { token, expires })
            }
            400 | 401 => Err(ExchangeError::Refused(error_text(&answer.body))),
            500 => Err(ExchangeError::Unsupported),
            _ => Err(ExchangeError::Api(unexpected(&answer))),
        }
    }
}
