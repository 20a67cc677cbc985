//! A stand-in for Quay, held to recordings of a real one.
//!
//! One module per resource of the API; `routes` says which paths there are, `auth` who may call
//! them, `errors` how a refusal looks.

mod accounts;
mod answer;
mod applications;
mod auth;
mod call;
mod dispatch;
mod errors;
mod federation;
mod images;
mod jwt;
mod limits;
mod logs;
mod model;
mod names;
mod oauth;
mod organizations;
mod permissions;
mod prototypes;
mod registry;
mod repositories;
mod rights;
mod robots;
mod routes;
mod schema;
mod scopes;
mod seed;
mod signin;
mod site;
mod state;
mod superusers;
mod teams;
mod user_tokens;
mod views;

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONNECTION, DATE, HeaderValue};
use axum::http::{Response, StatusCode, Version};

use crate::http::{Authority, Server, ServerOptions};
use call::Call;

pub use model::{Binding, Role, Validity};
pub use state::{State, Switches};

/// The largest body taken; no call of the API needs more.
const LARGEST_BODY: usize = 1 << 20;

/// How a Quay is started.
#[derive(Default)]
pub struct QuayOptions {
    /// Who signs its certificate; `None` makes a new authority.
    pub authority: Option<Arc<Authority>>,
    /// SERVER_HOSTNAME, where it is not `localhost:PORT`.
    pub server_hostname: Option<String>,
    /// Where it listens, and its name, in place of 127.0.0.1 and `localhost`.
    pub address: Option<Ipv4Addr>,
    /// The port there; 0 takes a free one.
    pub port: u16,
    /// Latency added to every request.
    pub delay: Duration,
    /// Plain HTTP in place of HTTPS.
    pub plain_http: bool,
}

/// A running Quay; stops when dropped.
pub struct Quay {
    server: Server,
    state: Arc<Mutex<State>>,
    authority: Arc<Authority>,
    registry: String,
    host: String,
    scheme: &'static str,
}

impl Quay {
    /// Starts an empty Quay.
    ///
    /// # Errors
    /// When the server cannot be started.
    pub fn start(options: QuayOptions) -> io::Result<Self> {
        let authority = match options.authority {
            Some(authority) => authority,
            None => Authority::new()?,
        };
        let scheme = if options.plain_http { "http" } else { "https" };
        let state = State::new(scheme, String::new())?;
        let state = Arc::new(Mutex::new(state));
        let host = match options.address {
            Some(address) => address.to_string(),
            None => "localhost".to_owned(),
        };
        let name = options.server_hostname.as_deref().unwrap_or(&host);
        let name = name.split(':').next().unwrap_or(name).to_owned();
        let server = Server::start(
            router(Arc::clone(&state)),
            ServerOptions {
                authority: (!options.plain_http).then(|| Arc::clone(&authority)),
                names: vec![name],
                address: options.address,
                port: options.port,
                delay: options.delay,
            },
        )?;
        let registry = options
            .server_hostname
            .unwrap_or_else(|| format!("{host}:{}", server.port()));
        lock(&state).hostname.clone_from(&registry);
        Ok(Self {
            server,
            state,
            authority,
            registry,
            host,
            scheme,
        })
    }

    /// `https://localhost:PORT`, or `http` where it is a plain one.
    pub fn url(&self) -> String {
        format!("{}://{}:{}", self.scheme, self.host, self.server.port())
    }

    /// SERVER_HOSTNAME, the host in image names.
    pub fn registry(&self) -> &str {
        &self.registry
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
    pub fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut lock(&self.state))
    }

    /// Looks at the state; no request is answered meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&lock(&self.state))
    }
}

/// A panic in a handler leaves nothing half done that a test could mistake for the truth.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(state: Arc<Mutex<State>>) -> Router {
    Router::new().fallback(move |request: Request| {
        let state = Arc::clone(&state);
        async move { answer(&state, request).await }
    })
}

async fn answer(state: &Mutex<State>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let http1 = parts.version < Version::HTTP_2;
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return response;
    };
    let call = Call::new(parts, body);
    // nginx keeps no HTTP/1.1 connection for these.
    let closes = http1 && (call.path.starts_with("/api/") || call.path == "/v2/auth");
    let (mut response, now) = {
        let mut state = lock(state);
        let response = dispatch::dispatch(&mut state, &call).into_response();
        (response, state.now())
    };
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(DATE, date);
    }
    if closes {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}
