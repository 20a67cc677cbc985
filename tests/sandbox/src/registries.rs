//! A stand-in for registries that are no Quay: as much of them as it takes to tell whether a
//! credential is good, and whether an image is handed out.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::{Authority, Server, ServerOptions};

/// How a registry wants to be told who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It takes the password with each request, as docker's registry with a file of passwords,
    /// ECR and Nexus do.
    Basic,
    /// It hands out tokens that nobody else can read, as ghcr.io does.
    Opaque,
    /// It lets everybody in.
    Open,
}

/// A registry: how it is asked, and the one account that is good there.
#[derive(Clone, Debug)]
pub struct Registry {
    pub way: Way,
    pub user: String,
    pub password: String,
    /// The account may pull images whose repository begins so.
    pub pulls: String,
}

type Hosts = Arc<Mutex<BTreeMap<String, Registry>>>;

/// Registries of several names at one port of this machine; stops when dropped. A proxy has to
/// lead their names there.
pub struct Registries {
    server: Server,
    hosts: Hosts,
    authority: Arc<Authority>,
}

impl Registries {
    /// Starts them with a certificate for these names.
    ///
    /// # Errors
    /// When the server cannot be started.
    pub fn start(names: &[&str]) -> io::Result<Self> {
        let authority = Authority::new()?;
        let hosts = Hosts::default();
        let serving = Arc::clone(&hosts);
        let router = Router::new().fallback(move |request: Request| {
            let hosts = Arc::clone(&serving);
            async move { answer(&hosts, &request.into_parts().0) }
        });
        let options = ServerOptions {
            authority: Some(Arc::clone(&authority)),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            ..ServerOptions::default()
        };
        Ok(Self {
            server: Server::start(router, options)?,
            hosts,
            authority,
        })
    }

    /// From now on the registry of this name is such a one.
    pub fn set(&self, host: &str, way: Way, user: &str, password: &str) {
        let registry = Registry {
            way,
            user: user.to_owned(),
            password: password.to_owned(),
            pulls: String::new(),
        };
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.insert(host.to_owned(), registry);
    }

    /// From now on its account may pull only images whose repository begins so.
    pub fn lets_pull(&self, host: &str, pulls: &str) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registry) = hosts.get_mut(host) {
            registry.pulls = pulls.to_owned();
        }
    }

    /// The server with its log and faults.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }
}

fn answer(hosts: &Hosts, parts: &Parts) -> Response<Body> {
    let named = parts.headers.get(header::HOST);
    let named = named.and_then(|host| host.to_str().ok());
    let host = parts.uri.authority().map(|authority| authority.as_str());
    let host = host.or(named).unwrap_or_default().to_owned();
    let hosts = hosts.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(registry) = hosts.get(&host) else {
        return respond(404, &json!({}), None);
    };
    let given = parts.headers.get(header::AUTHORIZATION);
    let given = given.and_then(|given| given.to_str().ok());
    match parts.uri.path() {
        "/token" => registry.token(given),
        path => registry.resource(&host, path, given),
    }
}

impl Registry {
    fn basic(&self) -> String {
        let login = format!("{}:{}", self.user, self.password);
        format!("Basic {}", STANDARD.encode(login))
    }

    /// Nobody can read it, and it is the same for all who have the password.
    fn opaque(&self) -> String {
        format!("opaque-{}", self.user.len())
    }

    fn token(&self, given: Option<&str>) -> Response<Body> {
        match given == Some(&self.basic()) {
            true => {
                let token = self.opaque();
                respond(200, &json!({"token": token, "access_token": token}), None)
            }
            false => respond(401, &refusal(), None),
        }
    }

    fn resource(&self, host: &str, path: &str, given: Option<&str>) -> Response<Body> {
        let (is_in, challenge) = match self.way {
            Way::Open => (true, None),
            Way::Basic => (
                given == Some(&self.basic()),
                Some(r#"Basic realm="Registry Realm""#.to_owned()),
            ),
            Way::Opaque => (
                given == Some(&format!("Bearer {}", self.opaque())),
                Some(format!(
                    r#"Bearer realm="https://{host}/token",service="{host}""#
                )),
            ),
        };
        match (is_in, path) {
            (false, _) => respond(401, &refusal(), challenge),
            (true, "/v2/") => respond(200, &json!({}), None),
            (true, path) if path.contains("/manifests/") => {
                let may = path.starts_with(&format!("/v2/{}", self.pulls));
                respond(if may { 200 } else { 403 }, &json!({}), None)
            }
            (true, _) => respond(404, &json!({}), None),
        }
    }
}

fn refusal() -> Value {
    json!({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]})
}

fn respond(status: u16, body: &Value, challenge: Option<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let challenge = challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok());
    if let Some(challenge) = challenge {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
