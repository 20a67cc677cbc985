//! `cargo xtask docs`: the pages of every command, from the plugins' own definitions.

mod argument;
mod man;
mod markdown;
mod pages;

use anyhow::{Context, Result, bail};
use pages::Pages;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Write, stdout};
use std::path::Path;
use std::process::ExitCode;

/// Where the pages are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../commands");

fn main() -> ExitCode {
    let check = std::env::args()
        .nth(1)
        .is_some_and(|word| word == "--check");
    match run(check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Result<()> {
    let folder = Path::new(FOLDER);
    let pages = pages::of_every_command()?;
    let there = files(folder)?;
    let stale: BTreeSet<&Path> = pages
        .keys()
        .chain(there.keys())
        .filter(|path| pages.get(*path) != there.get(*path))
        .map(AsRef::as_ref)
        .collect();
    for path in &stale {
        writeln!(stdout(), "docs/commands/{}", path.display())?;
        match pages.get(*path) {
            _ if check => {}
            Some(page) => write(&folder.join(path), page)?,
            None => fs::remove_file(folder.join(path))?,
        }
    }
    if check && !stale.is_empty() {
        bail!(
            "a command has changed and its page has not: look at the change, then run cargo xtask docs"
        );
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_pages_are_those_of_the_commands_as_they_are() {
        super::run(true).unwrap_or_else(|error| panic!("{error:#}"));
    }
}
