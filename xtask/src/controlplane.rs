//! The real control plane of `tests/controlplane`: built once, kept in the user's cache.

use crate::cargo;
use crate::process::Running;
use crate::screen::Screen;
use crate::tools;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use quay_sandbox::image::Image;
use quay_tests::PAUSE;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Build the control plane of the tests, unless it is in the cache, and print its path
#[derive(Args)]
pub struct ControlPlaneArgs {}

pub fn run(_: &ControlPlaneArgs, screen: &Screen) -> Result<()> {
    let path = build(screen)?;
    screen.line(&path.display().to_string());
    Ok(())
}

/// Where the control plane of these sources belongs:
/// `~/.cache/kubectl-quay/controlplane/<hash of its sources>/controlplane`.
fn place() -> Result<PathBuf> {
    let module = cargo::root()?.join("tests/controlplane");
    let mut files = sources(&module)?;
    files.extend(sources(&module.join("cni"))?);
    files.sort();
    let mut hash = Sha256::new();
    for file in &files {
        let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().as_encoded_bytes();
        hash.update(name);
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(&content);
    }
    let digest: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(cache()?
        .join("controlplane")
        .join(digest)
        .join("controlplane"))
}

/// The Go files of a folder.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let ours = files.filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| {
            name.ends_with(".go") && !name.ends_with("_test.go") || name.starts_with("go.")
        })
    });
    Ok(ours.collect())
}

/// What is built once and kept, in the user's cache.
pub fn cache() -> Result<PathBuf> {
    let variable = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    variable
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .map(|cache| cache.join("kubectl-quay"))
        .context("there is no home directory to keep a cache in")
}

/// The control plane, if it was built before.
pub fn built() -> Result<Option<PathBuf>> {
    Ok(Some(place()?).filter(|path| path.is_file()))
}

/// The control plane; built first where that has not been done.
///
/// # Errors
/// When Go is not there, or the build fails.
pub fn build(screen: &Screen) -> Result<PathBuf> {
    let place = place()?;
    if place.is_file() {
        return Ok(place);
    }
    ensure!(
        tools::find("go").is_some(),
        "Go is not on PATH, and the control plane is built with it"
    );
    let folder = place.parent().context("the cache has no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    screen.progress(
        "building a kube-apiserver with etcd and a kubelet for the tests: this compiles most of \
         Kubernetes, takes about 8 minutes the first time, and is kept in the cache after",
    );
    // Two builds at once must not see each other's half-written files.
    let unfinished = tempfile::tempdir_in(folder)?;
    compile(unfinished.path(), screen)?;
    // The program by which it is known that all is there comes last.
    for program in ["cni", "controlplane"] {
        let built = folder.join(program);
        fs::rename(unfinished.path().join(program), &built)
            .with_context(|| format!("cannot write {}", built.display()))?;
    }
    Ok(place)
}

fn compile(into: &Path, screen: &Screen) -> Result<()> {
    let began = Instant::now();
    let mut command = Command::new("go");
    command
        .current_dir(cargo::root()?.join("tests/controlplane"))
        .args(["build", "-trimpath", "-ldflags=-s -w", "-o"])
        .arg(into)
        .args([".", "./cni"])
        .stdin(Stdio::null());
    let mut go = Running::start(command)?;
    let mut reported = 0;
    let status = loop {
        if let Some(status) = go.child().try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(200));
        let minutes = began.elapsed().as_secs() / 60;
        if minutes > reported {
            reported = minutes;
            screen.progress(&format!(
                "  still building the control plane, {minutes} min"
            ));
        }
    };
    ensure!(status.success(), "`go build` of tests/controlplane failed");
    let seconds = began.elapsed().as_secs();
    screen.progress(&format!("built the control plane in {seconds} s"));
    Ok(())
}

/// The Kubernetes version of a built control plane.
pub fn version(binary: &Path) -> Result<String> {
    let mut command = Command::new(binary);
    command.arg("--version");
    let said = crate::process::output(command)?;
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

/// A control plane that runs until this is dropped.
pub struct ControlPlane {
    /// The Kubernetes version.
    pub version: String,
    /// A kubeconfig that may do everything.
    pub admin: PathBuf,
    /// Its node, if it has one.
    pub node: Option<NodeInfo>,
    running: Running,
}

/// What a control plane says of its node.
#[derive(Deserialize)]
pub struct NodeInfo {
    /// The container runtime's name and version.
    pub runtime: String,
    /// How long it took to be ready, after the API server was.
    pub ready_ms: u64,
}

/// The line the control plane prints once it is ready.
#[derive(Deserialize)]
struct Ready {
    version: String,
    admin: PathBuf,
    node: Option<NodeInfo>,
}

impl ControlPlane {
    /// Starts it and returns when it is ready, after about four seconds. Its files go
    /// into `folder`.
    pub fn start(binary: &Path, folder: &Path) -> Result<Self> {
        Self::start_command(Command::new(binary), folder)
    }

    /// Starts it with a node, whose container runtime is in the folder `runtime`.
    pub fn start_with_node(binary: &Path, folder: &Path, runtime: &Path) -> Result<Self> {
        let pause = folder.join("pause.tar");
        fs::write(&pause, Image::named("pause").archive(PAUSE))?;
        let mut command = Command::new(binary);
        command
            .arg("--node")
            .arg(runtime)
            .arg("--pause")
            .arg(&pause);
        Self::start_command(command, folder)
    }

    fn start_command(mut command: Command, folder: &Path) -> Result<Self> {
        command
            .arg("--dir")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut running = Running::start(command)?;
        let stdout = running.child().stdout.take();
        let mut line = String::new();
        BufReader::new(stdout.context("the control plane has no stdout")?).read_line(&mut line)?;
        if line.is_empty() {
            crate::interrupt::check()?;
            let log = fs::read_to_string(folder.join("apiserver.log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(10).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            bail!("the control plane did not start:\n{}", last.join("\n"));
        }
        let ready: Ready = serde_json::from_str(&line)
            .with_context(|| format!("the control plane said: {}", line.trim()))?;
        Ok(Self {
            version: ready.version,
            admin: ready.admin,
            node: ready.node,
            running,
        })
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // The end of its stdin stops it in good order, and it removes its state.
        drop(self.running.child().stdin.take());
        let patience = Instant::now() + Duration::from_secs(10);
        while matches!(self.running.child().try_wait(), Ok(None)) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
