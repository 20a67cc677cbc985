//! The container runtime of the tests' node: Debian's packages, unpacked into the user's
//! cache and installed nowhere.

use crate::controlplane::{self, ControlPlane};
use crate::process;
use crate::screen::Screen;
use crate::tools;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, io};

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
    let missing = ["apt-get", "dpkg-deb", "unshare"];
    if let Some(program) = missing
        .iter()
        .find(|program| tools::find(program).is_none())
    {
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
    let place = controlplane::cache()?.join("node");
    if place.is_dir() {
        return Ok(place);
    }
    let cache = place.parent().context("the cache has no folder")?;
    fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    screen.progress(&format!(
        "fetching {} for the tests' node",
        PACKAGES.join(" and ")
    ));
    // In the cache, so that it can be moved to its place; gone if anything fails.
    let unfinished = tempfile::Builder::new().prefix("node.").tempdir_in(cache)?;
    let packages = unfinished.path().join("packages");
    fs::create_dir(&packages)?;
    download(&packages)?;
    let content = unfinished.path().join("content");
    for package in fs::read_dir(&packages)? {
        let mut unpack = Command::new("dpkg-deb");
        unpack.arg("--extract").arg(package?.path()).arg(&content);
        process::output(unpack)?;
    }
    match fs::rename(&content, &place) {
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
        other => other.with_context(|| format!("cannot write {}", place.display()))?,
    }
    Ok(place)
}

/// Downloads the packages; the lists of packages are brought up to date if that takes it.
fn download(into: &Path) -> Result<()> {
    let download = || {
        let mut download = Command::new("apt-get");
        download
            .args(["-qq", "download"])
            .args(PACKAGES)
            .current_dir(into);
        process::listen(download)
    };
    if download()?.code == Some(0) {
        return Ok(());
    }
    let mut update = Command::new("apt-get");
    update.args(["-qq", "update"]);
    process::listen(update)?;
    let said = download()?;
    if said.code != Some(0) {
        bail!(
            "apt-get could not download {}:\n{}",
            PACKAGES.join(" "),
            said.text
        );
    }
    Ok(())
}
