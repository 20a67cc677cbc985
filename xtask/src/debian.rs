//! Debian's packages, unpacked into the user's cache and installed nowhere.

use crate::controlplane;
use crate::process;
use crate::screen::Screen;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// What it takes to fetch and unpack them.
pub const PROGRAMS: [&str; 2] = ["apt-get", "dpkg-deb"];

/// The folder of this name in the cache with the packages' content; fetched first where that
/// has not been done.
///
/// # Errors
/// When they cannot be downloaded.
pub fn unpacked(name: &str, packages: &[&str], purpose: &str, screen: &Screen) -> Result<PathBuf> {
    let place = controlplane::cache()?.join(name);
    if place.is_dir() {
        return Ok(place);
    }
    let cache = place.parent().context("the cache has no folder")?;
    fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    screen.progress(&format!(
        "fetching {} for {purpose}",
        packages.join(" and ")
    ));
    // In the cache, so that it can be moved to its place; gone if anything fails.
    let unfinished = tempfile::Builder::new()
        .prefix(&format!("{name}."))
        .tempdir_in(cache)?;
    let downloaded = unfinished.path().join("packages");
    fs::create_dir(&downloaded)?;
    download(packages, &downloaded)?;
    let content = unfinished.path().join("content");
    for package in fs::read_dir(&downloaded)? {
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
fn download(packages: &[&str], into: &Path) -> Result<()> {
    let download = || {
        let mut download = Command::new("apt-get");
        download
            .args(["-qq", "download"])
            .args(packages)
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
            packages.join(" "),
            said.text
        );
    }
    Ok(())
}
