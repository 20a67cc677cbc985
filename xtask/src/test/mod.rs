//! `test`: everything the tests need, every test, and what they ran on.

mod selection;
mod tally;

use crate::cargo::PLUGINS;
use crate::node::{self, Node};
use crate::process::{self, Running};
use crate::screen::Screen;
use crate::{cargo, clock, controlplane, tools};
use anyhow::{Context, Result, bail};
use clap::Args;
use quay_tests::{BIN_DIR, CLOCK, CONTROL_PLANE, RUNTIME};
use selection::Target;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tally::Tally;

/// A folder with ready kube-apiserver and etcd binaries, as elsewhere in the ecosystem.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// Run every test, on a real kube-apiserver if this machine can build one
///
/// The command installs what is missing, or names what it cannot install. It builds the control plane
/// once and keeps it in your cache. As root on Linux, a real kubelet and containerd also run pods, in
/// namespaces of their own. With NAME, it builds and starts only what those tests need.
#[derive(Args)]
pub struct TestArgs {
    /// Run the end-to-end tests on the sandbox's small cluster
    #[arg(long)]
    small_cluster: bool,

    /// Run only tests with this text in their full name, such as `pullsecret::ensure`
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
    /// The folder of the plugins, if all of them were built first; otherwise a test builds the
    /// one that it runs.
    plugins: Option<PathBuf>,
}

pub fn run(args: &TestArgs, screen: &Screen) -> Result<()> {
    let began = Instant::now();
    let targets = args.filter.as_deref().map(selection::holding).transpose()?;
    if targets.as_ref().is_some_and(Vec::is_empty) {
        bail!("no test has a name like that; cargo test --workspace -- --list shows all");
    }
    let mut tally = Tally::default();
    let succeeded = match &targets {
        Some(targets) if !targets.iter().any(Target::needs_machine) => {
            read(calls_of(targets, args), |_| {}, &mut tally, screen)?
        }
        _ => on_machine(args, targets.as_deref(), began, &mut tally, screen)?,
    };
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

/// Runs tests that need the plugins, and says what they ran on.
fn on_machine(
    args: &TestArgs,
    targets: Option<&[Target]>,
    began: Instant,
    tally: &mut Tally,
    screen: &Screen,
) -> Result<bool> {
    tools::kubectl()?;
    tools::keyring(screen)?;
    let cluster = cluster(args, screen)?;
    let names = targets.into_iter().flatten().flat_map(|one| &one.tests);
    let wants_node = targets.is_none() || names.into_iter().any(|name| name.starts_with("node::"));
    let node = match &cluster {
        _ if !wants_node => Err("none was asked for".to_owned()),
        // What the machine lacks is told in the summary, and stops no other test.
        Cluster::ControlPlane { binary, .. } => {
            node::prepare(binary, began, screen).unwrap_or_else(|error| Err(format!("{error:#}")))
        }
        Cluster::Assets(..) | Cluster::Small(_) => {
            Err("they run on another cluster than the control plane".to_owned())
        }
    };
    let clock = clock::prepare(screen).unwrap_or_else(|error| Err(format!("{error:#}")));
    let machine = Machine {
        cluster,
        node,
        clock,
        plugins: targets.is_none().then(build_plugins).transpose()?,
    };
    let calls = match targets {
        Some(targets) => calls_of(targets, args),
        None => all_calls()?,
    };
    let succeeded = read(calls, |command| machine.tell(command), tally, screen)?;
    report(tally, &machine, began.elapsed(), screen);
    Ok(succeeded)
}

/// Builds all plugins, and returns their folder.
fn build_plugins() -> Result<PathBuf> {
    let built = cargo::build(&PLUGINS, "dev")?;
    let folder = built.values().next().and_then(|path| path.parent());
    Ok(folder.context("the plugins are in no folder")?.to_owned())
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

/// The arguments of one `cargo test`.
type Call = Vec<String>;

/// One call for each executable that holds some of the tests.
fn calls_of(targets: &[Target], args: &TestArgs) -> Vec<Call> {
    let call = |target: &Target| {
        let package = ["--package".to_owned(), target.package.clone()];
        let filter = ["--".to_owned()].into_iter().chain(args.filter.clone());
        package
            .into_iter()
            .chain(target.flags.clone())
            .chain(filter)
            .collect()
    };
    targets.iter().map(call).collect()
}

/// Everything; the end-to-end tests suite by suite, since each has a cluster while it runs.
fn all_calls() -> Result<Vec<Call>> {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Call>();
    let mut calls = vec![
        words("--workspace --exclude quay-tests --no-fail-fast --"),
        words("--package quay-tests --lib --"),
    ];
    let end_to_end = words("--package quay-tests --test it -- --exact");
    for suite in suites()?.into_values() {
        calls.push(end_to_end.iter().cloned().chain(suite).collect());
    }
    Ok(calls)
}

/// The end-to-end tests by suite, which is their outermost module.
fn suites() -> Result<BTreeMap<String, Vec<String>>> {
    let mut list = cargo::command()?;
    list.args(["test", "--locked", "--package=quay-tests", "--test=it"]);
    list.args(["--", "--list", "--format=terse"]);
    list.stderr(Stdio::inherit());
    let said = process::listen(list)?;
    if said.code != Some(0) {
        bail!("the end-to-end tests do not build");
    }
    let mut suites: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for test in said
        .text
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
    {
        let suite = test.split("::").next().unwrap_or_default();
        suites
            .entry(suite.to_owned())
            .or_default()
            .push(test.to_owned());
    }
    Ok(suites)
}

impl Machine {
    /// Lets tests find what there is.
    fn tell(&self, command: &mut Command) {
        for name in [CONTROL_PLANE, RUNTIME, CLOCK, BIN_DIR] {
            command.env_remove(name);
        }
        if let Some(folder) = &self.plugins {
            command.env(BIN_DIR, folder);
        }
        if let Ok(node) = &self.node {
            command.env(RUNTIME, &node.runtime);
        }
        if let Ok(library) = &self.clock {
            command.env(CLOCK, library);
        }
        match &self.cluster {
            Cluster::ControlPlane { binary, .. } => {
                command.env(CONTROL_PLANE, binary);
            }
            Cluster::Assets(..) => {}
            Cluster::Small(_) => {
                command.env_remove(ASSETS);
            }
        }
    }
}

/// Runs the tests one call after another; tells whether cargo was content with all of them.
fn read(
    calls: Vec<Call>,
    prepare: impl Fn(&mut Command),
    tally: &mut Tally,
    screen: &Screen,
) -> Result<bool> {
    let mut succeeded = true;
    for call in calls {
        let mut command = cargo::command()?;
        command.args(["test", "--locked"]).args(call);
        // What passing tests print is kept for the tally, see there.
        command.arg("--show-output");
        prepare(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut tests = Running::start(command)?;
        let stdout = tests.child().stdout.take().context("cargo has no stdout")?;
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            if tally.read(&line) {
                screen.line(&line);
            }
        }
        succeeded &= tests.wait()?.success();
        crate::interrupt::check()?;
    }
    Ok(succeeded)
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
