//! What is measured on: a Quay with one robot, and its credential in many namespaces.

use super::proxy::DelayProxy;
use crate::api::{Access, Api, Call};
use crate::cargo::Binaries;
use crate::cluster::LocalCluster;
use crate::process;
use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quay_sandbox::quay::{Quay, QuayOptions, Role};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The robot whose token is replaced before every run.
pub const ROBOT: &str = "myorg+k8s_prod_puller";
/// The repository it may pull from.
pub const REPOSITORY: (&str, &str) = ("myorg", "my-app");
/// The secret in every namespace.
pub const SECRET: &str = "quay-pull-secret";
/// All of them.
pub const SECRETS: &str = "/api/v1/secrets?fieldSelector=metadata.name%3Dquay-pull-secret";
/// Every namespace of the bench carries this label.
const LABEL: &str = "kubectl-quay-bench";
/// Characters of data in each of the large secrets that are none of the plugins' business.
const LARGE: usize = 200_000;
/// Two fifths of the namespaces hold one: 200 of 500.
const LARGE_SHARE: (usize, usize) = (2, 5);

/// Where the API server comes from.
pub enum ClusterChoice {
    Small,
    Real(PathBuf),
    Given(PathBuf),
}

/// A seeded Quay and cluster; what was made is gone when this is dropped.
pub struct World {
    quay: Quay,
    api_token: String,
    local: Option<LocalCluster>,
    kubeconfig: PathBuf,
    access: Access,
    api: Api,
    namespaces: usize,
    pullsecret: PathBuf,
    robot: PathBuf,
    folder: TempDir,
}

/// A way to the API server.
pub struct Route {
    /// What the table says about it.
    pub name: String,
    pub kubeconfig: PathBuf,
    pub access: Access,
    pub is_far: bool,
}

impl World {
    /// Makes so many namespaces with the robot's credential, and large secrets beside
    /// some of them.
    pub fn set(choice: ClusterChoice, namespaces: usize, binaries: &Binaries) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("quay-bench-").tempdir()?;
        let (local, kubeconfig) = match choice {
            ClusterChoice::Small => local(LocalCluster::small(folder.path())?),
            ClusterChoice::Real(binary) => local(LocalCluster::real(&binary, folder.path())?),
            ClusterChoice::Given(kubeconfig) => (None, kubeconfig),
        };
        let quay = Quay::start(QuayOptions::default())?;
        std::fs::write(folder.path().join("quay-ca.pem"), quay.ca_pem())?;
        std::fs::create_dir(folder.path().join("home"))?;
        let api_token = quay.edit(|state| {
            state.add_user("alice", "alice-has-a-password");
            state.add_organization("myorg", "alice");
            let (organization, repository) = REPOSITORY;
            state.add_repository(organization, repository, false);
            state.add_robot(ROBOT);
            state.set_permission(organization, repository, ROBOT, Some(Role::Read))?;
            state.mint_token("alice", "org:admin repo:admin")
        })?;
        let access = Access::read(&kubeconfig)?;
        let binary = |name: &str| {
            let path = binaries.get(name).cloned();
            path.with_context(|| format!("there is no {name}"))
        };
        let world = Self {
            api: Api::connect(&access)?,
            pullsecret: binary("kubectl-quay-pullsecret")?,
            robot: binary("kubectl-quay-robot")?,
            quay,
            api_token,
            local,
            kubeconfig,
            access,
            namespaces,
            folder,
        };
        world.seed()?;
        Ok(world)
    }

    fn seed(&self) -> Result<()> {
        let found = self.api.call(Call::get(format!(
            "/api/v1/namespaces?labelSelector={LABEL}&limit=1"
        )))?;
        ensure!(
            found["items"].as_array().is_none_or(Vec::is_empty),
            "the cluster has namespaces with the label {LABEL}: delete them first"
        );
        let namespaces = self.names().map(|name| {
            let metadata = json!({"name": name, "labels": {LABEL: "yes"}});
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
            Call::post("/api/v1/namespaces", body)
        });
        self.api.calls(namespaces.collect(), 16)?;
        let content = self.content()?;
        let ours = self.names().map(|name| {
            let data = json!({".dockerconfigjson": content});
            secret(&name, SECRET, "kubernetes.io/dockerconfigjson", &data)
        });
        self.api.calls(ours.collect(), 16)?;
        let large = "A".repeat(LARGE);
        let (part, whole) = LARGE_SHARE;
        let others = self
            .names()
            .take(self.namespaces * part / whole)
            .map(|name| secret(&name, "model-weights", "Opaque", &json!({"blob": large})));
        self.api.calls(others.collect(), 4)?;
        Ok(())
    }

    /// The namespaces of the bench.
    pub fn names(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.namespaces).map(|number| format!("quay-bench-{number:04}"))
    }

    /// How many there are.
    pub fn namespaces(&self) -> usize {
        self.namespaces
    }

    pub fn quay(&self) -> &Quay {
        &self.quay
    }

    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Quay as a kubelet reaches it, for its own connections.
    pub fn quay_access(&self) -> Result<Access> {
        Access::anonymous(&self.quay.url(), self.quay.ca_pem())
    }

    /// The small cluster's server, if it is one.
    pub fn server(&self) -> Option<&quay_sandbox::http::Server> {
        self.local.as_ref().and_then(LocalCluster::server)
    }

    /// Replaces the robot's token, so that every secret is stale. Before that they are seen with
    /// the token that the last competitor wrote: `sync -A` repairs what it knows.
    pub fn regenerate(&self) -> Result<()> {
        process::listen(self.pullsecret(&Route::near(self), &["verify", "-A"]))?;
        self.quay.edit(|state| state.regenerate(ROBOT))?;
        self.quay.server().log().clear();
        Ok(())
    }

    /// The robot's current token.
    pub fn token(&self) -> Result<String> {
        self.quay
            .read(|state| state.token_of(ROBOT).map(str::to_owned))
            .context("the robot is gone")
    }

    /// The current content of a pull secret, as `data` holds it.
    pub fn content(&self) -> Result<String> {
        let token = self.token()?;
        let content = json!({"auths": {self.quay.registry(): {
            "username": ROBOT,
            "password": token,
            "email": "robot@myorg.example.com",
            "auth": STANDARD.encode(format!("{ROBOT}:{token}")),
        }}});
        Ok(STANDARD.encode(content.to_string()))
    }

    /// The bench's pull secrets as they are now.
    pub fn secrets(&self) -> Result<Vec<Value>> {
        let mut list = self.api.call(Call::get(SECRETS))?;
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    /// Fails unless the first `count` namespaces hold the robot's current token.
    pub fn check(&self, who: &str, count: usize) -> Result<()> {
        let auth = STANDARD.encode(format!("{ROBOT}:{}", self.token()?));
        let wanted: Vec<String> = self.names().take(count).collect();
        let secrets = self.secrets()?;
        let current = secrets.iter().filter(|secret| {
            let namespace = secret["metadata"]["namespace"].as_str().unwrap_or_default();
            let data = secret["data"][".dockerconfigjson"].as_str();
            let content = STANDARD
                .decode(data.unwrap_or_default())
                .unwrap_or_default();
            wanted.iter().any(|name| name == namespace)
                && String::from_utf8_lossy(&content).contains(&auth)
        });
        let current = current.count();
        ensure!(
            current == count,
            "{who} left {} of {count} secrets stale",
            count - current
        );
        Ok(())
    }

    /// `kubectl quay-pullsecret` with these arguments, as the binary itself.
    pub fn pullsecret(&self, route: &Route, arguments: &[&str]) -> Command {
        self.plugin(&self.pullsecret, route, arguments)
    }

    /// `kubectl quay-robot`, likewise.
    pub fn robot(&self, route: &Route, arguments: &[&str]) -> Command {
        self.plugin(&self.robot, route, arguments)
    }

    fn plugin(&self, binary: &Path, route: &Route, arguments: &[&str]) -> Command {
        let mut command = self.command(binary, &route.kubeconfig);
        command
            .args(arguments)
            .env("QUAY_URL", self.quay.url())
            .env("QUAY_CA_FILE", self.folder.path().join("quay-ca.pem"))
            .env("QUAY_API_TOKEN", &self.api_token);
        command
    }

    /// Any other program, in the same environment.
    pub fn command(&self, program: impl AsRef<Path>, kubeconfig: &Path) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .env("KUBECONFIG", kubeconfig)
            .current_dir(self.folder.path());
        command
    }

    /// A path in the bench's own folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the table has to say about where it was measured.
    pub fn setting(&self, profile: &str) -> Result<Vec<String>> {
        let cluster = match &self.local {
            Some(local) => local.description(),
            None => {
                let version = self.api.call(Call::get("/version"))?;
                let version = version["gitVersion"].as_str().unwrap_or("?").to_owned();
                format!("the given cluster, kube-apiserver {version}")
            }
        };
        let kubectl = self.command("kubectl", &self.kubeconfig);
        let version = kubectl_version(kubectl).unwrap_or_else(|_| "unknown".into());
        let processors = std::thread::available_parallelism()?;
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("?").to_owned();
        let (part, whole) = LARGE_SHARE;
        Ok(vec![
            format!("cluster: {cluster}"),
            format!(
                "{} namespaces with one pull secret each, {} of them also with an Opaque secret of {} KB",
                self.namespaces,
                self.namespaces * part / whole,
                LARGE / 1000
            ),
            format!(
                "kubectl {version}; plugins in profile `{profile}`; {processors} processors, shared by client and servers, load average before {load}"
            ),
        ])
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.local.is_some() {
            return;
        }
        let delete = self.names().map(|name| Call {
            method: http::Method::DELETE,
            path: format!("/api/v1/namespaces/{name}"),
            body: None,
        });
        // What is left is labelled, and the next run names the label.
        let _ = self.api.calls(delete.collect(), 16);
    }
}

fn local(cluster: LocalCluster) -> (Option<LocalCluster>, PathBuf) {
    let kubeconfig = cluster.kubeconfig().to_owned();
    (Some(cluster), kubeconfig)
}

fn secret(namespace: &str, name: &str, kind: &str, data: &Value) -> Call {
    let body = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "data": data,
    });
    Call::post(format!("/api/v1/namespaces/{namespace}/secrets"), body)
}

fn kubectl_version(mut kubectl: Command) -> Result<String> {
    kubectl.args(["version", "--client", "-o", "json"]);
    let said: Value = serde_json::from_slice(&process::output(kubectl)?)?;
    let version = said["clientVersion"]["gitVersion"].as_str();
    Ok(version.context("kubectl names no version")?.to_owned())
}

impl Route {
    /// Straight to the server.
    pub fn near(world: &World) -> Self {
        Self {
            name: "on loopback".into(),
            kubeconfig: world.kubeconfig.clone(),
            access: world.access.clone(),
            is_far: false,
        }
    }

    /// Through a proxy that adds to every round trip.
    pub fn through(world: &World, proxy: &DelayProxy) -> Result<Self> {
        let access = world.access.through(proxy.port())?;
        let text = std::fs::read_to_string(&world.kubeconfig)?;
        let (host, port) = world.access.address()?;
        let server = format!("https://{host}:{port}");
        ensure!(
            text.contains(&server),
            "the kubeconfig does not name {server}"
        );
        let kubeconfig = world.file("far.kubeconfig");
        let far = format!("https://127.0.0.1:{}", proxy.port());
        std::fs::write(&kubeconfig, text.replace(&server, &far))?;
        Ok(Self {
            name: format!(
                "with {} ms added to every round trip",
                proxy.round_trip().as_millis()
            ),
            kubeconfig,
            access,
            is_far: true,
        })
    }
}
