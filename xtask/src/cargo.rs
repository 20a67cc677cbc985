//! Building this workspace from within.

use crate::process::Running;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The three plugins, by the names of their packages and binaries.
pub const PLUGINS: [&str; 3] = [
    "kubectl-quay-robot",
    "kubectl-quay-pullsecret",
    "oc-quay-global",
];

/// A plugin's name as krew has it: the package's, without the host before it.
pub fn plugin_of(package: &str) -> &str {
    let (_, plugin) = package.split_once('-').unwrap_or(("", package));
    plugin
}

/// The folder that holds the workspace's manifest.
pub fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().context("xtask lies in no workspace")?;
    ensure!(
        root.join("Cargo.lock").is_file(),
        "{} is no longer there: run this through `cargo xtask`",
        root.display()
    );
    Ok(root.to_owned())
}

/// A call of the cargo that runs us, in the workspace's folder.
pub fn command() -> Result<Command> {
    let mut command = quay_tests::cargo();
    command.current_dir(root()?);
    Ok(command)
}

/// The executables that packages come to, by name.
pub type Binaries = BTreeMap<String, PathBuf>;

/// Builds packages' binaries in a profile. Cargo's progress goes to stderr.
pub fn build(packages: &[&str], profile: &str) -> Result<Binaries> {
    finish(command()?, packages, profile)
}

/// The same for a target, with no path of this machine in the binaries.
pub fn build_for(target: &str, packages: &[&str], profile: &str) -> Result<Binaries> {
    let mut command = command()?;
    command.env("CARGO_BUILD_TARGET", target);
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = vec![remapped(&root()?, ".")];
    flags.extend(home.map(|home| remapped(&home, "cargo")));
    // Cargo's own separator: paths may hold spaces.
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    finish(command, packages, profile)
}

fn remapped(path: &Path, name: &str) -> String {
    format!("--remap-path-prefix={}={name}", path.display())
}

fn finish(mut command: Command, packages: &[&str], profile: &str) -> Result<Binaries> {
    command.args(["build", "--locked", "--bins", "--profile", profile]);
    for package in packages {
        command.args(["--package", package]);
    }
    command
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut cargo = Running::start(command)?;
    let stdout = cargo.child().stdout.take();
    let stdout = BufReader::new(stdout.context("cargo has no stdout")?);
    let binaries = quay_tests::executables(stdout)?;
    let status = cargo.wait()?;
    ensure!(status.success(), "the build failed ({status})");
    for package in packages {
        if !binaries.contains_key(*package) {
            bail!("the build made no binary {package}");
        }
    }
    Ok(binaries)
}
