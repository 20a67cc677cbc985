//! HTTP to Red Hat's services: bounded retries, bounded bodies, no redirects.

use super::error::OcmError;
use crate::Failure;
use crate::web::{NamedBy, TlsProblem, Trust, certificates, client, proxy_for};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// A server that asks for more patience than this is reported instead.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const LARGEST_BODY: usize = 4 << 20;
const LONGEST_REASON: usize = 200;

/// The credential of one request.
#[derive(Clone, Copy)]
pub(super) enum Auth<'a> {
    None,
    Bearer(&'a SecretString),
    Basic(&'a str, &'a SecretString),
}

/// What one request carries.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    None,
    Json(&'a Value),
    Form(&'a [(&'a str, &'a str)]),
}

/// One request.
pub(super) struct Call<'a> {
    pub method: Method,
    pub url: Url,
    pub auth: Auth<'a>,
    pub content: Content<'a>,
    /// Doing it twice is doing it once.
    pub repeatable: bool,
}

/// One answer, whatever its status.
pub(super) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// What the service says of its refusal. Nothing else of the body is quoted: it may hold
    /// what was sent.
    pub fn text(&self) -> String {
        let value: Option<Value> = serde_json::from_slice(&self.body).ok();
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
}

pub(super) struct Transport {
    client: Client,
}

impl Transport {
    /// Reads the certificate authority and prepares the client; nothing is sent.
    pub fn open(ca: Option<&Path>) -> Result<Self, Failure> {
        let mut given = Vec::new();
        if let Some(path) = ca {
            let unusable = |reason: &str| Failure::usage(format!("{}: {reason}", path.display()));
            let pem = std::fs::read(path).map_err(|error| unusable(&error.to_string()))?;
            given = certificates(&pem);
            if given.is_empty() {
                return Err(unusable("it holds no certificate in PEM form"));
            }
        }
        let unprepared = |error: String| Failure::new(format!("cannot prepare TLS: {error}"));
        let client = client(Trust::Certified(given), NamedBy::User)
            .map_err(|error| unprepared(error.to_string()))?
            .build()
            .map_err(|error| unprepared(error.to_string()))?;
        Ok(Self { client })
    }

    /// Sends until there is an answer that is no sign to come back later.
    pub async fn send(&self, call: &Call<'_>) -> Result<Answer, OcmError> {
        let mut pause = FIRST_WAIT;
        for tried in 1.. {
            let (error, wait) = match self.try_once(call).await {
                Ok((answer, wait)) => match answer.status {
                    429 => (OcmError::RateLimited, Some(wait)),
                    502..=504 => {
                        let error = OcmError::Unavailable(format!("it answers {}", answer.status));
                        (error, call.repeatable.then_some(wait))
                    }
                    _ => return Ok(answer),
                },
                // Nobody knows whether a request without an answer was carried out.
                Err(error) => {
                    let again = call.repeatable && error.may_pass();
                    (error, again.then_some(None))
                }
            };
            let Some(wait) = wait else { return Err(error) };
            let wait = wait.unwrap_or(pause);
            if tried == TRIES || wait > LONGEST_WAIT {
                return Err(error);
            }
            tracing::debug!(path = call.url.path(), tried, ?wait, "trying again");
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        Err(OcmError::RateLimited)
    }

    /// The answer, and how long it asks to be left alone.
    async fn try_once(&self, call: &Call<'_>) -> Result<(Answer, Option<Duration>), OcmError> {
        let proxy = proxy_for(&call.url).map_err(OcmError::Unavailable)?;
        let mut response = request(&self.client, call)
            .send()
            .await
            .map_err(|error| no_answer(&error).through(proxy))?;
        let status = response.status().as_u16();
        tracing::info!(method = %call.method, path = call.url.path(), status, "answered");
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let mut body = Vec::new();
        let broke_off = |error| no_answer(&error).through(proxy);
        while let Some(chunk) = response.chunk().await.map_err(broke_off)? {
            if body.len() + chunk.len() > LARGEST_BODY {
                let text = format!("the answer is larger than {} MiB", LARGEST_BODY >> 20);
                return Err(OcmError::Unexpected { status, text });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((Answer { status, body }, retry_after))
    }
}

fn request(client: &Client, call: &Call<'_>) -> RequestBuilder {
    let request = client
        .request(call.method.clone(), call.url.clone())
        .header("accept", "application/json");
    let request = match call.auth {
        Auth::None => request,
        Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
        Auth::Basic(user, password) => request.basic_auth(user, Some(password.expose_secret())),
    };
    match call.content {
        Content::None => request,
        Content::Json(value) => request.json(value),
        Content::Form(fields) => request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(fields)),
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    // Only the query of this address is used.
    let mut url = match Url::parse("form:") {
        Ok(url) => url,
        Err(_) => return String::new(),
    };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

fn no_answer(error: &reqwest::Error) -> OcmError {
    if error.is_timeout() {
        return OcmError::Timeout;
    }
    if let Some(problem) = TlsProblem::in_causes(error) {
        return OcmError::Tls(problem);
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    OcmError::Unavailable(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded_as_browsers_do() {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "a b+c/d=&é"),
        ];
        assert_eq!(
            form(&fields),
            "grant_type=refresh_token&refresh_token=a+b%2Bc%2Fd%3D%26%C3%A9"
        );
    }

    #[test]
    fn a_refusal_is_told_in_the_services_own_words_and_a_page_is_not() {
        let text = |body: &str| {
            let body = body.as_bytes().to_vec();
            Answer { status: 400, body }.text()
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
