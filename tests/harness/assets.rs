//! A kube-apiserver and an etcd that somebody has already, as `KUBEBUILDER_ASSETS` names them.
//!
//! There is no controller manager among them. What clients would miss first, the `default`
//! service account of every namespace, is created here.

use super::process::run;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Names the folder, as elsewhere in the ecosystem.
pub const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// Longer than the servers need to start on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// What etcd may come to need in memory.
const MEMORY_KIB: u64 = 512 << 10;

/// Starts both, and ends both when its stdin is closed: also when the tests are killed.
const SUPERVISOR: &str = r#"
trap '' INT
"$ASSETS/etcd" --data-dir="$DATA/etcd" --unsafe-no-fsync --log-level=warn \
    --listen-client-urls="http://127.0.0.1:$CLIENT_PORT" \
    --advertise-client-urls="http://127.0.0.1:$CLIENT_PORT" \
    --listen-peer-urls="http://127.0.0.1:$PEER_PORT" \
    --initial-advertise-peer-urls="http://127.0.0.1:$PEER_PORT" \
    --initial-cluster="default=http://127.0.0.1:$PEER_PORT" >"$FOLDER/etcd.log" 2>&1 &
etcd=$!
"$ASSETS/kube-apiserver" --etcd-servers="http://127.0.0.1:$CLIENT_PORT" \
    --bind-address=127.0.0.1 --secure-port="$PORT" --advertise-address=127.0.0.1 \
    --cert-dir="$FOLDER" --token-auth-file="$FOLDER/tokens.csv" --authorization-mode=RBAC \
    --service-cluster-ip-range=10.0.0.0/24 --endpoint-reconciler-type=none \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$FOLDER/service-account.pub" \
    --service-account-signing-key-file="$FOLDER/service-account.key" \
    >"$FOLDER/apiserver.log" 2>&1 &
apiserver=$!
cat >/dev/null
kill -9 "$apiserver" "$etcd"
wait
rm -rf "$DATA" "$FOLDER"
"#;

/// The two servers; they end when this is dropped.
pub(crate) struct Assets {
    supervisor: Child,
    stdin: Option<ChildStdin>,
    namespaces: Option<Child>,
    /// The kubeconfigs of the administrator and of the user with few rights.
    pub(crate) kubeconfigs: [String; 2],
}

impl Assets {
    /// Starts the servers in the folder `assets`, and returns when their users may begin.
    /// Their files go into `folder`.
    pub(crate) fn start(assets: &Path, folder: &Path) -> Self {
        for program in ["kube-apiserver", "etcd"] {
            let path = assets.join(program);
            assert!(path.is_file(), "{ASSETS} has no {program}: {path:?}");
        }
        let tokens = ["bootstrap", "admin", "limited"].map(|user| (user, secret()));
        let lines = tokens.iter().map(|(user, token)| match *user {
            // Grants the others their rights, and is not heard of again.
            "bootstrap" => format!("{token},{user},{user},system:masters\n"),
            _ => format!("{token},{user},{user}\n"),
        });
        write(&folder.join("tokens.csv"), &lines.collect::<String>());
        let key = new_key();
        write(&folder.join("service-account.key"), &key.serialize_pem());
        write(&folder.join("service-account.pub"), &key.public_key_pem());

        let [port, client, peer] = free_ports();
        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR])
            .env("ASSETS", assets)
            .env("FOLDER", folder)
            .env("DATA", data_folder())
            .env("PORT", port.to_string())
            .env("CLIENT_PORT", client.to_string())
            .env("PEER_PORT", peer.to_string())
            .stdin(Stdio::piped());
        let mut supervisor = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start sh: {error}"));
        let stdin = supervisor.stdin.take();
        // From here on a panic ends the servers.
        let mut servers = Self {
            supervisor,
            stdin,
            namespaces: None,
            kubeconfigs: Default::default(),
        };
        let certificate = wait_for(folder, || authority(&folder.join("apiserver.crt")));
        let [bootstrap, admin, limited] = tokens.map(|(user, token)| {
            let config = kubeconfig(user, &token, port, &certificate).to_string();
            write(&folder.join(format!("{user}.kubeconfig")), &config);
            config
        });
        drop(bootstrap);
        let ready = ["get", "--raw", "/readyz"];
        wait_for(folder, || kubectl(folder, "bootstrap", &ready, ""));
        wait_for(folder, || {
            let rights = rights().to_string();
            kubectl(folder, "bootstrap", &["apply", "-f", "-"], &rights)
        });
        let everything = ["auth", "can-i", "*", "*", "--all-namespaces"];
        wait_for(folder, || kubectl(folder, "admin", &everything, ""));
        let secrets = ["auth", "can-i", "create", "secrets"];
        wait_for(folder, || kubectl(folder, "limited", &secrets, ""));
        servers.namespaces = Some(look_after_namespaces(folder));
        servers.kubeconfigs = [admin, limited];
        servers
    }
}

impl Drop for Assets {
    fn drop(&mut self) {
        if let Some(watch) = &mut self.namespaces {
            let _ = watch.kill();
            let _ = watch.wait();
        }
        drop(self.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// Gives every namespace its `default` service account, as the controller manager does.
fn look_after_namespaces(folder: &Path) -> Child {
    let mut command = command(folder, "admin");
    command.args(["get", "namespaces", "--watch", "--output=name"]);
    let mut watch = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start kubectl: {error}"));
    let stdout = watch.stdout.take();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        let lines = stdout.map(|stdout| BufReader::new(stdout).lines());
        for line in lines.into_iter().flatten().map_while(Result::ok) {
            let name = line.trim_start_matches("namespace/");
            let create = ["-n", name, "create", "serviceaccount", "default"];
            // It fails where the account exists, or the namespace does not any more.
            let _ = kubectl(&folder, "admin", &create, "");
        }
    });
    watch
}

/// What `admin` and `limited` may do: the same as on the control plane.
fn rights() -> Value {
    let binding = |kind: &str, role: &str, user: &str, namespace: Option<&str>| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": format!("{kind}Binding"),
            "metadata": {"name": user, "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        })
    };
    let verbs = [
        "get", "list", "watch", "create", "update", "patch", "delete",
    ];
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "limited"}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "limited", "namespace": "limited"},
            "rules": [
                {"apiGroups": [""], "resources": ["secrets", "serviceaccounts"], "verbs": verbs},
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
            ],
        },
        binding("Role", "limited", "limited", Some("limited")),
        binding("ClusterRole", "cluster-admin", "admin", None),
    ]})
}

fn kubeconfig(user: &str, token: &str, port: u16, certificate: &str) -> Value {
    let namespace = (user == "limited").then_some("limited");
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "assets", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority-data": STANDARD.encode(certificate),
        }}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": user, "context": {
            "cluster": "assets", "user": user, "namespace": namespace.unwrap_or("default"),
        }}],
        "current-context": user,
    })
}

/// The authority that kube-apiserver made up: the last of the certificates in its file.
fn authority(path: &Path) -> Option<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let chain = std::fs::read_to_string(path).ok()?;
    let last = chain.rfind(BEGIN).filter(|last| *last > 0)?;
    chain.ends_with('\n').then(|| chain[last..].to_owned())
}

fn command(folder: &Path, user: &str) -> Command {
    let mut command = Command::new("kubectl");
    command
        .arg("--kubeconfig")
        .arg(folder.join(format!("{user}.kubeconfig")))
        .env("HOME", folder);
    command
}

fn kubectl(folder: &Path, user: &str, arguments: &[&str], stdin: &str) -> Option<()> {
    let mut command = command(folder, user);
    command.args(arguments);
    (run(command, stdin.as_bytes()).code == 0).then_some(())
}

fn wait_for<T>(folder: &Path, ready: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + READY;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        let log = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let (etcd, apiserver) = (log("etcd.log"), log("apiserver.log"));
        // What kube-apiserver says last before it ends with an error.
        if Instant::now() > deadline || apiserver.contains("command failed") {
            panic!(
                "kube-apiserver does not come up\n--- etcd\n{etcd}\n--- kube-apiserver\n{apiserver}"
            );
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Ports nobody uses at the moment; all are held until the last is found.
fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)));
    listeners.map(|listener| {
        let address = listener.and_then(|listener| listener.local_addr());
        match address {
            Ok(address) => address.port(),
            Err(error) => panic!("there is no free port: {error}"),
        }
    })
}

/// A folder for etcd, in memory where there is room.
fn data_folder() -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut command = Command::new("df");
    command.args(["-Pk", "/dev/shm"]);
    let free = command.output().map(|output| output.stdout);
    let free = String::from_utf8_lossy(&free.unwrap_or_default()).into_owned();
    let free = free.lines().nth(1).and_then(|line| {
        let available = line.split_whitespace().nth(3)?;
        available.parse::<u64>().ok()
    });
    let parent = match free {
        Some(free) if free >= MEMORY_KIB => PathBuf::from("/dev/shm"),
        _ => std::env::temp_dir(),
    };
    parent.join(format!("quay-assets-{}-{number}", std::process::id()))
}

fn write(path: &Path, content: &str) {
    std::fs::write(path, content)
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

fn new_key() -> rcgen::KeyPair {
    rcgen::KeyPair::generate().unwrap_or_else(|error| panic!("cannot make a key: {error}"))
}

/// A token nobody can guess: the private number of a key, in base64's letters and digits.
fn secret() -> String {
    let mut token = STANDARD.encode(&new_key().serialize_der()[36..68]);
    token.retain(|character| character.is_ascii_alphanumeric());
    token
}
