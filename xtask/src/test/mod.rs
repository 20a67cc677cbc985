//! `test`: everything the tests need, every test, and what they ran on.

mod tally;

use crate::node::{self, Node};
use crate::process::{self, Running};
use crate::screen::Screen;
use crate::{cargo, clock, controlplane, tools};
use anyhow::{Context, Result, bail};
use clap::Args;
use quay_tests::{CLOCK, RUNTIME};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tally::Tally;

/// Where the tests look for a control plane; see `tests/controlplane`.
const CONTROL_PLANE: &str = "QUAY_TEST_CONTROLPLANE";

/// A folder with ready kube-apiserver and etcd binaries, as elsewhere in the ecosystem.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// Run every test, on a real kube-apiserver where one can be built
///
/// Installs what is missing where that is possible, and names it where it is not. The
/// control plane is built once and kept in the user's cache. As root on Linux, pods are run
/// by a real kubelet and containerd, too, in namespaces of their own.
#[derive(Args)]
pub struct TestArgs {
    /// Run the end-to-end tests on the sandbox's small cluster
    #[arg(long)]
    small_cluster: bool,

    /// Only tests whose name holds this text
    #[arg(value_name = "NAME")]
    filter: Option<String>,
}

/// What the end-to-end tests run on.
enum Cluster {
    ControlPlane {
        binary: PathBuf,
        version: String,
    },
    /// And what the kube-apiserver in it says it is.
    Assets(PathBuf, String),
    /// And why.
    Small(String),
}

/// What the tests have beside it, or why they do not.
struct Machine {
    cluster: Cluster,
    node: Result<Node, String>,
    clock: Result<PathBuf, String>,
}

pub fn run(args: &TestArgs, screen: &Screen) -> Result<()> {
    let began = Instant::now();
    tools::kubectl()?;
    tools::keyring(screen)?;
    let cluster = cluster(args, screen)?;
    let node = match &cluster {
        // What the machine lacks is told in the summary, and stops no other test.
        Cluster::ControlPlane { binary, .. } => {
            node::prepare(binary, began, screen).unwrap_or_else(|error| Err(format!("{error:#}")))
        }
        Cluster::Assets(..) | Cluster::Small(_) => {
            Err("they run on another cluster than the control plane".to_owned())
        }
    };
    let clock = clock::prepare(screen).unwrap_or_else(|error| Err(format!("{error:#}")));
    // Flows over several plugins need all of them, which `cargo test` does not promise.
    let mut build = cargo::command()?;
    build.args(["build", "--locked", "--workspace", "--bins"]);
    if !process::show(build)?.success() {
        bail!("the build failed");
    }
    let machine = Machine {
        cluster,
        node,
        clock,
    };
    let (tally, succeeded) = test(args, &machine, screen)?;
    report(&tally, &machine, began.elapsed(), screen);
    // A test binary that crashed counts nothing by itself.
    let failed = match succeeded {
        true => tally.failed,
        false => tally.failed.max(1),
    };
    screen.line(&format!("{} passed, {failed} failed", tally.passed));
    if failed > 0 || tally.passed == 0 {
        bail!("not every test passed");
    }
    Ok(())
}

fn cluster(args: &TestArgs, screen: &Screen) -> Result<Cluster> {
    if args.small_cluster {
        return Ok(Cluster::Small("--small-cluster was given".into()));
    }
    if let Some(folder) = std::env::var_os(ASSETS).filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        let mut version = Command::new(folder.join("kube-apiserver"));
        version.arg("--version");
        let said = process::output(version).with_context(|| format!("{ASSETS} is set"))?;
        let version = String::from_utf8_lossy(&said).trim().to_owned();
        return Ok(Cluster::Assets(folder, version));
    }
    if tools::find("go").is_none() && controlplane::built()?.is_none() {
        return Ok(Cluster::Small(format!(
            "there is no Go to build the control plane with, and {ASSETS} is not set"
        )));
    }
    let binary = controlplane::build(screen)?;
    let version = controlplane::version(&binary)?;
    Ok(Cluster::ControlPlane { binary, version })
}

/// Runs the tests; tells what they came to, and whether cargo was content.
fn test(args: &TestArgs, machine: &Machine, screen: &Screen) -> Result<(Tally, bool)> {
    let mut command = cargo::command()?;
    command.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
    command.args(&args.filter);
    // What passing tests print is kept for the tally, see there.
    command.args(["--", "--show-output"]);
    for name in [CONTROL_PLANE, RUNTIME, CLOCK] {
        command.env_remove(name);
    }
    if let Ok(node) = &machine.node {
        command.env(RUNTIME, &node.runtime);
    }
    if let Ok(library) = &machine.clock {
        command.env(CLOCK, library);
    }
    match &machine.cluster {
        Cluster::ControlPlane { binary, .. } => {
            command.env(CONTROL_PLANE, binary);
        }
        Cluster::Assets(..) => {}
        Cluster::Small(_) => {
            command.env_remove(ASSETS);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut tests = Running::start(command)?;
    let stdout = tests.child().stdout.take().context("cargo has no stdout")?;
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if tally.read(&line) {
            screen.line(&line);
        }
    }
    let succeeded = tests.wait()?.success();
    crate::interrupt::check()?;
    Ok((tally, succeeded))
}

fn report(tally: &Tally, machine: &Machine, took: Duration, screen: &Screen) {
    screen.heading("Summary");
    screen.line(&match &machine.cluster {
        Cluster::ControlPlane { version, .. } => {
            format!("end-to-end tests ran on a real kube-apiserver {version}")
        }
        Cluster::Assets(folder, version) => {
            format!(
                "end-to-end tests ran on the kube-apiserver in {}: {version}",
                folder.display()
            )
        }
        Cluster::Small(why) => {
            format!("end-to-end tests ran on the sandbox's small cluster: {why}")
        }
    });
    screen.line(&match &machine.node {
        Ok(node) => format!(
            "node tests ran on a kubelet {} with {}, built and fetched in {:.1} s, ready in {:.1} s",
            node.kubelet,
            node.runtime_version,
            node.made.as_secs_f64(),
            node.ready.as_secs_f64()
        ),
        Err(why) => format!("node tests were not run: {why}"),
    });
    if let Err(why) = &machine.clock {
        screen.line(&format!("tests with another clock were not run: {why}"));
    }
    for line in &tally.remarks {
        screen.line(line);
    }
    if tally.without_node > 0 {
        let tests = tally.without_node;
        screen.line(&format!("{tests} tests were not run for want of a node"));
    }
    if tally.without_clock > 0 {
        let tests = tally.without_clock;
        screen.line(&format!(
            "{tests} tests were not run for want of another clock"
        ));
    }
    if tally.ignored > 0 {
        screen.line(&format!("{} tests were ignored", tally.ignored));
    }
    let seconds = took.as_secs();
    screen.line(&format!("took {} min {} s", seconds / 60, seconds % 60));
}
