//! The container runtime of the tests' node.

use crate::controlplane::ControlPlane;
use crate::screen::Screen;
use crate::{debian, process, tools};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What is unpacked.
const PACKAGES: [&str; 2] = ["containerd", "runc"];

/// A node that was tried.
pub struct Node {
    /// The folder with the runtime.
    pub runtime: PathBuf,
    /// The runtime's name and version.
    pub runtime_version: String,
    /// The version of its kubelet.
    pub kubelet: String,
    /// How long it took until all of it was in the cache; next to nothing where it was.
    pub made: Duration,
    /// How long the node took to be ready.
    pub ready: Duration,
}

/// Fetches the runtime, unless it is in the cache, and starts a node once. The control
/// plane has been made, `since` then.
///
/// # Errors
/// When there should be a node here, but there is none.
pub fn prepare(
    control_plane: &Path,
    since: Instant,
    screen: &Screen,
) -> Result<Result<Node, String>> {
    if let Some(why) = why_not() {
        return Ok(Err(why));
    }
    let runtime = runtime(screen)?;
    let made = since.elapsed();
    let folder = tempfile::tempdir()?;
    let node = ControlPlane::start_with_node(control_plane, folder.path(), &runtime)?;
    let info = node.node.as_ref().context("there is no node")?;
    Ok(Ok(Node {
        runtime,
        runtime_version: info.runtime.clone(),
        kubelet: node.version.clone(),
        made,
        ready: Duration::from_millis(info.ready_ms),
    }))
}

/// Why no node can run here.
fn why_not() -> Option<String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Some("a node takes Linux on x86-64".to_owned());
    }
    if !tools::is_root() {
        return Some("a node takes root".to_owned());
    }
    let mut programs = debian::PROGRAMS.iter().chain(&["unshare"]);
    if let Some(program) = programs.find(|program| tools::find(program).is_none()) {
        return Some(format!("a node takes {program}"));
    }
    let mut namespaces = Command::new("unshare");
    namespaces.args([
        "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "true",
    ]);
    let may = process::listen(namespaces).is_ok_and(|said| said.code == Some(0));
    (!may).then(|| "namespaces cannot be made here".to_owned())
}

/// The folder with the runtime; fetched first where that has not been done.
fn runtime(screen: &Screen) -> Result<PathBuf> {
    debian::unpacked("node", &PACKAGES, "the tests' node", screen)
}
