//! HTTP to one registry: one client, bounded retries, bounded bodies, no redirects.

use super::call::{Answer, Auth, Body, Call, Repeat};
use super::client::{Trust, client};
use super::clock::ServerClock;
use super::endpoint::{Endpoint, NamedBy, host_of};
use super::error::ApiError;
use super::error_text::problem_text;
use super::pace::Pace;
use super::proxy::{proxy_for, without_password};
use super::reach::{self, Forbidden};
use super::tls_problem::TlsProblem;
use super::trust::certificates;
use crate::Failure;
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Client, Response, Url, Version};
use rustls::pki_types::CertificateDer;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::error::Error;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Quay checks the token with bcrypt on every call (about 0.3 s of its CPU).
const API_REQUESTS_IN_FLIGHT: usize = 4;

const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// A server that asks for more patience than this is reported instead.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A page for programmers, which rustls names where a connection ends without a word.
const RUSTLS_MANUAL: &str = "docs.rs/rustls/";

/// Of what an error says, more is read by nobody.
const LARGEST_ERROR: usize = 4 << 10;

/// The connection pool of one endpoint.
pub(crate) struct Transport {
    endpoint: Endpoint,
    client: Client,
    api_window: Semaphore,
    pace: Pace,
    clock: ServerClock,
}

impl Transport {
    /// Reads the certificate authority and prepares the client; nothing is sent.
    pub fn open(endpoint: &Endpoint) -> Result<Self, Failure> {
        Self::open_trusting(endpoint, Vec::new())
    }

    /// The same, trusting these authorities too.
    pub fn open_trusting(
        endpoint: &Endpoint,
        mut authorities: Vec<CertificateDer<'static>>,
    ) -> Result<Self, Failure> {
        if let Some(path) = &endpoint.ca {
            let pem = std::fs::read(path).map_err(|error| {
                Failure::new(format!(
                    "cannot read the certificate authority {}: {error}",
                    path.display()
                ))
            })?;
            let given = certificates(&pem);
            if given.is_empty() {
                return Err(Failure::new(format!(
                    "{} holds no certificate in PEM form",
                    path.display()
                )));
            }
            authorities.extend(given);
        }
        let trust = match endpoint.insecure {
            true => Trust::Anyone,
            false => Trust::Certified(authorities),
        };
        Self::build(endpoint.clone(), trust, headers())
    }

    /// A transport whose every request has these headers.
    pub fn build(endpoint: Endpoint, trust: Trust, headers: HeaderMap) -> Result<Self, Failure> {
        let unprepared = |error: &(dyn Error + 'static)| {
            Failure::new(format!("cannot prepare TLS: {}", root_cause(error)))
        };
        let client = client(trust, endpoint.named_by)
            .map_err(|error| unprepared(&error))?
            .default_headers(headers)
            .build()
            .map_err(|error| unprepared(&error))?;
        Ok(Self {
            endpoint,
            client,
            api_window: Semaphore::new(API_REQUESTS_IN_FLIGHT),
            pace: Pace::default(),
            clock: ServerClock::default(),
        })
    }

    /// Where requests go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The server's clock, as its answers told it.
    pub fn clock(&self) -> &ServerClock {
        &self.clock
    }

    /// Sends until there is an answer, at most four times.
    pub async fn send(&self, call: &Call<'_>) -> Result<Answer, ApiError> {
        let is_api = call.url.path().starts_with("/api/");
        let _turn = if is_api {
            self.api_window.acquire().await.ok()
        } else {
            None
        };
        let mut after_loss = false;
        for tried in 1.. {
            if is_api {
                self.pace.turn().await;
            }
            let (error, wait) = match self.try_once(call).await {
                Ok(answer) => {
                    return Ok(Answer {
                        after_loss,
                        ..answer
                    });
                }
                Err(Trouble { error, again }) => match again {
                    Again::No => return Err(error),
                    Again::Unknown if call.repeat != Repeat::Safe => return Err(error),
                    Again::Unknown => {
                        after_loss = true;
                        (error, None)
                    }
                    Again::Later(wait) => (error, wait),
                },
            };
            let wait = wait.unwrap_or_else(|| backoff(tried));
            if tried == TRIES || wait > LONGEST_WAIT {
                return Err(error);
            }
            tracing::debug!(path = call.url.path(), tried, ?wait, "trying again");
            tokio::time::sleep(wait).await;
        }
        Err(ApiError::RateLimited)
    }

    async fn try_once(&self, call: &Call<'_>) -> Result<Answer, Trouble> {
        if self.endpoint.named_by == NamedBy::PullSecret {
            reach::check(&call.url).map_err(|forbidden| Trouble::ends(forbidden.into()))?;
        }
        let mut request = self.client.request(call.method.clone(), call.url.clone());
        request = match call.auth {
            Auth::None => request,
            Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Auth::Basic(user, password) => request.basic_auth(user, Some(password.expose_secret())),
        };
        request = match &call.body {
            None => request,
            Some(Body::Json(value)) => request.json(value),
            Some(Body::Form(fields)) => request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(fields.clone()),
        };
        if let Some(kinds) = call.accept {
            request = request.header(ACCEPT, kinds);
        }
        let proxy =
            proxy_for(&call.url).map_err(|reason| Trouble::ends(unavailable(&call.url, reason)))?;
        let began = Instant::now();
        let sent = request.send().await;
        let path = call.url.path();
        let elapsed = began.elapsed();
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                let trouble = Trouble::from_transport(&call.url, &error).through(proxy);
                tracing::info!(method = %call.method, path, ?elapsed, error = %trouble.error, "no answer");
                return Err(trouble);
            }
        };
        self.clock.read(response.headers());
        let status = response.status().as_u16();
        if status == 429 {
            self.pace.slow_down(response.version() >= Version::HTTP_2);
        }
        tracing::info!(method = %call.method, path, status, ?elapsed, "answered");
        let retry_after = retry_after(response.headers());
        let challenge = header(&response, WWW_AUTHENTICATE);
        let location = header(&response, LOCATION);
        let body = read(call, response)
            .await
            .map_err(|trouble| trouble.through(proxy))?;
        match status {
            300..400 => Err(Trouble::ends(ApiError::Redirected {
                to: location.map_or_else(|| "an unknown place".to_owned(), |to| redact(&to)),
            })),
            429 => Err(Trouble {
                error: ApiError::RateLimited,
                again: Again::Later(retry_after),
            }),
            503 if is_read_only(&body) => Err(Trouble::ends(ApiError::ReadOnly)),
            502..=504 => Err(Trouble {
                error: unavailable(&call.url, format!("it answers {status}")),
                again: match retry_after {
                    Some(_) if call.repeat != Repeat::Limited => Again::Later(retry_after),
                    _ => Again::Unknown,
                },
            }),
            _ => Ok(Answer {
                status,
                challenge,
                body,
                after_loss: false,
            }),
        }
    }
}

/// A try that gave no usable answer.
struct Trouble {
    error: ApiError,
    again: Again,
}

/// Whether and when to try again.
enum Again {
    No,
    /// The request may have been carried out.
    Unknown,
    /// The request was not carried out; after this wait, if the server named one.
    Later(Option<Duration>),
}

impl Trouble {
    fn ends(error: ApiError) -> Self {
        Self {
            error,
            again: Again::No,
        }
    }

    /// Names the proxy that was on the way.
    fn through(self, proxy: Option<&Url>) -> Self {
        let Some(proxy) = proxy else { return self };
        Self {
            error: ApiError::ThroughProxy {
                error: Box::new(self.error),
                proxy: without_password(proxy),
            },
            again: self.again,
        }
    }

    fn from_transport(asked: &Url, error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::ends(ApiError::Timeout);
        }
        if let Some(problem) = TlsProblem::in_causes(error) {
            return Self::ends(ApiError::Tls(problem));
        }
        if let Some(forbidden) = Forbidden::in_causes(error) {
            return Self::ends(forbidden.into());
        }
        let unavailable = unavailable(asked, root_cause(error));
        if error.is_connect() || error.is_builder() {
            return Self::ends(unavailable);
        }
        Self {
            error: unavailable,
            again: Again::Unknown,
        }
    }
}

/// Names who was asked: a registry's token service may be elsewhere than the registry.
fn unavailable(asked: &Url, reason: String) -> ApiError {
    let server = host_of(asked.as_str());
    ApiError::Unavailable {
        server: server.map_or_else(|| "the server".to_owned(), String::from),
        reason,
    }
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Quay refuses API calls that look like a browser's and lack it (BROWSER_API_CALLS_XHR_ONLY).
    let value = reqwest::header::HeaderValue::from_static("XMLHttpRequest");
    headers.insert("x-requested-with", value);
    headers
}

fn header(response: &Response, name: HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    value.to_str().ok().map(str::to_owned)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}

/// Reads the body: of a success all, or it is none; of anything else the beginning.
async fn read(call: &Call<'_>, mut response: Response) -> Result<Vec<u8>, Trouble> {
    let is_success = response.status().is_success();
    let largest = match is_success {
        true => call.largest.bytes(),
        false => LARGEST_ERROR,
    };
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) => {
                let room = largest - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                match chunk.len() > room {
                    true if is_success => {
                        return Err(Trouble::ends(ApiError::Unexpected {
                            status: response.status().as_u16(),
                            text: format!("the answer is larger than {}", call.largest),
                        }));
                    }
                    true => return Ok(body),
                    false => {}
                }
            }
            Err(error) => return Err(Trouble::from_transport(&call.url, &error)),
        }
    }
}

fn is_read_only(body: &[u8]) -> bool {
    let flagged = serde_json::from_slice::<Value>(body)
        .is_ok_and(|value| value.get("is_readonly") == Some(&Value::Bool(true)));
    flagged || problem_text(body).is_some_and(|text| text.contains("read-only"))
}

/// Where a redirect leads, without what might be a credential in its query.
fn redact(location: &str) -> String {
    let end = location.find(['?', '#']).unwrap_or(location.len());
    location[..end].chars().take(200).collect()
}

/// Doubles from half a second, spread by up to a half so that clients do not march in step.
fn backoff(tried: u32) -> Duration {
    let base = FIRST_WAIT * 2u32.pow(tried - 1);
    let random = std::hash::RandomState::new().build_hasher().finish() % 512;
    base + base.mul_f64(random as f64 / 1024.0)
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let io = cause.downcast_ref::<io::Error>();
    let is_end = io.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
    let text = cause.to_string();
    // HTTP/2 hides the kind of such an error, and keeps what rustls tells those who write servers.
    match is_end || text.contains(RUSTLS_MANUAL) {
        true => "it closed the connection in the middle of its answer".to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_bounded() {
        for tried in 1..TRIES {
            let base = FIRST_WAIT * 2u32.pow(tried - 1);
            let wait = backoff(tried);
            assert!(wait >= base && wait <= base.mul_f64(1.5), "{wait:?}");
        }
    }

    #[test]
    fn only_quays_own_503_means_read_only() {
        assert!(is_read_only(
            br#"{"is_readonly":true,"message":"System is"}"#
        ));
        assert!(!is_read_only(b"<html>"));
        assert!(!is_read_only(br#"{"message":"overloaded"}"#));
    }

    #[test]
    fn a_redirects_query_is_not_shown() {
        assert_eq!(redact("https://sso/x?code=S3CRET#y"), "https://sso/x");
    }
}
