//! How far the nodes are with what the secret holds now.

use super::observed::{Observed, get};
use super::pools::{Pool, PoolState, Pools};
use super::rendered::{Holds, Rendered};
use super::topology::Topology;
use crate::Failure;
use crate::cli::{Report, Table, detail, hint_text};
use crate::cluster::{Cluster, path_of};
use crate::node_secrets::SecretName;
use k8s_openapi::api::apps::v1::DaemonSet;
use serde::Serialize;

/// What a hosted control plane merges the two secrets into.
const MERGED: SecretName = SecretName {
    namespace: "kube-system",
    name: "global-pull-secret",
};
/// What brings that to the nodes.
const SYNCER: &str = "global-pull-secret-syncer";

/// How far a pool is, or what a hosted cluster has in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Its nodes have what it wants.
    Updated,
    /// Some of its nodes do not have it yet.
    Updating,
    /// What writes to its nodes has not begun.
    Waiting,
    /// Some of its nodes do not get it, for a reason of their own.
    Degraded,
    /// Somebody stopped it.
    Paused,
    /// Nothing brings it to the nodes.
    Missing,
}

impl Progress {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::Updating => "updating",
            Self::Waiting => "waiting",
            Self::Degraded => "degraded",
            Self::Paused => "paused",
            Self::Missing => "missing",
        }
    }
}

/// One step on the way to the nodes: a pool, or what a hosted cluster has in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolProgress {
    /// The cluster, by the name of its context.
    pub context: String,
    /// `kind/name`.
    pub name: String,
    /// How far it is.
    pub state: Progress,
    /// Nodes that are there.
    pub updated: usize,
    /// Nodes in all.
    pub nodes: usize,
    /// Whether it brings what the secret holds now.
    pub secret: Holds,
    /// The rendered config that a pool wants.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub config: String,
    /// What is worth knowing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// The way to the nodes of every cluster.
#[derive(Debug, Default, Serialize)]
pub struct Rollout {
    /// One line for each pool.
    pub items: Vec<PoolProgress>,
    /// What could not be seen, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
}

impl PoolProgress {
    /// Nothing more will happen by itself.
    pub fn is_blocked(&self) -> bool {
        matches!(
            self.state,
            Progress::Paused | Progress::Degraded | Progress::Missing
        )
    }

    fn is_done(&self) -> bool {
        self.is_blocked() || self.state == Progress::Updated
    }

    /// The name without its kind.
    pub fn pool(&self) -> &str {
        self.name
            .rsplit_once('/')
            .map_or(&self.name, |(_, name)| name)
    }
}

impl Rollout {
    /// Whether everything has arrived that can.
    pub fn is_settled(&self) -> bool {
        self.items.iter().all(PoolProgress::is_done)
    }

    /// Whether something keeps the secret from nodes.
    pub fn is_blocked(&self) -> bool {
        self.items.iter().any(PoolProgress::is_blocked)
    }

    /// Looks at one more cluster. What cannot be seen is noted, and no failure.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn look(
        &mut self,
        cluster: &Cluster,
        observed: &Observed,
        rendered: &mut Rendered,
    ) -> Result<(), Failure> {
        if observed.topology == Topology::HostedControlPlane {
            return self.look_at_hosted(cluster, observed).await;
        }
        let pools = match Pools::observe(cluster).await {
            Ok(Some(pools)) => pools,
            Ok(None) => {
                self.unseen.push(format!(
                    "context {} has no MachineConfigPools, so it is unknown how its nodes get \
                     the secret",
                    cluster.context()
                ));
                return Ok(());
            }
            Err(failure) => {
                self.note(&failure);
                return Ok(());
            }
        };
        for pool in pools.pools {
            let holds = match &observed.current {
                Some(secret) => rendered.holds(cluster, &pool.wanted_config, secret).await,
                None => Holds::Unknown,
            };
            self.items.push(progress(cluster.context(), pool, holds));
        }
        if let Some(failure) = rendered.blind.get(cluster.context()) {
            self.note(failure);
        }
        Ok(())
    }

    fn note(&mut self, failure: &Failure) {
        let next = failure
            .next_step()
            .map(|next| format!("; next: {}", hint_text(next)));
        self.unseen
            .push(format!("{failure}{}", next.unwrap_or_default()));
    }

    async fn look_at_hosted(
        &mut self,
        cluster: &Cluster,
        observed: &Observed,
    ) -> Result<(), Failure> {
        let merged = get(cluster, MERGED).await?;
        let merged = merged.and_then(|merged| merged.secret.document.ok());
        let arrived = match (observed.document(), &merged) {
            (Some(ours), Some(merged)) => ours.entries().all(|(key, _)| ours.agrees(key, merged)),
            (None, _) => true,
            (Some(_), None) => false,
        };
        let context = cluster.context();
        let syncer = path_of::<DaemonSet>(MERGED.namespace, SYNCER);
        self.items.push(PoolProgress {
            context: context.to_owned(),
            name: format!("secret/{}", MERGED.name),
            state: match arrived {
                true => Progress::Updated,
                false => Progress::Waiting,
            },
            updated: 0,
            nodes: 0,
            secret: held(arrived),
            config: String::new(),
            message: "the secret that the control plane merges for the nodes".to_owned(),
        });
        match cluster.get::<DaemonSet>(&syncer).await {
            Ok(syncer) => self.items.push(syncer_progress(context, &syncer, arrived)),
            Err(error) if error.is_not_found() => self.items.push(PoolProgress {
                message:
                    "no node gets the additional pull secret: only NodePools on AWS and Azure \
                     that replace their nodes have a syncer"
                        .to_owned(),
                ..syncer_progress(context, &DaemonSet::default(), arrived)
            }),
            Err(error) => self.note(&error.into_failure(context, "get the syncer's DaemonSet")),
        }
        Ok(())
    }
}

fn progress(context: &str, pool: Pool, holds: Holds) -> PoolProgress {
    let (state, message) = match (pool.state, holds) {
        (PoolState::Paused, _) => (
            Progress::Paused,
            "its nodes do not get the secret until spec.paused is false",
        ),
        (PoolState::Degraded, _) => (
            Progress::Degraded,
            "its nodes possibly do not get the \
                                                          secret",
        ),
        (PoolState::Updating, _) => (Progress::Updating, ""),
        (PoolState::Updated, Holds::Older) => (
            Progress::Waiting,
            "the Machine Config Operator has not started the roll-out",
        ),
        (PoolState::Updated, _) => (Progress::Updated, ""),
    };
    PoolProgress {
        context: context.to_owned(),
        name: format!("machineconfigpool/{}", pool.name),
        state,
        updated: pool.updated_machines,
        nodes: pool.machines,
        secret: holds,
        config: pool.wanted_config,
        message: message.to_owned(),
    }
}

/// What stands where the control plane merges the secret itself.
fn held(arrived: bool) -> Holds {
    match arrived {
        true => Holds::Current,
        false => Holds::Older,
    }
}

fn syncer_progress(context: &str, syncer: &DaemonSet, arrived: bool) -> PoolProgress {
    let status = syncer.status.clone().unwrap_or_default();
    let count = |number: i32| usize::try_from(number).unwrap_or_default();
    let (nodes, ready) = (
        count(status.desired_number_scheduled),
        count(status.number_ready),
    );
    PoolProgress {
        context: context.to_owned(),
        name: format!("daemonset/{SYNCER}"),
        state: match syncer.status {
            None => Progress::Missing,
            Some(_) if nodes == ready => Progress::Updated,
            Some(_) => Progress::Updating,
        },
        updated: ready,
        nodes,
        secret: held(arrived),
        config: String::new(),
        message: "the syncer writes the secret within 30 s and restarts the kubelet".to_owned(),
    }
}

impl Report for Rollout {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("NAME", |item| &item.name)
            .col("STATE", |item| item.state.as_str())
            .col("NODES", |item| match item.nodes {
                0 => String::new(),
                nodes => format!("{}/{nodes}", item.updated),
            })
            .col("SECRET", |item| item.secret.as_str())
            .col("DETAIL", |item| detail([item.message.as_str()], None))
            .table()
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|item| item.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(state: PoolState) -> Pool {
        Pool {
            name: "worker".to_owned(),
            state,
            machines: 3,
            updated_machines: 3,
            degraded_machines: 0,
            wanted_config: "rendered-worker-1".to_owned(),
            current_config: "rendered-worker-1".to_owned(),
        }
    }

    #[test]
    fn an_updated_pool_with_an_older_secret_is_still_waited_for() {
        for (state, holds, shown, settled) in [
            (PoolState::Updated, Holds::Current, Progress::Updated, true),
            (PoolState::Updated, Holds::Unknown, Progress::Updated, true),
            (PoolState::Updated, Holds::Older, Progress::Waiting, false),
            (
                PoolState::Updating,
                Holds::Current,
                Progress::Updating,
                false,
            ),
            (PoolState::Paused, Holds::Older, Progress::Paused, true),
            (
                PoolState::Degraded,
                Holds::Current,
                Progress::Degraded,
                true,
            ),
        ] {
            let items = vec![progress("c", pool(state), holds)];
            let rollout = Rollout {
                items,
                unseen: Vec::new(),
            };
            assert_eq!(rollout.items[0].state, shown);
            assert_eq!(rollout.is_settled(), settled, "{state:?} {holds:?}");
        }
    }
}
