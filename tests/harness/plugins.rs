//! The plugins as they were built from the sources that lie here now.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A folder with binaries that were built already; without it they are built first.
pub const BIN_DIR: &str = "QUAY_BIN_DIR";

/// One of the three plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plugin {
    /// `kubectl quay-robot`
    Robot,
    /// `kubectl quay-pullsecret`
    PullSecret,
    /// `oc quay-global`
    Global,
}

impl Plugin {
    /// The name of its package and of its binary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Robot => "kubectl-quay-robot",
            Self::PullSecret => "kubectl-quay-pullsecret",
            Self::Global => "oc-quay-global",
        }
    }

    /// Its binary: the one in `QUAY_BIN_DIR`, or built when a test first needs it.
    pub fn path(self) -> &'static Path {
        static BUILT: [OnceLock<PathBuf>; 3] = [const { OnceLock::new() }; 3];
        BUILT[self as usize].get_or_init(|| match std::env::var_os(BIN_DIR) {
            Some(folder) if !folder.is_empty() => self.found(Path::new(&folder)),
            _ => self.build(),
        })
    }

    fn found(self, folder: &Path) -> PathBuf {
        let name = format!("{}{}", self.name(), std::env::consts::EXE_SUFFIX);
        let path = folder.join(name);
        assert!(
            path.is_file(),
            "{BIN_DIR} is set, but {} is not there",
            path.display()
        );
        path
    }

    /// Cargo builds only what has changed, so that no test runs a binary that is older than its
    /// sources.
    fn build(self) -> PathBuf {
        let mut command = cargo();
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["build", "--locked", "--bins", "--package", self.name()])
            .arg("--message-format=json-render-diagnostics")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        assert!(output.status.success(), "{} does not build", self.name());
        let mut executables = executables(&*output.stdout)
            .unwrap_or_else(|error| panic!("cannot read what cargo says: {error}"));
        let path = executables.remove(self.name());
        path.unwrap_or_else(|| panic!("cargo built no {}", self.name()))
    }
}

impl AsRef<Path> for Plugin {
    fn as_ref(&self) -> &Path {
        self.path()
    }
}

/// A call of the cargo that runs us.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Cargo tells us about our own package; build scripts would take it for a change, and every
    // crate that stands on them would be built anew.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let ours = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if ours.iter().any(|prefix| text.starts_with(prefix)) || text == "CARGO_PRIMARY_PACKAGE" {
            command.env_remove(&name);
        }
    }
    command
}

/// The executables that a build came to, by name, from cargo's messages in JSON.
///
/// # Errors
/// The messages cannot be read.
pub fn executables(messages: impl BufRead) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut executables = BTreeMap::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(&line?).unwrap_or_default();
        let name = message["target"]["name"].as_str();
        if let (Some(name), Some(path)) = (name, message["executable"].as_str()) {
            executables.insert(name.to_owned(), PathBuf::from(path));
        }
    }
    Ok(executables)
}
