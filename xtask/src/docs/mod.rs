//! `docs`: manual pages, one page a command, and a record of every flag, all from the
//! plugins' own definitions.

mod man;
mod markdown;
mod tree;

use crate::cargo::{self, PLUGINS};
use crate::process;
use crate::screen::Screen;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tree::Node;

/// Write the pages of docs/commands from the plugins' own definitions
#[derive(Args)]
pub struct DocsArgs {
    /// Write nothing, and fail if a page is out of date
    #[arg(long)]
    check: bool,
}

/// Where the pages are, below the workspace.
const FOLDER: &str = "docs/commands";
/// The command that brings them up to date.
const REFRESH: &str = "cargo xtask docs";

/// Content by path below [`FOLDER`].
type Pages = BTreeMap<PathBuf, String>;

pub fn run(args: &DocsArgs, screen: &Screen) -> Result<()> {
    let folder = cargo::root()?.join(FOLDER);
    let pages = pages()?;
    let there = files(&folder)?;
    let stale: BTreeSet<&Path> = pages
        .iter()
        .filter(|(path, page)| there.get(*path) != Some(page))
        .map(|(path, _)| path.as_path())
        .chain(
            there
                .keys()
                .map(PathBuf::as_path)
                .filter(|path| !pages.contains_key(*path)),
        )
        .collect();
    if args.check && !stale.is_empty() {
        for path in &stale {
            screen.line(&format!("stale: {FOLDER}/{}", path.display()));
        }
        bail!("the commands have changed, and {FOLDER} has not; run: {REFRESH}");
    }
    for path in &stale {
        let file = folder.join(path);
        match pages.get(*path) {
            Some(page) => write(&file, page)?,
            None => fs::remove_file(&file)?,
        }
        screen.line(&format!("{FOLDER}/{}", path.display()));
    }
    screen.line(&format!("{} pages, {} changed", pages.len(), stale.len()));
    Ok(())
}

/// Every page as it is to be.
fn pages() -> Result<Pages> {
    let binaries = cargo::build(&PLUGINS, "dev")?;
    let mut pages = Pages::new();
    let mut index = Vec::new();
    for package in PLUGINS {
        let binary = binaries.get(package).context("a binary is missing")?;
        let text = tree_of(binary, package)?;
        let tree: Node = serde_json::from_str(&text)
            .with_context(|| format!("{package} printed no command tree"))?;
        pages.insert(format!("{}.json", tree.name).into(), text);
        for (path, node) in tree.all() {
            let name = path.join("-");
            pages.insert(format!("{name}.md").into(), markdown::page(&path, node));
            let manual = format!("{}-{name}", tree.host());
            let page = man::page(&manual, &path, node);
            pages.insert(format!("man/{manual}.1").into(), page);
        }
        index.push(tree);
    }
    pages.insert("README.md".into(), markdown::index(&index, REFRESH));
    Ok(pages)
}

/// The command tree, under the name that krew gives the plugin.
fn tree_of(binary: &Path, package: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let (host, plugin) = package.split_once('-').context("a plugin without a host")?;
    let name = format!("{host}-{}", plugin.replace('-', "_"));
    let link = folder
        .path()
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    crate::links::make(binary, &link)?;
    let mut command = Command::new(link);
    command.arg("command-tree");
    Ok(String::from_utf8(process::output(command)?)?)
}

/// What is there now.
fn files(folder: &Path) -> Result<Pages> {
    let mut found = Pages::new();
    for below in ["", "man"] {
        let Ok(entries) = fs::read_dir(folder.join(below)) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let path = Path::new(below).join(entry.file_name());
                found.insert(path, fs::read_to_string(entry.path())?);
            }
        }
    }
    Ok(found)
}

fn write(file: &Path, content: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}
