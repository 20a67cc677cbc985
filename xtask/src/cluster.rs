//! A cluster of our own on 127.0.0.1: small, or real.

use crate::api::{Access, Api};
use crate::controlplane::ControlPlane;
use anyhow::Result;
use quay_sandbox::cluster::{Cluster, ClusterOptions};
use quay_sandbox::http::{Authority, Server};
use std::path::{Path, PathBuf};

/// A cluster that is gone when this is dropped.
pub struct LocalCluster {
    kubeconfig: PathBuf,
    running: Running,
}

enum Running {
    Small(Box<Cluster>),
    Real(ControlPlane),
}

impl LocalCluster {
    /// The sandbox's small cluster; its kubeconfig goes into `folder`.
    pub fn small(folder: &Path) -> Result<Self> {
        let cluster = Cluster::start(ClusterOptions {
            authority: Some(Authority::new()?),
            ..ClusterOptions::default()
        })?;
        let kubeconfig = folder.join("kubeconfig");
        std::fs::write(&kubeconfig, cluster.kubeconfig("admin"))?;
        Ok(Self {
            kubeconfig,
            running: Running::Small(Box::new(cluster)),
        })
    }

    /// The control plane built as `binary`; its files go into `folder`.
    pub fn real(binary: &Path, folder: &Path) -> Result<Self> {
        let plane = ControlPlane::start(binary, &folder.join("controlplane"))?;
        Ok(Self {
            kubeconfig: plane.admin.clone(),
            running: Running::Real(plane),
        })
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A connection of its own to it.
    pub fn api(&self) -> Result<Api> {
        Api::connect(&Access::read(&self.kubeconfig)?)
    }

    /// The small cluster's server, for its log.
    pub fn server(&self) -> Option<&Server> {
        match &self.running {
            Running::Small(cluster) => Some(cluster.server()),
            Running::Real(_) => None,
        }
    }

    /// What it is, in words.
    pub fn description(&self) -> String {
        match &self.running {
            Running::Small(cluster) => format!(
                "a small stand-in at {}, enough of Kubernetes for kubectl and the plugins",
                cluster.url()
            ),
            Running::Real(plane) => format!("a real kube-apiserver {}", plane.version),
        }
    }
}
