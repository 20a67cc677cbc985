//! What pulls images, as it is typed.

use crate::cluster::{Resource, parse_object_name};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use std::fmt;
use std::str::FromStr;

/// A kind of object that pulls images, or has pods pull them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A pod.
    Pod,
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `apps/v1` ReplicaSet.
    ReplicaSet,
    /// `batch/v1` Job.
    Job,
    /// `batch/v1` CronJob.
    CronJob,
    /// A service account, for an image that is named.
    ServiceAccount,
}

/// One object, in whatever namespaces are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub kind: TargetKind,
    pub name: String,
}

/// Kind, singular, short name, where its API has it.
type Row = (TargetKind, &'static str, &'static str, Resource);

/// With kubectl's own names.
#[rustfmt::skip]
const KINDS: [Row; 8] = [
    (TargetKind::Pod, "pod", "po", Resource::of::<Pod>()),
    (TargetKind::Deployment, "deployment", "deploy", Resource::of::<Deployment>()),
    (TargetKind::StatefulSet, "statefulset", "sts", Resource::of::<StatefulSet>()),
    (TargetKind::DaemonSet, "daemonset", "ds", Resource::of::<DaemonSet>()),
    (TargetKind::ReplicaSet, "replicaset", "rs", Resource::of::<ReplicaSet>()),
    (TargetKind::Job, "job", "job", Resource::of::<Job>()),
    (TargetKind::CronJob, "cronjob", "cj", Resource::of::<CronJob>()),
    (TargetKind::ServiceAccount, "serviceaccount", "sa", Resource::of::<ServiceAccount>()),
];

impl TargetKind {
    fn row(self) -> &'static Row {
        let mut rows = KINDS.iter();
        rows.find(|row| row.0 == self).unwrap_or(&KINDS[0])
    }

    /// `deployment`.
    pub fn singular(self) -> &'static str {
        self.row().1
    }

    /// Where its API has it.
    pub fn resource(self) -> Resource {
        self.row().3
    }

    /// The kind that kubectl knows by this name: `deployment`, `deployments`, `deploy`, any of
    /// them with the API group, `deployment.apps`.
    pub fn named(kind: &str) -> Option<Self> {
        let (name, group) = kind.split_once('.').unwrap_or((kind, ""));
        let name = name.to_ascii_lowercase();
        let mut rows = KINDS.iter();
        let row = rows.find(|(_, singular, short, resource)| {
            let is_named = [*singular, resource.plural(), *short].contains(&name.as_str());
            is_named && (group.is_empty() || group == resource.group())
        });
        row.map(|row| row.0)
    }
}

impl Target {
    /// Where its API server has it.
    pub fn path(&self, namespace: &str) -> String {
        self.kind.resource().object(namespace, &self.name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.singular(), self.name)
    }
}

impl FromStr for Target {
    type Err = String;

    /// `KIND/NAME` with kubectl's kinds and short names, also `KIND.GROUP/NAME`; without a kind
    /// a pod.
    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = text.split_once('/').unwrap_or(("pod", text));
        let kind = TargetKind::named(kind).ok_or_else(|| {
            let kinds: Vec<&str> = KINDS.iter().map(|row| row.1).collect();
            format!(
                "`{text}` is not of a kind that pulls images; use one of {}",
                kinds.join(", ")
            )
        })?;
        Ok(Self {
            kind,
            name: parse_object_name(name)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_as_for_kubectl_and_a_bare_name_is_a_pod() {
        for (text, expected) in [
            ("shop-1", "pod/shop-1"),
            ("po/shop-1", "pod/shop-1"),
            ("Deployment/shop", "deployment/shop"),
            ("deploy/shop", "deployment/shop"),
            ("deployments.apps/shop", "deployment/shop"),
            ("sts/db", "statefulset/db"),
            ("ds/agent", "daemonset/agent"),
            ("rs/shop-7", "replicaset/shop-7"),
            ("jobs/once", "job/once"),
            ("cj/nightly", "cronjob/nightly"),
            ("sa/default", "serviceaccount/default"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.to_string(), expected);
        }
        for bad in ["node/a", "deployment.batch/a", "pod/", "pod/A", "a/b/c", ""] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}
