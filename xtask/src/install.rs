//! `install`: the plugins where kubectl and oc find them.

use crate::cargo::{self, PLUGINS};
use crate::links;
use crate::screen::Screen;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// Build the plugins and install them under every name that kubectl and oc look for
#[derive(Args)]
pub struct InstallArgs {
    /// Folder to install to
    #[arg(long, value_name = "DIR", default_value = "~/.local/bin")]
    dir: PathBuf,

    /// Cargo profile
    #[arg(long, default_value = "release")]
    profile: String,
}

pub fn run(args: &InstallArgs, screen: &Screen) -> Result<()> {
    let folder = at_home(&args.dir)?;
    let binaries = cargo::build(&PLUGINS, &args.profile)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for package in PLUGINS {
        let binary = binaries.get(package).context("a binary is missing")?;
        install(binary, &folder, package)?;
        let names = links::of(package);
        for name in &names {
            link(&folder, package, name)?;
        }
        screen.line(&format!(
            "{}  (also {})",
            folder.join(package).display(),
            names.join(", ")
        ));
    }
    if !is_on_path(&folder) {
        screen.line(&format!(
            "{folder} is not on PATH: export PATH=\"{folder}:$PATH\"",
            folder = folder.display()
        ));
    }
    Ok(())
}

/// `~` for the shells that do not replace it, and for our own default.
fn at_home(dir: &Path) -> Result<PathBuf> {
    match dir.strip_prefix("~") {
        Ok(below) => match std::env::home_dir() {
            Some(home) => Ok(home.join(below)),
            None => bail!("there is no home directory: pass --dir"),
        },
        Err(_) => Ok(std::path::absolute(dir)?),
    }
}

/// Replaces what is there in one step, so that a plugin that is running goes on.
fn install(binary: &Path, folder: &Path, name: &str) -> Result<()> {
    let unfinished = folder.join(format!(".{name}.{}", std::process::id()));
    let target = folder.join(executable(name));
    let result = fs::copy(binary, &unfinished).and_then(|_| fs::rename(&unfinished, &target));
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    result.with_context(|| format!("cannot write {}", target.display()))
}

/// The same for a link, which leads to a file beside it.
fn link(folder: &Path, target: &str, name: &str) -> Result<()> {
    let unfinished = folder.join(format!(".{name}.{}", std::process::id()));
    links::make(&executable(target), &unfinished)?;
    fs::rename(&unfinished, folder.join(executable(name)))
        .with_context(|| format!("cannot link {}", folder.join(name).display()))
}

/// With `.exe` where programs end so.
fn executable(name: &str) -> PathBuf {
    Path::new(name).with_extension(std::env::consts::EXE_EXTENSION)
}

fn is_on_path(folder: &Path) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|known| known == folder)
}
