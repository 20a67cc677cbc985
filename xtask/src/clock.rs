//! libfaketime, with which the tests give a plugin another clock than the servers have.

use crate::screen::Screen;
use crate::{debian, process, tools};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PACKAGE: &str = "libfaketime";
const LIBRARY: &str = "usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// The library, unpacked and tried; or why there is none here.
///
/// # Errors
/// When it could not be fetched or tried.
pub fn prepare(screen: &Screen) -> Result<Result<PathBuf, String>> {
    if !cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    )) {
        return Ok(Err("libfaketime takes glibc on x86-64".to_owned()));
    }
    let mut programs = debian::PROGRAMS.iter();
    if let Some(program) = programs.find(|program| tools::find(program).is_none()) {
        return Ok(Err(format!("libfaketime is fetched with {program}")));
    }
    let folder = debian::unpacked("clock", &[PACKAGE], "the tests' clocks", screen)?;
    let library = folder.join(LIBRARY);
    Ok(match changes_the_clock(&library)? {
        true => Ok(library),
        false => Err("libfaketime changes no clock here".to_owned()),
    })
}

/// Whether `date` goes by it.
fn changes_the_clock(library: &Path) -> Result<bool> {
    let mut date = Command::new("date");
    date.arg("+%s")
        .env("LD_PRELOAD", library)
        .env("FAKETIME", "+72h");
    let said = process::output(date)?;
    let said: u64 = String::from_utf8_lossy(&said).trim().parse()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Duration::from_secs(said) > now + Duration::from_secs(71 * 3_600))
}
