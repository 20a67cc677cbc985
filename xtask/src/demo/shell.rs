//! Where the demo's commands run: a home of their own, the plugins on PATH.

use crate::api::{Api, Call};
use crate::cargo::Binaries;
use crate::cluster::LocalCluster;
use crate::process::{self, Said};
use crate::{links, tools};
use anyhow::{Context, Result};
use quay_sandbox::quay::Quay;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs commands as a user would type them.
pub struct Shell {
    folder: PathBuf,
    path: OsString,
    kubectl: Option<PathBuf>,
    binaries: Binaries,
    exports: Vec<(&'static str, String)>,
    api: Api,
}

impl Shell {
    /// Puts the plugins on a PATH of its own, and an empty home beside them.
    pub fn open(
        folder: &Path,
        binaries: &Binaries,
        cluster: &LocalCluster,
        quay: &Quay,
    ) -> Result<Self> {
        let (bin, home) = (folder.join("bin"), folder.join("home"));
        fs::create_dir_all(&bin)?;
        fs::create_dir_all(&home)?;
        for (package, binary) in binaries {
            for name in links::of(package) {
                let name = bin
                    .join(name)
                    .with_extension(std::env::consts::EXE_EXTENSION);
                links::make(binary, &name)?;
            }
        }
        let authority = folder.join("quay-ca.pem");
        fs::write(&authority, quay.ca_pem())?;
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&rest)))?;
        Ok(Self {
            folder: folder.to_owned(),
            path,
            kubectl: tools::find("kubectl"),
            binaries: binaries.clone(),
            exports: vec![
                ("KUBECONFIG", cluster.kubeconfig().display().to_string()),
                ("QUAY_CA_FILE", authority.display().to_string()),
                ("HOME", home.display().to_string()),
            ],
            api: cluster.api()?,
        })
    }

    /// The variables every command runs with.
    pub fn exports(&self) -> &[(&'static str, String)] {
        &self.exports
    }

    /// How the plugins are called.
    pub fn manner(&self) -> &'static str {
        match &self.kubectl {
            Some(_) => {
                "kubectl runs the plugins, as links on PATH: kubectl-quay_robot, kubectl-quay_pullsecret"
            }
            None => {
                "kubectl is not on PATH, so the demo calls the plugins directly; the effect is \
                 the same"
            }
        }
    }

    /// The command as it is typed.
    pub fn shown(&self, typed: &str) -> String {
        match &self.kubectl {
            Some(_) => format!("kubectl {typed}"),
            None => format!("kubectl-{}", typed.replacen('-', "_", 1)),
        }
    }

    /// Runs a command line that starts with the plugin's name; `'…'` holds words together.
    pub fn run(&self, typed: &str, environment: &[(&str, &str)]) -> Result<Said> {
        let mut words = split(typed);
        let mut command = match &self.kubectl {
            Some(kubectl) => self.command(kubectl),
            None => {
                let plugin = words.remove(0);
                let mut named = self.binaries.iter();
                let found = named.find(|(package, _)| package.ends_with(&plugin));
                let (_, binary) = found.with_context(|| format!("{plugin} does not exist"))?;
                self.command(binary)
            }
        };
        command.args(words).envs(environment.iter().copied());
        process::listen(command)
    }

    /// All secrets of the cluster: from kubectl where there is one, otherwise from the API.
    pub fn secrets(&self) -> Result<Value> {
        self.list("secrets", "/api/v1/secrets")
    }

    /// All service accounts of the cluster, from where the secrets come.
    pub fn service_accounts(&self) -> Result<Value> {
        self.list("serviceaccounts", "/api/v1/serviceaccounts")
    }

    /// Who answers [`Shell::secrets`].
    pub fn reader(&self) -> &'static str {
        match &self.kubectl {
            Some(_) => "kubectl get -A -o json",
            None => "the API server's own answer",
        }
    }

    fn list(&self, kind: &str, path: &str) -> Result<Value> {
        let Some(kubectl) = &self.kubectl else {
            return self.api.call(Call::get(path));
        };
        let mut command = self.command(kubectl);
        command.args(["get", kind, "-A", "-o", "json"]);
        Ok(serde_json::from_slice(&process::output(command)?)?)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", &self.path)
            .env("LC_ALL", "C.UTF-8")
            .envs(self.exports.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder);
        command
    }
}

/// Splits a command line at spaces, except within `'…'`.
fn split(typed: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in typed.split('\'').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}
