//! Where our files are, and that nobody else writes them.

use crate::Failure;
use crate::hint::Hint;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

const FOLDER: &str = "kubectl-quay";

/// `$XDG_CONFIG_HOME/kubectl-quay`, by default `~/.config/kubectl-quay`.
///
/// # Errors
/// It is there, and others may write it.
pub(crate) fn config() -> Result<PathBuf, Failure> {
    folder("XDG_CONFIG_HOME", ".config")
}

/// `$XDG_STATE_HOME/kubectl-quay`, by default `~/.local/state/kubectl-quay`.
///
/// # Errors
/// It is there, and others may write it.
pub(crate) fn state() -> Result<PathBuf, Failure> {
    folder("XDG_STATE_HOME", ".local/state")
}

fn folder(variable: &str, below_home: &str) -> Result<PathBuf, Failure> {
    let absolute = |name: &str| {
        // A relative path is to be ignored (XDG Base Directory Specification).
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let path = absolute(variable)
        .or_else(|| std::env::home_dir().map(|home| home.join(below_home)))
        .filter(|path| path.is_absolute())
        .map(|path| path.join(FOLDER))
        .ok_or_else(|| {
            Failure::new(format!(
                "no home directory is known; set HOME or {variable}"
            ))
        })?;
    check_folder(&path)?;
    Ok(path)
}

/// Refuses a folder that others may write: they may put another file in the place of each in it.
/// One that is not there yet is nobody's.
pub(crate) fn check_folder(path: &Path) -> Result<(), Failure> {
    std::fs::metadata(path).map_or(Ok(()), |found| check_ours(path, &found))
}

/// Refuses a file or folder that others than its owner may write, or that another user owns (root
/// may write everything anyway): what stands there decides where tokens are sent.
#[cfg(unix)]
pub(crate) fn check_ours(path: &Path, found: &Metadata) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;
    let refused =
        |reason: &str| Failure::new(format!("refusing to use {}: {reason}", path.display()));
    if found.mode() & 0o022 != 0 {
        let remedy = Hint::from("check its content, then: chmod go-w ").word(path.display());
        return Err(refused("other users can write it").next(remedy));
    }
    let me = rustix::process::geteuid();
    if !me.is_root() && ![0, me.as_raw()].contains(&found.uid()) {
        let remedy = Hint::from("check its content, then: sudo chown ")
            .word(me.as_raw())
            .say(" ")
            .word(path.display());
        return Err(refused("it belongs to another user").next(remedy));
    }
    Ok(())
}

/// Elsewhere files in a profile are the user's own.
#[cfg(not(unix))]
pub(crate) fn check_ours(_: &Path, _: &Metadata) -> Result<(), Failure> {
    Ok(())
}
