//! References to pull secrets: `imagePullSecrets` of service accounts and of workloads.
//!
//! A service account's list is atomic on the server: a patch with one name would
//! replace it (Kubernetes issue 72475). So every change is read, append or remove
//! one name, write with the version that was read.

use crate::Failure;
use crate::cluster::{CallError, Cluster, WriteMode, parse_object_name, path_of};
use crate::workload::TargetKind;
use k8s_openapi::api::core::v1::ServiceAccount;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a fresh namespace's `default` service account is waited for.
const FRESH: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);
/// Writers that keep changing the object are given up on after so many tries.
const CONFLICTS: usize = 8;

/// What became of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// It was added or removed.
    Changed,
    /// It was already so.
    Unchanged,
}

/// Which way a reference changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceEdit {
    /// The secret's name is added at the end, unless it is in the list.
    Attach,
    /// The secret's name, and only that, is removed.
    Detach,
}

/// An object with an `imagePullSecrets` list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceOwner {
    /// `serviceaccount/default`, `deployment/shop`.
    pub label: String,
    path: String,
    /// The way from the object's root to the list's parent.
    parent: &'static [&'static str],
    may_be_fresh: bool,
}

const POD_TEMPLATE: &[&str] = &["spec", "template", "spec"];
const CRON_TEMPLATE: &[&str] = &["spec", "jobTemplate", "spec", "template", "spec"];

impl ReferenceOwner {
    /// A service account.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            label: format!("serviceaccount/{name}"),
            path: path_of::<ServiceAccount>(namespace, name),
            parent: &[],
            // The service account controller creates it a moment after the namespace.
            may_be_fresh: name == "default",
        }
    }

    /// A workload's pod template, written `KIND/NAME` with kubectl's kinds and short names.
    ///
    /// # Errors
    /// Kinds without a pod template that can be changed.
    pub fn workload(namespace: &str, reference: &str) -> Result<Self, Failure> {
        let usage = || {
            Failure::usage(format!(
                "`{reference}` is not KIND/NAME, such as deployment/shop"
            ))
        };
        let (kind, name) = reference.split_once('/').ok_or_else(usage)?;
        parse_object_name(name).map_err(|_| usage())?;
        let (kind, parent) = match TargetKind::named(kind) {
            Some(
                found @ (TargetKind::Deployment
                | TargetKind::StatefulSet
                | TargetKind::DaemonSet
                | TargetKind::ReplicaSet),
            ) => (found, POD_TEMPLATE),
            Some(TargetKind::CronJob) => (TargetKind::CronJob, CRON_TEMPLATE),
            _ => {
                return Err(Failure::usage(format!(
                    "a {kind} has no pod template that can change; use a Deployment, \
                     StatefulSet, DaemonSet, ReplicaSet or CronJob, or a service account"
                )));
            }
        };
        Ok(Self {
            label: format!("{}/{name}", kind.singular()),
            path: kind.resource().object(namespace, name),
            parent,
            may_be_fresh: false,
        })
    }

    /// The whole walk for one object: read, plan, and, unless `mode` is `None`, write with the
    /// version that was read; again where somebody else was faster.
    ///
    /// # Errors
    /// The object is not there, or cannot be read or written.
    pub async fn edit(
        &self,
        cluster: &Cluster,
        edit: ReferenceEdit,
        secret: &str,
        mode: Option<WriteMode>,
    ) -> Result<Attachment, CallError> {
        for _ in 0..CONFLICTS {
            let is_awaited = edit == ReferenceEdit::Attach && mode.is_some() && self.may_be_fresh;
            let object = self.read(cluster, is_awaited).await?;
            let Some(patch) = self.plan(&object, edit, secret) else {
                return Ok(Attachment::Unchanged);
            };
            let Some(write) = mode else {
                return Ok(Attachment::Changed);
            };
            match cluster
                .merge_patch::<Value>(&self.path, &patch, write)
                .await
            {
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
                Ok(_) => return Ok(Attachment::Changed),
            }
        }
        Err(CallError::Refused(
            "somebody keeps changing the object".to_owned(),
        ))
    }

    /// The patch that makes the change; `None` if it is so already. No I/O.
    fn plan(&self, object: &Value, edit: ReferenceEdit, secret: &str) -> Option<Value> {
        let names = match edit {
            ReferenceEdit::Attach => with(self.names(object), secret)?,
            ReferenceEdit::Detach => without(self.names(object), secret)?,
        };
        let list = json!({"imagePullSecrets": names});
        let mut patch = self
            .parent
            .iter()
            .rev()
            .fold(list, |inner, field| json!({*field: inner}));
        patch["metadata"] = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
        Some(patch)
    }

    async fn read(&self, cluster: &Cluster, is_awaited: bool) -> Result<Value, CallError> {
        let deadline = Instant::now() + FRESH;
        loop {
            match cluster.get::<Value>(&self.path).await {
                Err(error) if is_awaited && error.is_not_found() && Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await;
                }
                answer => return answer,
            }
        }
    }

    fn names<'a>(&self, object: &'a Value) -> &'a [Value] {
        let parent = self
            .parent
            .iter()
            .fold(object, |value, field| &value[field]);
        parent["imagePullSecrets"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// The list with `secret` at its end, or `None` if it is in it already. The order is
/// the kubelet's, so nothing is moved.
pub(super) fn with(names: &[Value], secret: &str) -> Option<Vec<Value>> {
    let missing = !names.iter().any(|reference| reference["name"] == secret);
    missing.then(|| {
        names
            .iter()
            .cloned()
            .chain([json!({"name": secret})])
            .collect()
    })
}

fn without(names: &[Value], secret: &str) -> Option<Vec<Value>> {
    let present = names.iter().any(|reference| reference["name"] == secret);
    present.then(|| {
        names
            .iter()
            .filter(|reference| reference["name"] != secret)
            .cloned()
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<Value> {
        list.iter().map(|name| json!({"name": name})).collect()
    }

    #[test]
    fn a_reference_is_appended_once_and_the_order_stays() {
        assert_eq!(
            with(&names(&["a", "b"]), "c"),
            Some(names(&["a", "b", "c"]))
        );
        assert_eq!(with(&names(&["a", "b"]), "a"), None);
    }

    #[test]
    fn only_the_named_reference_is_removed() {
        assert_eq!(
            without(&names(&["a", "b", "c"]), "b"),
            Some(names(&["a", "c"]))
        );
        assert_eq!(without(&names(&["a"]), "b"), None);
    }

    #[test]
    fn workloads_are_written_as_for_kubectl() {
        let owner = ReferenceOwner::workload("shop", "deploy/web").unwrap();
        assert_eq!(owner.label, "deployment/web");
        assert_eq!(owner.path, "/apis/apps/v1/namespaces/shop/deployments/web");
        for bad in ["web", "deploy/", "pod/web", "job/x", "deploy/a/b"] {
            assert!(ReferenceOwner::workload("shop", bad).is_err(), "{bad}");
        }
    }
}
