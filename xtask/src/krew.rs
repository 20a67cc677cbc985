//! The real krew, with its manifest validator: built once, kept in the user's cache.

use crate::screen::Screen;
use crate::{controlplane, process, tools};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "v0.5.0";

/// Its two programs, and the names they are kept under: kubectl finds `kubectl-krew`.
const PROGRAMS: [(&str, &str); 2] = [
    ("krew", "kubectl-krew"),
    ("validate-krew-manifest", "validate-krew-manifest"),
];

/// Build krew for the tests, unless it is in the cache, and print its folder
#[derive(Args)]
pub struct KrewArgs {}

pub fn run(_: &KrewArgs, screen: &Screen) -> Result<()> {
    let folder = build(screen)?;
    screen.line(&folder.display().to_string());
    Ok(())
}

/// The folder to put on PATH; krew is built first where that has not been done.
///
/// # Errors
/// When Go is not there, or the build fails.
pub fn build(screen: &Screen) -> Result<PathBuf> {
    let folder = controlplane::cache()?.join("krew").join(VERSION);
    if PROGRAMS.iter().all(|(_, name)| folder.join(name).is_file()) {
        return Ok(folder);
    }
    ensure!(
        tools::find("go").is_some(),
        "Go is not on PATH, and krew is built with it"
    );
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    screen.progress("building krew for the tests: takes about a minute the first time");
    let unfinished = tempfile::tempdir_in(&folder)?;
    for (program, name) in PROGRAMS {
        install(program, unfinished.path())?;
        let built = unfinished.path().join(program);
        fs::rename(built, folder.join(name))?;
    }
    Ok(folder)
}

fn install(program: &str, into: &Path) -> Result<()> {
    let mut go = Command::new("go");
    go.args(["install", "-trimpath", "-ldflags=-s -w"])
        .arg(format!("sigs.k8s.io/krew/cmd/{program}@{VERSION}"))
        .env("GOBIN", into);
    let said = process::listen(go)?;
    ensure!(
        said.code == Some(0),
        "`go install` of krew failed:\n{}",
        said.text
    );
    Ok(())
}
