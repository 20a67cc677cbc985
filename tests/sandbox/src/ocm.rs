//! A stand-in for Red Hat's sign-on service and account API: as much of them as it takes to
//! download a pull secret and to have it rotated.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::http::{Authority, Server, ServerOptions};
use crate::openshift::red_hat_entries;

const API: &str = "/api/accounts_mgmt/v1";
const TOKEN: &str = "/auth/realms/redhat-external/protocol/openid-connect/token";
const LARGEST_BODY: usize = 1 << 20;

/// The one account, and what its services hold.
pub struct OcmState {
    /// The account's id.
    pub account: String,
    /// Its name.
    pub username: String,
    /// Its address.
    pub email: String,
    /// The offline token that is good; any other is a session that is not found.
    pub offline_token: String,
    /// The client that issued it: no other may use it.
    pub offline_client: String,
    /// A service account that is good, and its secret.
    pub service_account: (String, String),
    /// The token in the pull secret's entries.
    pub pull_token: String,
    /// The rotations that were requested.
    pub rotations: Vec<Value>,
    /// The clusters of the account.
    pub clusters: Vec<Value>,
    access_token: String,
    issued: usize,
}

impl OcmState {
    fn new() -> Self {
        Self {
            account: "1gsHGmeuLvMVzpgJsct5oRBz8Gp".to_owned(),
            username: "rh-alice".to_owned(),
            email: "alice@example.com".to_owned(),
            offline_token: "offline-token-of-alice".to_owned(),
            offline_client: "cloud-services".to_owned(),
            service_account: ("service-account".to_owned(), "its-secret".to_owned()),
            pull_token: "P".repeat(64),
            rotations: Vec::new(),
            clusters: Vec::new(),
            access_token: String::new(),
            issued: 0,
        }
    }

    /// What the batches do four times a day: the pull secret is another one, and no request
    /// is pending any more.
    pub fn run_batch(&mut self, pull_token: &str) {
        pull_token.clone_into(&mut self.pull_token);
        self.rotations.clear();
    }

    /// Access tokens given out so far are worth nothing any more.
    pub fn expire(&mut self) {
        self.access_token.clear();
    }
}

/// A running stand-in; stops when dropped.
pub struct Ocm {
    server: Server,
    state: Arc<Mutex<OcmState>>,
    authority: Arc<Authority>,
}

impl Ocm {
    /// Starts it with one account that has no rotation and no clusters.
    ///
    /// # Errors
    /// When the server cannot be started.
    pub fn start() -> io::Result<Self> {
        let authority = Authority::new()?;
        let state = Arc::new(Mutex::new(OcmState::new()));
        let serving = Arc::clone(&state);
        let router = Router::new().fallback(move |request: Request| {
            let state = Arc::clone(&serving);
            async move { answer(&state, request).await }
        });
        let options = ServerOptions {
            authority: Some(Arc::clone(&authority)),
            ..ServerOptions::default()
        };
        Ok(Self {
            server: Server::start(router, options)?,
            state,
            authority,
        })
    }

    /// Where the API is.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.port())
    }

    /// Where tokens are given out.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN}", self.url())
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// The server with its log and faults.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Changes the state; no request is answered meanwhile.
    pub fn edit<T>(&self, change: impl FnOnce(&mut OcmState) -> T) -> T {
        change(&mut lock(&self.state))
    }
}

fn lock(state: &Mutex<OcmState>) -> MutexGuard<'_, OcmState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(state: &Mutex<OcmState>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let mut state = lock(state);
    let (status, value) = match parts.uri.path() {
        TOKEN => token(&mut state, &parts, &body),
        _ if !is_signed_in(&state, &parts) => error(401, "Bearer token is missing or wrong"),
        path => api(&mut state, &parts, path),
    };
    let mut response = Response::new(match &value {
        Value::Null => Body::empty(),
        value => Body::from(value.to_string()),
    });
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Keycloak's token endpoint.
fn token(state: &mut OcmState, parts: &Parts, body: &[u8]) -> (u16, Value) {
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| {
        let mut named = fields.iter().filter(|(key, _)| key == name);
        named
            .next()
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    };
    let refusal = |status: u16, error: &str, description: &str| {
        (
            status,
            json!({"error": error, "error_description": description}),
        )
    };
    let refused = match field("grant_type") {
        "refresh_token" if field("refresh_token") != state.offline_token => Some(refusal(
            400,
            "invalid_grant",
            "Offline user session not found",
        )),
        "refresh_token" if field("client_id") != state.offline_client => Some(refusal(
            400,
            "invalid_grant",
            "Invalid refresh token. Token client and authorized client don't match",
        )),
        "refresh_token" => None,
        "client_credentials" => {
            let (id, secret) = &state.service_account;
            let wanted = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
            let given = parts.headers.get(header::AUTHORIZATION);
            let good = given.is_some_and(|given| given.as_bytes() == wanted.as_bytes())
                && field("client_id") == id;
            (!good).then(|| {
                refusal(
                    401,
                    "unauthorized_client",
                    "Invalid client or Invalid client credentials",
                )
            })
        }
        _ => Some(refusal(
            400,
            "unsupported_grant_type",
            "Unsupported grant_type",
        )),
    };
    if let Some(refused) = refused {
        return refused;
    }
    state.issued += 1;
    state.access_token = format!("access-token-number-{}", state.issued);
    let answer = json!({
        "access_token": state.access_token,
        "expires_in": 900,
        "token_type": "Bearer",
        "scope": "openid",
    });
    (200, answer)
}

fn is_signed_in(state: &OcmState, parts: &Parts) -> bool {
    let given = parts.headers.get(header::AUTHORIZATION);
    let wanted = format!("Bearer {}", state.access_token);
    !state.access_token.is_empty()
        && given.is_some_and(|given| given.as_bytes() == wanted.as_bytes())
}

fn api(state: &mut OcmState, parts: &Parts, path: &str) -> (u16, Value) {
    let path = path.strip_prefix(API).unwrap_or_default();
    let rotation = format!("/accounts/{}/pull_secret_rotation", state.account);
    let own = format!("creator.username = '{}' and status in (", state.username);
    match (parts.method.as_str(), path) {
        ("GET", "/current_account") => {
            let account = json!({
                "id": state.account,
                "kind": "Account",
                "href": format!("{API}/accounts/{}", state.account),
                "username": state.username,
                "email": state.email,
                "first_name": "Alice",
                "organization": {"id": "1HAXGgCYqHpednsRDiwWsZBmDlA", "kind": "Organization",
                    "name": "Example Inc."},
                "banned": false,
            });
            (200, account)
        }
        ("POST", "/access_token") => {
            let auths = red_hat_entries(&state.pull_token, &state.email);
            (200, json!({"auths": auths}))
        }
        ("GET", path) if path == rotation && state.rotations.is_empty() => (204, Value::Null),
        ("GET", path) if path == rotation => {
            (200, list("PullSecretRotationList", &state.rotations))
        }
        ("POST", path) if path == rotation => {
            let id = format!("2Ju{}", state.rotations.len());
            let now = Timestamp::now().to_string();
            let requested = json!({
                "id": id,
                "kind": "PullSecretRotation",
                "href": format!("{API}{rotation}/{id}"),
                "account_id": state.account,
                "status": "pending",
                "created_at": now,
                "updated_at": now,
            });
            state.rotations.push(requested.clone());
            (201, requested)
        }
        ("GET", "/subscriptions") => (200, subscriptions(&state.clusters, parts, &own)),
        _ => error(404, "there is no such resource here"),
    }
}

/// One page of the clusters that the search asks for; without a search that is known here, none.
fn subscriptions(clusters: &[Value], parts: &Parts, own: &str) -> Value {
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let query: Vec<(String, String)> = form_urlencoded::parse(query).into_owned().collect();
    let value = |name: &str| {
        let mut values = query.iter().filter(|(key, _)| key == name);
        values.next().map(|(_, value)| value.as_str())
    };
    let number = |name: &str, default: usize| {
        value(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    };
    let states = value("search").and_then(|search| search.strip_prefix(own));
    let is_asked_for = |cluster: &&Value| {
        let state = cluster["status"].as_str().unwrap_or_default();
        states.is_some_and(|states| states.contains(&format!("'{state}'")))
    };
    let found: Vec<Value> = clusters.iter().filter(is_asked_for).cloned().collect();
    let (page, size) = (number("page", 1).max(1), number("size", 100).clamp(1, 100));
    let items = found.iter().skip((page - 1) * size).take(size);
    let items: Vec<Value> = items.cloned().collect();
    let (size, total) = (items.len(), found.len());
    json!({"kind": "SubscriptionList", "page": page, "size": size, "total": total, "items": items})
}

fn list(kind: &str, items: &[Value]) -> Value {
    json!({"kind": kind, "page": 1, "size": items.len(), "total": items.len(), "items": items})
}

fn error(status: u16, reason: &str) -> (u16, Value) {
    let code = format!("ACCT-MGMT-{status}");
    (
        status,
        json!({"kind": "Error", "id": status.to_string(), "code": code, "reason": reason}),
    )
}
