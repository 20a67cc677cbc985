//! Where our files are.

use crate::Failure;
use std::path::PathBuf;

const FOLDER: &str = "kubectl-quay";

/// `$XDG_CONFIG_HOME/kubectl-quay`, by default `~/.config/kubectl-quay`.
pub(crate) fn config() -> Result<PathBuf, Failure> {
    folder("XDG_CONFIG_HOME", ".config")
}

/// `$XDG_STATE_HOME/kubectl-quay`, by default `~/.local/state/kubectl-quay`.
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
    absolute(variable)
        .or_else(|| std::env::home_dir().map(|home| home.join(below_home)))
        .filter(|path| path.is_absolute())
        .map(|path| path.join(FOLDER))
        .ok_or_else(|| {
            Failure::new(format!(
                "there is no home directory; set HOME or {variable}"
            ))
        })
}
