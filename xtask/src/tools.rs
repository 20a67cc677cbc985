//! Programs we need that are not ours: where they are, and how they get here.

use crate::process;
use crate::screen::Screen;
use anyhow::{Result, bail, ensure};
use std::path::PathBuf;
use std::process::Command;

/// A program, the Debian package that brings it, and what needs it.
struct Tool {
    program: &'static str,
    package: &'static str,
}

/// What the keyring tests run: a session bus, a keyring on it, and a second reader.
const KEYRING: [Tool; 3] = [
    Tool {
        program: "dbus-run-session",
        package: "dbus",
    },
    Tool {
        program: "gnome-keyring-daemon",
        package: "gnome-keyring",
    },
    Tool {
        program: "secret-tool",
        package: "libsecret-tools",
    },
];

/// The program on PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &std::path::Path) -> bool {
    file.is_file()
}

/// kubectl, which the tests and the benchmarks cannot do without.
pub fn kubectl() -> Result<PathBuf> {
    match find("kubectl") {
        Some(path) => Ok(path),
        None => bail!(
            "kubectl is not on PATH, and the tests run the plugins through it: \
             install it from https://kubernetes.io/docs/tasks/tools/"
        ),
    }
}

/// Sees to it that the keyring tests find their programs: installs them where that is
/// possible (root, with apt-get), and names them where it is not.
pub fn keyring(screen: &Screen) -> Result<()> {
    let missing: Vec<&str> = KEYRING
        .iter()
        .filter(|tool| find(tool.program).is_none())
        .map(|tool| tool.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if find("apt-get").is_none() || !is_root() {
        screen.progress(&format!(
            "missing for the keyring tests: {packages} (sudo apt-get install {packages})"
        ));
        return Ok(());
    }
    screen.progress(&format!(
        "installing {packages}, which the keyring tests need"
    ));
    let mut update = Command::new("apt-get");
    update.args(["-qq", "update"]);
    let mut install = Command::new("apt-get");
    install
        .args(["-qq", "install", "--yes", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive");
    for command in [update, install] {
        let said = process::listen(command)?;
        ensure!(
            said.code == Some(0),
            "apt-get could not install {packages}:\n{}",
            said.text
        );
    }
    Ok(())
}

/// Whether we are root.
#[cfg(unix)]
pub fn is_root() -> bool {
    let mut id = Command::new("id");
    id.arg("-u");
    process::output(id).is_ok_and(|uid| uid.trim_ascii() == b"0")
}

/// Whether we are root.
#[cfg(not(unix))]
pub fn is_root() -> bool {
    false
}
