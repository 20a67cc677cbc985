//! A cluster with a node: a real kubelet and container runtime, in namespaces of their own.
//!
//! The API server and the node share a network namespace. What a test starts has to be in
//! it, too: the test's Quay, so that the node reaches it, and the plugins.

use super::cluster::{CONTROL_PLANE, TestCluster};
use super::registry::TestQuay;
use quay_sandbox::image::Image;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names a folder with containerd and runc as Debian's packages hold them.
pub const RUNTIME: &str = "QUAY_TEST_NODE";

/// The image that keeps a pod's namespaces; see `tests/controlplane`.
pub const PAUSE: &str = "node.test/pause:v1";

/// The cluster and its only node.
pub struct Node {
    /// The cluster.
    pub cluster: TestCluster,
    /// The network namespace.
    network: File,
    /// Where containerd looks for what it is told about registries.
    registries: PathBuf,
    /// `/proc/ID` of the node's first process.
    process: PathBuf,
    /// The name of the cgroup that all of its pods' are below.
    cgroup: String,
}

impl Node {
    /// The node that all tests of a binary share, with the test's thread, and what that
    /// starts from now on, in its network. `None` where there is no node, which is said.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Node, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(node) => {
                node.enter();
                Some(node)
            }
            Err(why) => {
                say_not_run(why);
                None
            }
        }
    }

    /// A node of the test's own.
    pub fn own() -> Option<Self> {
        match Self::start() {
            Ok(node) => {
                node.enter();
                Some(node)
            }
            Err(why) => {
                say_not_run(&why);
                None
            }
        }
    }

    /// # Errors
    /// Why there is none here.
    fn start() -> Result<Self, String> {
        let set = |name: &str| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| format!("{name} is not set"))
        };
        let (program, runtime) = (set(CONTROL_PLANE)?, set(RUNTIME)?);
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let pause = format!("quay-pause-{}-{number}.tar", std::process::id());
        let pause = std::env::temp_dir().join(pause);
        std::fs::write(&pause, Image::named("pause").archive(PAUSE))
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", pause.display()));
        let mut command = Command::new(program);
        command
            .arg("--node")
            .arg(runtime)
            .arg("--pause")
            .arg(&pause);
        let (cluster, ready) = TestCluster::start_control_plane(command);
        let _ = std::fs::remove_file(&pause);
        let process = Path::new("/proc").join(ready["pid"].to_string());
        let network = process.join("ns/net");
        let network = File::open(&network)
            .unwrap_or_else(|error| panic!("cannot open {}: {error}", network.display()));
        Ok(Self {
            cluster,
            network,
            registries: PathBuf::from(ready["node"]["registries"].as_str().unwrap_or_default()),
            process,
            cgroup: ready["node"]["cgroup"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// Moves this thread into the node's network, and with it all that it starts from now on.
    pub fn enter(&self) {
        let kind = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(self.network.as_fd(), kind)
            .unwrap_or_else(|error| panic!("cannot enter the node's network: {error}"));
    }

    /// Has the node pull from this Quay, and know who signed its certificate.
    pub fn trust(&self, quay: &TestQuay) {
        self.trust_as(quay, quay.registry());
    }

    /// The same where images have another host than the Quay's own.
    pub fn trust_as(&self, quay: &TestQuay, host: &str) {
        let ca = self.registries.join(host).join("ca.pem");
        self.registry(host, &format!("ca = {ca:?}\n"));
        std::fs::write(&ca, quay.quay.ca_pem())
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", ca.display()));
    }

    /// Has the node pull from this Quay without knowing who signed its certificate.
    pub fn distrust(&self, quay: &TestQuay) {
        self.registry(quay.registry(), "");
    }

    /// Tells containerd about a registry.
    fn registry(&self, host: &str, more: &str) {
        let folder = self.registries.join(host);
        // Without the table containerd 1.6 ignores the file and speaks plain HTTP.
        let hosts = format!("server = \"https://{host}\"\n{more}[host]\n");
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("hosts.toml"), hosts))
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", folder.display()));
    }

    /// The folders in `/proc` of all of its processes, those in pods too.
    pub fn processes(&self) -> Vec<PathBuf> {
        let mut found = vec![self.process.clone()];
        let mut next = 0;
        while let Some(process) = found.get(next) {
            found.extend(children(process));
            next += 1;
        }
        found
    }

    /// The folders of the node's cgroup, one in each hierarchy.
    pub fn cgroups(&self) -> Vec<PathBuf> {
        let root = Path::new("/sys/fs/cgroup");
        let hierarchies = std::fs::read_dir(root).into_iter().flatten().flatten();
        hierarchies
            .map(|hierarchy| hierarchy.path())
            .chain([root.to_owned()])
            .map(|hierarchy| hierarchy.join(&self.cgroup))
            .filter(|cgroup| cgroup.is_dir())
            .collect()
    }
}

/// The folders in `/proc` of a process's children.
fn children(process: &Path) -> Vec<PathBuf> {
    let threads = std::fs::read_dir(process.join("task"));
    let threads = threads.into_iter().flatten().flatten();
    let ids =
        threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    ids.flat_map(|ids| {
        let folders = ids.split_whitespace().map(|id| Path::new("/proc").join(id));
        folders.collect::<Vec<_>>()
    })
    .collect()
}

/// Read by `cargo xtask test`, which does not count the test as passed.
#[expect(clippy::print_stdout, reason = "shown with the test, and counted")]
fn say_not_run(why: &str) {
    println!("not run without a node: {why}");
}
