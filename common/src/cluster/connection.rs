//! One cluster: requests with a time limit, retries and a window.

use super::error::CallError;
use super::exec_plugin;
use super::resource;
use super::route::Route;
use super::window::Window;
use crate::web::{ServerClock, TlsProblem};
use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::client::{AuthError, Body, Client};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::time::Duration;

/// The API server's limit for a field manager's name, in bytes.
pub const FIELD_MANAGER_LIMIT: usize = 128;
/// A request is sent this often at most, when the server is too busy or not reached.
const TRIES: u32 = 6;
/// The first pause; it doubles, and a `Retry-After` of the server counts more.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No server is obeyed for longer than this between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A page of 500 secrets of 1 MiB each is the largest answer there can be.
const LARGEST_ANSWER: usize = 600 << 20;
/// What a server says of its refusal may name every field of a Secret.
const LARGEST_ERROR: usize = 1 << 20;

/// How a write is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// For real.
    Persist,
    /// `dryRun=All`: the server checks and answers, and stores nothing.
    DryRun,
}

/// A connection to one cluster, under the name of its context.
pub struct Cluster {
    context: String,
    route: Route,
    client: Client,
    timeout: Duration,
    field_manager: String,
    default_namespaces: BTreeSet<String>,
    window: Window,
    clock: ServerClock,
}

impl Cluster {
    pub(super) fn new(
        context: String,
        (client, route): (Client, Route),
        timeout: Duration,
        field_manager: &str,
    ) -> Self {
        Self {
            context,
            route,
            default_namespaces: [client.default_namespace().to_owned()].into(),
            client,
            timeout,
            field_manager: field_manager.chars().take(FIELD_MANAGER_LIMIT).collect(),
            window: Window::default(),
            clock: ServerClock::default(),
        }
    }

    /// The context's name.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// How its API server is reached.
    pub(super) fn route(&self) -> &Route {
        &self.route
    }

    /// The API server's address: `https://host:port/path`.
    pub fn server(&self) -> &str {
        self.route.server()
    }

    /// The namespaces commands work in without `-n`: the context's, and those of other
    /// chosen contexts of the same cluster.
    pub fn default_namespaces(&self) -> &BTreeSet<String> {
        &self.default_namespaces
    }

    /// `other` leads to the same cluster: its namespaces are ours too.
    pub(super) fn adopt_namespaces(&mut self, other: &Self) {
        self.default_namespaces
            .extend(other.default_namespaces.iter().cloned());
    }

    /// How many targets of this cluster to work on at once.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// What time it is at the API server, by its last answer; this machine's time before the first.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The cluster's identity: the UID of its kube-system namespace, if it can be read. A
    /// restore or a clone of the cluster has the same.
    pub async fn identity(&self) -> Option<String> {
        let namespace: Namespace = self.get(&resource::namespace("kube-system")).await.ok()?;
        namespace.metadata.uid
    }

    /// GET of one object or one page.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.call(http::Method::GET, path, None, Vec::new()).await
    }

    /// POST of a new object to its collection.
    pub async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        object: &impl Serialize,
        write: WriteMode,
    ) -> Result<T, CallError> {
        let path = self.write_path(path, write);
        self.call(
            http::Method::POST,
            &path,
            Some("application/json"),
            to_body(object)?,
        )
        .await
    }

    /// JSON merge patch. With `metadata.resourceVersion` in it, sending it twice is harmless.
    pub async fn merge_patch<T: DeserializeOwned>(
        &self,
        path: &str,
        patch: &impl Serialize,
        write: WriteMode,
    ) -> Result<T, CallError> {
        let path = self.write_path(path, write);
        self.call(
            http::Method::PATCH,
            &path,
            Some("application/merge-patch+json"),
            to_body(patch)?,
        )
        .await
    }

    /// DELETE of one object, if it is still the one with this `uid` and `resourceVersion`.
    pub async fn delete(
        &self,
        path: &str,
        uid: &str,
        resource_version: &str,
        write: WriteMode,
    ) -> Result<(), CallError> {
        let preconditions = serde_json::json!({"uid": uid, "resourceVersion": resource_version});
        self.delete_if(path, &preconditions, write).await
    }

    /// DELETE of one object, if it is still the one with this `uid`, whatever its version.
    pub async fn delete_any_version(&self, path: &str, uid: &str) -> Result<(), CallError> {
        self.delete_if(path, &serde_json::json!({"uid": uid}), WriteMode::Persist)
            .await
    }

    async fn delete_if(
        &self,
        path: &str,
        preconditions: &serde_json::Value,
        write: WriteMode,
    ) -> Result<(), CallError> {
        let mut options = serde_json::json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": preconditions,
        });
        if write == WriteMode::DryRun {
            // The server reads a DELETE's options from the body or from the query, never from both.
            options["dryRun"] = serde_json::json!(["All"]);
        }
        let path = self.write_path(path, write);
        let body = to_body(&options)?;
        let _: serde_json::Value = self
            .call(http::Method::DELETE, &path, Some("application/json"), body)
            .await?;
        Ok(())
    }

    fn write_path(&self, path: &str, write: WriteMode) -> String {
        let dry_run = if write == WriteMode::DryRun {
            "&dryRun=All"
        } else {
            ""
        };
        format!("{path}?fieldManager={}{dry_run}", self.field_manager)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: http::Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<T, CallError> {
        let mut pause = FIRST_PAUSE;
        let mut lost = false;
        for attempt in 1.. {
            let answer = self.once(&method, path, content_type, body.clone()).await;
            let (error, retry_after) = match answer {
                Ok(bytes) => {
                    return serde_json::from_slice(&bytes)
                        // serde's message quotes what it read, which may be a secret.
                        .map_err(|error| {
                            CallError::Unreadable(format!("{:?} error", error.classify()))
                        });
                }
                Err(failed) => failed,
            };
            if error.is_overload() {
                self.window.halve();
            }
            if lost && error.is_conflict() {
                return Err(CallError::AfterLostAnswer(Box::new(error)));
            }
            if attempt >= TRIES || !error.is_transient() {
                return Err(error);
            }
            lost = true;
            let pause_now = retry_after.unwrap_or(pause).min(LONGEST_PAUSE);
            tracing::debug!(context = %self.context, %method, path, %error, ?pause_now, "trying again");
            tokio::time::sleep(pause_now).await;
            pause *= 2;
        }
        Err(CallError::Timeout(self.timeout))
    }

    async fn once(
        &self,
        method: &http::Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, (CallError, Option<Duration>)> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Body::from(body)).map_err(|error| {
            (
                CallError::Unreadable(format!("cannot form the request: {error}")),
                None,
            )
        })?;
        let exchange = async {
            let response = self
                .client
                .send(request)
                .await
                .map_err(|error| (self.transport(&error), None))?;
            self.clock.read(response.headers());
            let (status, retry_after) = (response.status(), retry_after(response.headers()));
            let largest = match status.is_success() {
                true => LARGEST_ANSWER,
                false => LARGEST_ERROR,
            };
            let collected = Limited::new(response.into_body(), largest)
                .collect()
                .await
                .map_err(|error| {
                    (
                        CallError::Transport(format!(
                            "the connection broke during the answer: {error}"
                        )),
                        None,
                    )
                })?;
            let bytes = collected.to_bytes();
            tracing::debug!(context = %self.context, %method, path, status = status.as_u16(), bytes = bytes.len());
            if status.is_success() {
                Ok(bytes.to_vec())
            } else {
                Err((api_error(status.as_u16(), &bytes), retry_after))
            }
        };
        let answer = match self.timeout.is_zero() {
            true => exchange.await,
            false => tokio::time::timeout(self.timeout, exchange)
                .await
                .unwrap_or(Err((CallError::Timeout(self.timeout), None))),
        };
        answer.map_err(|(error, retry_after)| (error.through(self.route.proxy()), retry_after))
    }

    /// Why there is no answer.
    fn transport(&self, error: &kube::Error) -> CallError {
        match TlsProblem::in_causes(error) {
            Some(problem) if problem.is_about_certificate() => CallError::Untrusted {
                problem,
                server: self.route.host().to_owned(),
            },
            _ => CallError::Transport(reason(error)),
        }
    }
}

fn to_body(object: &impl Serialize) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(object)
        .map_err(|error| CallError::Unreadable(format!("cannot form the request: {error}")))
}

/// The causes from the first that says something: "Connection refused", not the layers above.
fn reason(error: &kube::Error) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = cause {
        if let Some(error) = current.downcast_ref::<AuthError>() {
            // Its own text quotes what a credential plugin printed.
            return exec_plugin::reason(error, None);
        }
        reasons.push(current.to_string());
        cause = current.source();
    }
    // Each layer may repeat the text of the ones below it.
    let last = reasons.pop().unwrap_or_default();
    let above = reasons
        .pop()
        .filter(|text| !text.contains(&last) && !text.starts_with("ServiceError"));
    if last.contains("close_notify") {
        return "the server closed the connection before its answer was complete".to_owned();
    }
    above.map_or(last.clone(), |above| format!("{above}: {last}"))
}

fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn api_error(code: u16, body: &[u8]) -> CallError {
    #[derive(serde::Deserialize)]
    struct Status {
        #[serde(default)]
        reason: String,
        #[serde(default)]
        message: String,
    }
    match serde_json::from_slice::<Status>(body) {
        Ok(status) if !status.message.is_empty() => CallError::Api {
            code,
            reason: status.reason,
            // A further line of it must not look like one of ours.
            message: status.message.replace('\n', "\n    "),
        },
        // Not a Status: some proxy's page, of which the status says more than the text.
        _ => CallError::Api {
            code,
            reason: String::new(),
            message: format!("HTTP status {code}"),
        },
    }
}
