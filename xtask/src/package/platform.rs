//! What is released for what.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

/// A platform by krew's names, and the targets that are good for it, the best first.
pub struct Platform {
    pub os: &'static str,
    pub arch: &'static str,
    pub targets: &'static [&'static str],
}

/// Everything a release is for. On Linux binaries of musl need nothing of the system.
pub const PLATFORMS: [Platform; 6] = [
    Platform {
        os: "linux",
        arch: "amd64",
        targets: &["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"],
    },
    Platform {
        os: "linux",
        arch: "arm64",
        targets: &["aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"],
    },
    Platform {
        os: "darwin",
        arch: "amd64",
        targets: &["x86_64-apple-darwin"],
    },
    Platform {
        os: "darwin",
        arch: "arm64",
        targets: &["aarch64-apple-darwin"],
    },
    Platform {
        os: "windows",
        arch: "amd64",
        targets: &["x86_64-pc-windows-msvc"],
    },
    Platform {
        os: "windows",
        arch: "arm64",
        targets: &["aarch64-pc-windows-msvc"],
    },
];

impl Platform {
    /// The platform a target is good for.
    pub fn of(target: &str) -> Result<&'static Self> {
        PLATFORMS
            .iter()
            .find(|platform| platform.targets.contains(&target))
            .with_context(|| format!("nothing is released for {target}"))
    }

    /// The archive of a plugin for this platform.
    pub fn archive(&self, package: &str, tag: &str) -> String {
        let Self { os, arch, .. } = self;
        let extension = match *os {
            "windows" => "zip",
            _ => "tar.gz",
        };
        format!("{package}-{tag}-{os}-{arch}.{extension}")
    }

    /// The name of a plugin's binary in it.
    pub fn binary(&self, package: &str) -> String {
        match self.os {
            "windows" => format!("{package}.exe"),
            _ => package.to_owned(),
        }
    }
}

/// For each platform the best target whose standard library is installed.
pub fn installed() -> Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for platform in &PLATFORMS {
        for target in platform.targets {
            if is_installed(target)? {
                found.push(*target);
                break;
            }
        }
    }
    ensure!(!found.is_empty(), "rustc has no target that is released");
    Ok(found)
}

/// The target that `cargo build` builds for.
pub fn host() -> Result<String> {
    rustc(&["--print", "host-tuple"])
}

fn is_installed(target: &str) -> Result<bool> {
    let folder = rustc(&["--print", "target-libdir", "--target", target])?;
    Ok(Path::new(&folder).is_dir())
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(arguments);
    let said = crate::process::output(rustc)?;
    Ok(String::from_utf8(said)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_named_after_plugin_version_and_platform() {
        let name = |target| {
            let platform = Platform::of(target).unwrap_or_else(|error| panic!("{error}"));
            platform.archive("kubectl-quay-robot", "v1.2.3")
        };
        assert_eq!(
            name("aarch64-unknown-linux-musl"),
            "kubectl-quay-robot-v1.2.3-linux-arm64.tar.gz"
        );
        assert_eq!(
            name("x86_64-pc-windows-msvc"),
            "kubectl-quay-robot-v1.2.3-windows-amd64.zip"
        );
        assert!(Platform::of("wasm32-wasip2").is_err());
    }
}
