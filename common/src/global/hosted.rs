//! What a hosted control plane makes of the additional pull secret, and on which nodes.
//!
//! Its config operator merges the secret with its own, which wins for every key, and a DaemonSet
//! writes the result on the nodes that have a label. It refuses a secret without entries or with
//! one that it cannot read, and then leaves everything as it was. Without the secret there is no
//! merged one, and the nodes get the control plane's own.

use super::contents::{Auths, Difference, auths, some_of};
use super::fault::file_fault;
use super::nodes::{Node, nodes};
use super::observed::Observed;
use super::progress::{PoolProgress, Progress};
use super::rendered::Holds;
use super::topology::forbidden_or;
use crate::Failure;
use crate::cluster::{Cluster, path_of};
use crate::hint::{self, Hint};
use crate::kubelet::Format;
use crate::node_secrets::{
    ADDITIONAL_PULL_SECRET, MERGED_PULL_SECRET, ORIGINAL_PULL_SECRET, SecretName,
};
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::Secret;
use secrecy::ExposeSecret;

/// What brings the merged secret to the nodes.
const SYNCER: &str = "global-pull-secret-syncer";
/// Where it runs; HyperShift sets it on the nodes of NodePools on AWS and Azure that replace their
/// nodes.
const SYNCER_LABEL: &str = "hypershift.openshift.io/nodepool-globalps-enabled";

/// What was seen of a hosted cluster; each part may need a right that is missing.
pub(super) struct Hosted {
    /// The control plane's own secret, if it copies it into the cluster.
    pub original: Result<Option<Auths>, Failure>,
    /// The merged one, if there is one.
    pub merged: Result<Option<Auths>, Failure>,
    /// What writes it on the nodes.
    pub syncer: Result<Option<DaemonSet>, Failure>,
    /// The nodes where that does not run.
    pub without_syncer: Result<Vec<Node>, Failure>,
}

impl Hosted {
    pub(super) async fn observe(cluster: &Cluster) -> Self {
        let others = format!("{SYNCER_LABEL}!=true");
        let (original, merged, syncer, without_syncer) = futures::join!(
            content(cluster, ORIGINAL_PULL_SECRET),
            content(cluster, MERGED_PULL_SECRET),
            syncer(cluster),
            nodes(cluster, &others)
        );
        Self {
            original,
            merged,
            syncer,
            without_syncer,
        }
    }

    /// The nodes on which no syncer runs.
    pub(super) fn without_syncer(&self) -> Vec<String> {
        let nodes = self.without_syncer.iter().flatten();
        nodes.map(|node| node.name().to_owned()).collect()
    }

    /// How many nodes are to run the syncer; `None` if there is none, or it cannot be seen.
    pub(super) fn nodes_with_syncer(&self) -> Option<usize> {
        let syncer = self.syncer.as_ref().ok()?.as_ref()?;
        Some(count(status(syncer).desired_number_scheduled))
    }

    /// The steps to the nodes, and what could not be seen of them.
    ///
    /// # Errors
    /// What the control plane made of the secret could not be seen.
    pub(super) fn steps(
        self,
        context: &str,
        observed: &Observed,
    ) -> Result<(Vec<PoolProgress>, Vec<Failure>), Failure> {
        let without = self.without_syncer();
        let runs = self.nodes_with_syncer().is_some_and(|nodes| nodes > 0);
        let merge = merge_step(context, observed, self.original?, self.merged?);
        let (secret, is_refused) = (merge.secret, merge.is_blocked());
        let mut steps = vec![merge];
        let mut unseen = Vec::new();
        match self.syncer {
            Ok(syncer) => {
                let mut step = syncer_step(context, syncer.as_ref(), secret);
                if is_refused && step.state == Progress::Waiting {
                    step.state = Progress::Blocked;
                }
                steps.push(step);
            }
            Err(failure) => unseen.push(failure),
        }
        unseen.extend(self.without_syncer.err());
        if runs && !without.is_empty() {
            steps.push(PoolProgress {
                nodes: without.len(),
                message: format!(
                    "{} without the label {SYNCER_LABEL}=true",
                    some_of(&without)
                ),
                ..PoolProgress::of(
                    context,
                    "nodes/without-syncer".to_owned(),
                    Progress::Missing,
                    Holds::Older,
                )
            });
        }
        Ok((steps, unseen))
    }
}

fn merge_step(
    context: &str,
    observed: &Observed,
    original: Option<Auths>,
    merged: Option<Auths>,
) -> PoolProgress {
    let step = |state, secret, message: String| PoolProgress {
        message,
        ..PoolProgress::of(
            context,
            format!("secret/{}", MERGED_PULL_SECRET.name),
            state,
            secret,
        )
    };
    if let Some((reason, next)) = refusal(observed) {
        return PoolProgress {
            next: Some(next.at(context)),
            ..step(Progress::Blocked, Holds::Older, reason)
        };
    }
    let additional = observed.current.as_ref();
    let additional = additional.and_then(|current| auths(current.content()));
    let (secret, message) = match (additional, merged) {
        (None, None) => (
            Holds::Current,
            "there is no additional pull secret: nodes get the control plane's own".to_owned(),
        ),
        (Some(_), None) => (
            Holds::Older,
            "the control plane has not merged the additional pull secret yet".to_owned(),
        ),
        (None, Some(merged)) => {
            let keys: Vec<String> = merged.into_iter().map(|(key, _)| key).collect();
            let message = format!(
                "the control plane has not deleted it yet; it still has {}",
                some_of(&keys)
            );
            (Holds::Older, message)
        }
        (Some(additional), Some(merged)) => {
            let original = original.or_else(|| {
                let original = observed.original.as_ref()?.to_json();
                auths(original.expose_secret())
            });
            let wanted = wanted(original.unwrap_or_default(), additional);
            compared(&Difference::between(&wanted, &merged))
        }
    };
    let state = match secret {
        Holds::Current => Progress::Updated,
        _ => Progress::Waiting,
    };
    step(state, secret, message)
}

/// What the control plane merges the two into: its own entry wins for every key.
fn wanted(original: Auths, additional: Auths) -> Auths {
    let mut wanted = additional;
    wanted.extend(original);
    wanted
}

fn compared(difference: &Difference) -> (Holds, String) {
    if difference.is_none() {
        let message = "the control plane has merged the additional pull secret";
        return (Holds::Current, message.to_owned());
    }
    let part = |what: &str, keys: &[String]| {
        (!keys.is_empty()).then(|| format!("{what} {}", some_of(keys)))
    };
    let parts = [
        part("it does not have", &difference.behind),
        part("it still has", &difference.beyond),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (Holds::Older, parts.join("; "))
}

/// Why the control plane refuses the additional pull secret, and what to do.
fn refusal(observed: &Observed) -> Option<(String, Hint)> {
    let current = observed.current.as_ref()?;
    let SecretName { namespace, name } = ADDITIONAL_PULL_SECRET;
    let refused = |reason: &str| {
        format!("the control plane refuses {ADDITIONAL_PULL_SECRET}, and changes nothing: {reason}")
    };
    let document = match &current.secret.document {
        Ok(document) => document,
        Err(error) => {
            let repair = hint::edit_secret(namespace, name).into();
            return Some((refused(&error.to_string()), repair));
        }
    };
    if document.entries().next().is_none() {
        let delete = hint::kubectl_in(namespace, "delete secret")
            .arg(name)
            .into();
        return Some((refused("it has no entry"), delete));
    }
    if let Some(fault) = file_fault(observed, ADDITIONAL_PULL_SECRET, document) {
        let reason = match fault.key.as_str() {
            "" => fault.reason,
            key => format!("`{key}`: {}", fault.reason),
        };
        return Some((refused(&reason), fault.next));
    }
    if auths(current.content()).is_none() {
        let repair = hint::edit_secret(namespace, name).into();
        return Some((refused("its entries are not below `auths`"), repair));
    }
    None
}

fn status(syncer: &DaemonSet) -> DaemonSetStatus {
    syncer.status.clone().unwrap_or_default()
}

fn count(number: i32) -> usize {
    usize::try_from(number).unwrap_or_default()
}

/// How far the syncer's pods are. Each content of the merged secret makes new pods.
fn syncer_step(context: &str, syncer: Option<&DaemonSet>, secret: Holds) -> PoolProgress {
    let name = format!("daemonset/{SYNCER}");
    let Some(syncer) = syncer else {
        return PoolProgress {
            message: NO_SYNCER.to_owned(),
            ..PoolProgress::of(context, name, Progress::Missing, secret)
        };
    };
    let status = status(syncer);
    let nodes = count(status.desired_number_scheduled);
    let is_seen = status.observed_generation >= syncer.metadata.generation;
    let current = count(status.updated_number_scheduled.unwrap_or_default());
    let ready = count(status.number_ready).min(current);
    let (state, updated, message) = match secret {
        _ if is_seen && nodes == 0 => (Progress::Missing, 0, no_node()),
        Holds::Older => (Progress::Waiting, 0, String::new()),
        _ if !is_seen => (
            Progress::Updating,
            0,
            "its pods for the new secret have not started".to_owned(),
        ),
        _ if ready < nodes => (
            Progress::Updating,
            ready,
            format!("{current} of {nodes} pods are new, {ready} of them are ready"),
        ),
        _ => (Progress::Updated, ready, WRITES.to_owned()),
    };
    PoolProgress {
        updated,
        nodes,
        message,
        ..PoolProgress::of(context, name, state, secret)
    }
}

/// What a cluster without a syncer is.
pub(super) const NO_SYNCER: &str = "there is no syncer, so no node gets the additional pull secret: \
                                    this version of HyperShift has none";
const WRITES: &str = "each pod writes the secret within 30s, then restarts the kubelet of its node";

/// Why the syncer runs on no node.
pub(super) fn no_node() -> String {
    format!(
        "no node has the label {SYNCER_LABEL}=true, so none gets the additional pull secret: only \
         NodePools on AWS and Azure that replace their nodes have it"
    )
}

/// The entries of a secret, whatever its type is: the control plane's copy has none.
async fn content(cluster: &Cluster, name: SecretName) -> Result<Option<Auths>, Failure> {
    let path = path_of::<Secret>(name.namespace, name.name);
    match cluster.get::<Secret>(&path).await {
        Ok(secret) => {
            let mut data = secret.data.unwrap_or_default();
            let content = data.remove(Format::DockerConfigJson.data_key());
            Ok(Some(
                content
                    .and_then(|content| auths(&content.0))
                    .unwrap_or_default(),
            ))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(forbidden_or(error, cluster, name, "get")),
    }
}

async fn syncer(cluster: &Cluster) -> Result<Option<DaemonSet>, Failure> {
    let namespace = MERGED_PULL_SECRET.namespace;
    match cluster.get(&path_of::<DaemonSet>(namespace, SYNCER)).await {
        Ok(syncer) => Ok(Some(syncer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => {
            let context = cluster.context();
            let object = format!("daemonsets.apps/{SYNCER}");
            let is_forbidden = error.is_forbidden();
            let failure = error.into_failure(context, &format!("get {object}"));
            Err(match is_forbidden {
                true => failure.next(
                    Hint::from("ask for that right, then check with: ")
                        .run(hint::can_i(context, namespace, "get", &object)),
                ),
                false => failure,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn syncer(status: &Value) -> DaemonSet {
        let object = json!({"metadata": {"generation": 3}, "status": status});
        serde_json::from_value(object).unwrap()
    }

    fn status(observed: i64, desired: i32, updated: i32, ready: i32) -> Value {
        json!({
            "observedGeneration": observed, "desiredNumberScheduled": desired,
            "updatedNumberScheduled": updated, "numberReady": ready,
            "currentNumberScheduled": desired, "numberMisscheduled": 0,
        })
    }

    #[test]
    fn the_syncer_is_done_when_every_pod_is_new_and_ready() {
        for (found, secret, state, updated) in [
            (status(3, 3, 3, 3), Holds::Current, Progress::Updated, 3),
            (status(3, 0, 0, 0), Holds::Current, Progress::Missing, 0),
            (status(2, 3, 3, 3), Holds::Current, Progress::Updating, 0),
            (status(3, 3, 0, 3), Holds::Current, Progress::Updating, 0),
            (status(3, 3, 3, 2), Holds::Current, Progress::Updating, 2),
            (status(3, 3, 3, 3), Holds::Older, Progress::Waiting, 0),
            // Nobody has counted yet.
            (status(2, 0, 0, 0), Holds::Older, Progress::Waiting, 0),
        ] {
            let step = syncer_step("c", Some(&syncer(&found)), secret);
            assert_eq!(
                (step.state, step.updated),
                (state, updated),
                "{found} {secret:?}"
            );
        }
        let none = syncer_step("c", None, Holds::Current);
        assert_eq!(none.state, Progress::Missing);
    }

    #[test]
    fn the_control_planes_own_entry_wins_and_what_lingers_is_named() {
        let of = |value: Value| value.as_object().cloned().unwrap();
        let original = of(json!({"quay.io": {"auth": "own"}}));
        let additional = of(json!({"quay.io": {"auth": "ours"}, "a": {}}));
        let wanted = wanted(original, additional);
        assert_eq!(wanted, of(json!({"quay.io": {"auth": "own"}, "a": {}})));
        let merged = of(json!({"quay.io": {"auth": "own"}, "b": {}}));
        let (holds, told) = compared(&Difference::between(&wanted, &merged));
        assert_eq!(holds, Holds::Older);
        assert_eq!(told, "it does not have a; it still has b");
    }
}
