//! A small world to try the plugins on: one Quay, one cluster, and what a team would have in them.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::cluster::{Cluster, ClusterOptions};
use crate::http::Authority;
use crate::quay::{Quay, QuayOptions, Role, State};

/// Who signs in to the demo's Quay.
pub const USER: &str = "quayadmin";
/// With this password.
pub const PASSWORD: &str = "quaypass123";

/// Namespaces of the demo's cluster besides those every cluster has.
const NAMESPACES: [&str; 4] = ["staging", "production", "dev", "monitoring"];

const AGENT: &str = "containers/5.34.1 (github.com/containers/image)";

/// How large the world is, and where.
#[derive(Default)]
pub struct DemoOptions {
    /// Quay's port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Further namespaces, `ns-000` and up.
    pub namespaces: usize,
}

/// The running world; gone when dropped.
pub struct Demo {
    /// Its Quay.
    pub quay: Quay,
    /// Its cluster.
    pub cluster: Cluster,
    /// An API token of [`USER`] with `org:admin repo:admin user:admin`.
    pub api_token: String,
    /// The client id of an OAuth application, for making more tokens.
    pub client_id: String,
}

impl Demo {
    /// Starts and seeds both servers, which share one certificate authority.
    ///
    /// # Errors
    /// When a server cannot be started, or does not take what it is seeded with.
    pub async fn start(options: DemoOptions) -> io::Result<Self> {
        let authority = Authority::new()?;
        let quay = Quay::start(QuayOptions {
            authority: Some(Arc::clone(&authority)),
            port: options.port,
            ..QuayOptions::default()
        })?;
        let (api_token, client_id) = quay.edit(fill)?;
        let cluster = Cluster::start(ClusterOptions {
            authority: Some(authority),
            ..ClusterOptions::default()
        })?;
        let more = (0..options.namespaces).map(|number| format!("ns-{number:03}"));
        let token = admin_token(&cluster)?;
        for name in NAMESPACES.map(str::to_owned).into_iter().chain(more) {
            add_namespace(&cluster, &token, &name).await?;
        }
        Ok(Self {
            quay,
            cluster,
            api_token,
            client_id,
        })
    }
}

/// An organization with repositories, and robots of different habits.
fn fill(state: &mut State) -> io::Result<(String, String)> {
    state.superusers.push(USER.to_owned());
    state.add_user(USER, PASSWORD);
    state.add_organization("myorg", USER);
    for name in ["my-app", "backend-api", "team/nested-app", "worker-service"] {
        state.add_repository("myorg", name, false);
    }
    state.add_repository("myorg", "public-app", true);

    state.add_robot("myorg+ci_pusher");
    state.set_description("myorg+ci_pusher", "Pushes from CI");
    state.set_permission("myorg", "my-app", "myorg+ci_pusher", Some(Role::Write))?;
    state.add_robot("myorg+deploy");
    state.set_description("myorg+deploy", "Pulls on clusters");
    for repository in ["my-app", "backend-api"] {
        state.set_permission("myorg", repository, "myorg+deploy", Some(Role::Read))?;
        state.log_pull("myorg+deploy", "myorg", repository, "10.0.0.12", AGENT);
    }
    let personal = format!("{USER}+laptop");
    state.add_robot(&personal);

    let now = state.now();
    let days = |days: i64| now - SignedDuration::from_hours(24 * days);
    state.set_created("myorg+ci_pusher", days(400));
    state.set_last_accessed("myorg+ci_pusher", Some(days(200)));
    state.set_created("myorg+deploy", days(120));
    state.set_last_accessed("myorg+deploy", Some(now));
    state.set_created(&personal, days(30));

    let client_id = state.add_application("myorg", "kubectl-quay")?;
    let token = state.mint_token(USER, "org:admin repo:admin user:admin")?;
    Ok((token, client_id))
}

/// The administrator's token, from the kubeconfig.
fn admin_token(cluster: &Cluster) -> io::Result<String> {
    let config: Value =
        serde_yaml::from_str(&cluster.kubeconfig("admin")).map_err(io::Error::other)?;
    let token = config
        .pointer("/users/0/user/token")
        .and_then(Value::as_str);
    let token = token.ok_or_else(|| io::Error::other("the kubeconfig holds no token"))?;
    Ok(token.to_owned())
}

async fn add_namespace(cluster: &Cluster, token: &str, name: &str) -> io::Result<()> {
    let body = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name },
    });
    let request = Request::post("/api/v1/namespaces")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .map_err(io::Error::other)?;
    let status = cluster.server().send(request).await.status();
    if status == StatusCode::CREATED {
        Ok(())
    } else {
        Err(io::Error::other(format!("namespace {name}: {status}")))
    }
}
