//! A small Kubernetes API server.
//!
//! It speaks as much of the API as kubectl and the plugins need to look after
//! pull secrets, in the words of kube-apiserver 1.36: the same status codes,
//! messages, conflicts, patches, field ownership and access rules. It runs no
//! controllers but the one that looks after namespaces, and no kubelet.

mod api;
mod apply;
mod authn;
mod bootstrap;
mod definitions;
mod delete;
mod discovery;
mod go_json;
mod kinds;
mod kubeconfig;
mod names;
mod namespaces;
mod negotiate;
mod openapi;
mod patch;
mod pods;
mod rbac;
mod read;
mod request;
mod reviews;
mod rules;
mod schema;
mod secrets;
mod selectors;
mod status;
mod store;
mod table;
mod watch;
mod workloads;
mod write;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jiff::{SignedDuration, Timestamp};

use crate::http::{Authority, Server, ServerOptions};
use api::Api;

/// How a cluster is set up.
pub struct ClusterOptions {
    /// Its name, and that of the administrator's context.
    pub name: String,
    /// Who signs its certificate; `None` means an authority of its own. Without TLS
    /// kubectl would send no credentials.
    pub authority: Option<Arc<Authority>>,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Latency added to every request.
    pub delay: Duration,
    /// The UID of kube-system, which a restore or a clone has from another cluster; `None` means
    /// one of its own.
    pub uid: Option<String>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            name: "sandbox".into(),
            authority: None,
            port: 0,
            delay: Duration::ZERO,
            uid: None,
        }
    }
}

/// A cluster on 127.0.0.1; it and everything in it is gone when this is dropped.
pub struct Cluster {
    name: String,
    authority: Arc<Authority>,
    server: Server,
    api: Arc<Api>,
}

impl Cluster {
    /// Starts an empty cluster: its four namespaces, and the roles that come with RBAC.
    ///
    /// # Errors
    /// When the port is taken, or a thread or the certificate cannot be made.
    pub fn start(options: ClusterOptions) -> io::Result<Self> {
        let authority = match options.authority {
            Some(authority) => authority,
            None => Authority::new()?,
        };
        let uid = options.uid;
        let api = namespaces::control(&options.name, |controller| Api::new(controller, uid))?;
        let serving = Arc::clone(&api);
        let router = Router::new().fallback(move |request| Arc::clone(&serving).serve(request));
        let server = Server::start(
            router,
            ServerOptions {
                authority: Some(Arc::clone(&authority)),
                port: options.port,
                delay: options.delay,
                ..ServerOptions::default()
            },
        )?;
        Ok(Self {
            name: options.name,
            authority,
            server,
            api,
        })
    }

    /// Where the API is, without a trailing slash.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.server.port())
    }

    /// A kubeconfig in YAML for a user. `admin` is bound to `cluster-admin`, and its
    /// context has the cluster's name. Anybody else may do what RBAC objects grant to the
    /// user of that name; the context is then `<cluster>-<user>`.
    pub fn kubeconfig(&self, user: &str) -> String {
        let token = self.api.users.token(user);
        kubeconfig::render(&self.name, &self.url(), self.authority.pem(), user, &token)
    }

    /// The server: its request log and its faults.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

/// The time as metadata has it: RFC 3339, whole seconds.
fn now() -> String {
    in_seconds(0)
}

fn in_seconds(seconds: i64) -> String {
    let then = Timestamp::now() + SignedDuration::from_secs(seconds);
    format!("{then:.0}")
}
