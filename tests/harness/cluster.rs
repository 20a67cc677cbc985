//! A cluster for end-to-end tests: the real control plane where there is one, otherwise
//! the sandbox's small cluster. Everything is seeded and checked with kubectl.

use super::assets::{ASSETS, Assets};
use super::context::TestContext;
use super::eventually::eventually;
use super::faulty::FaultyCluster;
use super::process::{Output, run};
use super::words::Words;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_sandbox::cluster::{Cluster, ClusterOptions};
use quay_sandbox::http::Authority;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Names the control plane's executable; without it tests run on the small cluster.
pub const CONTROL_PLANE: &str = "QUAY_TEST_CONTROLPLANE";

/// Longer than a control plane needs to start on a busy machine.
const READY: Duration = Duration::from_secs(120);

/// The kubeconfig that kubectl is run with.
const KUBECTL_CONFIG: &str = "kubectl.config";

/// One cluster, and the kubeconfigs of its two users.
pub struct TestCluster {
    folder: PathBuf,
    admin: String,
    limited: String,
    backend: Backend,
}

enum Backend {
    Small(Box<Cluster>),
    /// Ends when its stdin is closed: also when this process is killed.
    ControlPlane {
        child: Child,
        stdin: Option<ChildStdin>,
    },
    /// Held for its end.
    Assets {
        _servers: Assets,
    },
}

impl TestCluster {
    /// The cluster that all tests of a suite share; they keep to namespaces of their own.
    pub fn shared(suite: &'static str) -> &'static Self {
        type Started = Arc<OnceLock<&'static TestCluster>>;
        static SHARED: Mutex<BTreeMap<&str, Started>> = Mutex::new(BTreeMap::new());
        // One suite's cluster starts beside another's.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = Arc::clone(shared.entry(suite).or_default());
        drop(shared);
        cluster.get_or_init(|| Box::leak(Box::new(Self::own())))
    }

    /// A cluster of one test's own, for what concerns all namespaces.
    pub fn own() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        match (set(ASSETS), set(CONTROL_PLANE)) {
            (Some(assets), _) => Self::assets(Path::new(&assets)),
            (None, Some(program)) => Self::control_plane(Path::new(&program)),
            // Its context is called like the control plane's.
            (None, None) => Self::small("admin"),
        }
    }

    fn assets(assets: &Path) -> Self {
        let folder = new_folder();
        let servers = Assets::start(assets, &folder);
        let [admin, limited] = servers.kubeconfigs.clone();
        Self::new(
            folder,
            admin,
            limited,
            Backend::Assets { _servers: servers },
        )
    }

    /// The sandbox's small cluster, whose requests can be counted and made to fail.
    pub fn small(name: &str) -> Self {
        Self::start_small(name, None)
    }

    /// A small cluster whose kube-system has this UID, as a restore or a clone has another's.
    pub fn small_with_uid(name: &str, uid: &str) -> Self {
        Self::start_small(name, Some(uid.to_owned()))
    }

    fn start_small(name: &str, uid: Option<String>) -> Self {
        let authority =
            Authority::new().unwrap_or_else(|error| panic!("no certificate authority: {error}"));
        let options = ClusterOptions {
            name: name.to_owned(),
            authority: Some(authority),
            uid,
            ..ClusterOptions::default()
        };
        let cluster =
            Cluster::start(options).unwrap_or_else(|error| panic!("no small cluster: {error}"));
        let (admin, limited) = (cluster.kubeconfig("admin"), cluster.kubeconfig("limited"));
        Self::new(
            new_folder(),
            admin,
            limited,
            Backend::Small(Box::new(cluster)),
        )
    }

    fn new(folder: PathBuf, admin: String, limited: String, backend: Backend) -> Self {
        let cluster = Self {
            folder,
            admin,
            limited,
            backend,
        };
        cluster.file(KUBECTL_CONFIG, &cluster.admin);
        cluster
    }

    fn control_plane(program: &Path) -> Self {
        Self::start_control_plane(Command::new(program)).0
    }

    /// Starts a control plane with the arguments given so far, and tells what it said when
    /// it was ready.
    pub(crate) fn start_control_plane(mut command: Command) -> (Self, Value) {
        let folder = new_folder();
        let mut child = command
            .arg("--dir")
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdin = child.stdin.take();
        let Some(stdout) = child.stdout.take() else {
            panic!("the control plane has no stdout")
        };
        let (sender, ready) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let line = ready.recv_timeout(READY).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("the control plane did not start: {error}: {line}"));
        let kubeconfig = |user: &str| {
            let path = ready[user].as_str().unwrap_or_default();
            std::fs::read_to_string(path)
                .unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
        };
        let (admin, limited) = (kubeconfig("admin"), kubeconfig("limited"));
        let backend = Backend::ControlPlane { child, stdin };
        (Self::new(folder, admin, limited, backend), ready)
    }

    /// The small cluster behind it, for its request log and its faults.
    pub fn as_small(&self) -> &Cluster {
        match &self.backend {
            Backend::Small(cluster) => cluster,
            Backend::ControlPlane { .. } | Backend::Assets { .. } => {
                panic!("this test wants TestCluster::small")
            }
        }
    }

    /// Lets `context` run as this cluster's administrator.
    pub fn join(&self, context: &mut TestContext) {
        join(context, &self.admin);
    }

    /// Lets `context` run as the user `limited`, who may do what tests grant.
    pub fn join_limited(&self, context: &mut TestContext) {
        join(context, &self.limited);
    }

    /// The same cluster behind a proxy of the test's own, which fails when told to.
    pub fn behind_proxy(&self) -> FaultyCluster {
        self.behind_proxy_of(
            Authority::new().unwrap_or_else(|error| panic!("no certificate authority: {error}")),
        )
    }

    /// The same, where the proxy's certificate is from this authority.
    pub fn behind_proxy_of(&self, authority: Arc<Authority>) -> FaultyCluster {
        FaultyCluster::start(self, &[&self.admin, &self.limited], authority)
    }

    /// Rights take effect a moment after they are given or taken: returns once the user
    /// `limited` may do this, or may not.
    #[track_caller]
    pub fn until_limited(&self, may: bool, what: &[&str]) {
        let ask = [&["auth", "can-i", "--as=limited"], what].concat();
        eventually(&format!("limited may {what:?}: {may}"), || {
            (self.try_kubectl(&ask, "").code == 0) == may
        });
    }

    /// Whether it is the sandbox's small cluster, which does not have every feature of a real one.
    pub fn is_small(&self) -> bool {
        matches!(self.backend, Backend::Small(_))
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &str {
        &self.admin
    }

    /// A namespace of its own, whose `default` service account exists.
    #[track_caller]
    pub fn namespace(&self, hint: &str) -> String {
        let name = self.fresh_namespace(hint, |_| Vec::new());
        self.wait_for(&["-n", &name, "get", "serviceaccount", "default"]);
        name
    }

    /// A namespace of its own with objects in it; its `default` service account may not
    /// exist yet.
    #[track_caller]
    pub fn fresh_namespace(&self, hint: &str, objects: impl Fn(&str) -> Vec<Value>) -> String {
        self.fresh_namespaces(hint, 1, objects).remove(0)
    }

    /// So many of those.
    #[track_caller]
    pub fn fresh_namespaces(
        &self,
        hint: &str,
        count: usize,
        objects: impl Fn(&str) -> Vec<Value>,
    ) -> Vec<String> {
        let names: Vec<String> = (0..count).map(|_| self.name(hint)).collect();
        let namespace =
            |name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let mut all: Vec<Value> = names.iter().map(namespace).collect();
        all.extend(names.iter().flat_map(|name| objects(name)));
        self.create_all(&all);
        names
    }

    /// A name no other test uses.
    pub fn name(&self, hint: &str) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        format!("{hint}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// Runs kubectl as the administrator; it has to succeed.
    #[track_caller]
    pub fn kubectl(&self, words: impl Words) -> String {
        self.try_kubectl(words, "").expect(0).stdout
    }

    /// The items of the list that kubectl prints.
    #[track_caller]
    pub fn items(&self, words: impl Words) -> Vec<Value> {
        let list: Value = serde_json::from_str(&self.kubectl(words))
            .unwrap_or_else(|error| panic!("kubectl printed no JSON: {error}"));
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Creates an object.
    #[track_caller]
    pub fn create(&self, object: &Value) {
        self.try_kubectl(["create", "-f", "-"], &object.to_string())
            .expect(0);
    }

    /// Creates objects, in this order.
    #[track_caller]
    pub fn create_all(&self, objects: &[Value]) {
        self.create(&json!({"apiVersion": "v1", "kind": "List", "items": objects}));
    }

    /// Runs kubectl as the administrator, with this stdin.
    pub fn try_kubectl(&self, words: impl Words, stdin: &str) -> Output {
        let mut command = Command::new("kubectl");
        command
            .arg("--kubeconfig")
            .arg(self.folder.join(KUBECTL_CONFIG))
            .args(words.words())
            .env("HOME", &self.folder);
        run(command, stdin.as_bytes())
    }

    /// Writes a file where kubectl can read it.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, content)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    fn wait_for(&self, arguments: &[&str]) {
        eventually(&format!("kubectl {arguments:?} succeeds"), || {
            self.try_kubectl(arguments, "").code == 0
        });
    }

    /// An object, as kubectl shows it.
    #[track_caller]
    pub fn get(&self, namespace: &str, object: &str) -> Value {
        let text = self.kubectl(["-n", namespace, "get", object, "-o", "json"]);
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("kubectl printed no JSON: {error}"))
    }

    /// What a pull secret holds, to the byte.
    #[track_caller]
    pub fn bytes(&self, namespace: &str, secret: &str) -> Vec<u8> {
        bytes_of(&self.get(namespace, &format!("secret/{secret}")))
    }

    /// The JSON text in a pull secret.
    #[track_caller]
    pub fn content(&self, namespace: &str, secret: &str) -> String {
        let object = self.get(namespace, &format!("secret/{secret}"));
        text_of(&object)
    }

    /// The password of one entry of a pull secret, from its `auth`.
    #[track_caller]
    pub fn password(&self, namespace: &str, secret: &str, key: &str) -> String {
        let content: Value =
            serde_json::from_str(&self.content(namespace, secret)).unwrap_or_default();
        let entry = if content["auths"].is_object() {
            &content["auths"][key]
        } else {
            &content[key]
        };
        let bytes = STANDARD
            .decode(entry["auth"].as_str().unwrap_or_default())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.split_once(':')
            .map(|(_, password)| password.to_owned())
            .unwrap_or_default()
    }

    /// The names in a service account's `imagePullSecrets`.
    #[track_caller]
    pub fn references(&self, namespace: &str, account: &str) -> Vec<String> {
        let path = "{.imagePullSecrets[*].name}";
        let account = format!("serviceaccount/{account}");
        let names = self.kubectl([
            "-n",
            namespace,
            "get",
            &account,
            "-o",
            &format!("jsonpath={path}"),
        ]);
        names.split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        if let Backend::ControlPlane { child, stdin } = &mut self.backend {
            drop(stdin.take());
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Lets `context` use this kubeconfig.
pub(crate) fn join(context: &mut TestContext, kubeconfig: &str) {
    let path = context.file("kubeconfig", kubeconfig);
    context.set("KUBECONFIG", &path.to_string_lossy());
}

fn new_folder() -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("quay-cluster-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .unwrap_or_else(|error| panic!("cannot create {}: {error}", folder.display()));
    folder
}

/// A pull secret with these entries below `auths`.
pub fn pull_secret(namespace: &str, name: &str, auths: &Value) -> Value {
    pull_secret_of(namespace, name, json!({"auths": auths}).to_string())
}

/// A pull secret with exactly this content.
pub fn pull_secret_of(namespace: &str, name: &str, content: impl AsRef<[u8]>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": STANDARD.encode(content)},
    })
}

/// The `auth` field of a user and a password.
pub fn auth(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

/// The JSON text in a pull secret of either type, or in a backup of one.
pub fn text_of(secret: &Value) -> String {
    String::from_utf8_lossy(&bytes_of(secret)).into_owned()
}

fn bytes_of(secret: &Value) -> Vec<u8> {
    let keys = [".dockerconfigjson", ".dockercfg"];
    let data = keys.iter().find_map(|key| secret["data"][*key].as_str());
    let bytes = STANDARD.decode(data.unwrap_or_default());
    bytes.unwrap_or_default()
}
