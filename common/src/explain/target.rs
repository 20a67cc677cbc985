//! What is to be explained, as it is typed.

use crate::cluster::parse_object_name;
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
    /// Its kind.
    pub kind: TargetKind,
    /// Its name.
    pub name: String,
}

/// Kind, singular, plural, short name, API.
type Row = (
    TargetKind,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const CORE: &str = "/api/v1";
const APPS: &str = "/apis/apps/v1";
const BATCH: &str = "/apis/batch/v1";

/// With kubectl's own names.
const KINDS: [Row; 8] = [
    (TargetKind::Pod, "pod", "pods", "po", CORE),
    (
        TargetKind::Deployment,
        "deployment",
        "deployments",
        "deploy",
        APPS,
    ),
    (
        TargetKind::StatefulSet,
        "statefulset",
        "statefulsets",
        "sts",
        APPS,
    ),
    (TargetKind::DaemonSet, "daemonset", "daemonsets", "ds", APPS),
    (
        TargetKind::ReplicaSet,
        "replicaset",
        "replicasets",
        "rs",
        APPS,
    ),
    (TargetKind::Job, "job", "jobs", "job", BATCH),
    (TargetKind::CronJob, "cronjob", "cronjobs", "cj", BATCH),
    (
        TargetKind::ServiceAccount,
        "serviceaccount",
        "serviceaccounts",
        "sa",
        CORE,
    ),
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

    /// `deployments`, as in paths and rights.
    pub fn plural(self) -> &'static str {
        self.row().2
    }
}

impl Target {
    /// Where its API server has it.
    pub fn path(&self, namespace: &str) -> String {
        let (_, _, plural, _, api) = self.kind.row();
        format!("{api}/namespaces/{namespace}/{plural}/{}", self.name)
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
        let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
        let kind = kind.to_ascii_lowercase();
        let mut rows = KINDS.iter();
        let found = rows.find(|(_, singular, plural, short, api)| {
            let is_named = [*singular, *plural, *short].contains(&kind.as_str());
            is_named && (group.is_empty() || *api == format!("/apis/{group}/v1"))
        });
        let (kind, ..) = found.ok_or_else(|| {
            let kinds: Vec<&str> = KINDS.iter().map(|row| row.1).collect();
            format!(
                "`{text}` is not of a kind that pulls images; use one of {}",
                kinds.join(", ")
            )
        })?;
        Ok(Self {
            kind: *kind,
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
