//! How far the nodes are with what the secret holds now.

use super::contents::some_of;
use super::hosted::Hosted;
use super::nodes::{Node, nodes};
use super::observed::Observed;
use super::operator::{Operator, operator};
use super::pool_step::{lost_secret, no_operator, pool_step};
use super::pools::{Pool, Pools};
use super::progress::{PoolProgress, Progress};
use super::rendered::{Brought, Holds, Rendered};
use super::topology::Topology;
use crate::Failure;
use crate::cli::{Report, Table, detail, hint_text};
use crate::cluster::Cluster;
use serde::Serialize;

/// The way to the nodes of every cluster.
#[derive(Debug, Default, Serialize)]
pub struct Rollout {
    /// One line for each pool.
    pub items: Vec<PoolProgress>,
    /// What could not be seen, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// Whether it was not seen of all nodes if they have the secret.
    #[serde(skip)]
    pub is_blind: bool,
    /// Whether a later look may see what this one could not.
    #[serde(skip)]
    pub is_incomplete: bool,
}

impl Rollout {
    /// Whether everything has arrived that can, as far as that can be seen.
    pub fn is_settled(&self) -> bool {
        !self.is_incomplete && self.items.iter().all(PoolProgress::is_done)
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
        match observed.topology {
            Topology::HostedControlPlane => self.look_at_hosted(cluster, observed).await,
            _ => {
                self.look_at_pools(cluster, observed, rendered).await;
                Ok(())
            }
        }
    }

    async fn look_at_hosted(
        &mut self,
        cluster: &Cluster,
        observed: &Observed,
    ) -> Result<(), Failure> {
        let hosted = Hosted::observe(cluster).await;
        let (steps, unseen) = hosted.steps(cluster.context(), observed)?;
        self.items.extend(steps);
        self.is_blind |= !unseen.is_empty();
        for failure in &unseen {
            self.note(failure);
        }
        Ok(())
    }

    async fn look_at_pools(
        &mut self,
        cluster: &Cluster,
        observed: &Observed,
        rendered: &mut Rendered,
    ) {
        let context = cluster.context();
        self.items.extend(lost_secret(context, observed));
        let pools = match Pools::observe(cluster).await {
            Ok(Some(pools)) => pools.pools,
            Ok(None) => {
                self.items.push(no_operator(context));
                return;
            }
            Err(failure) => {
                self.note(&failure);
                self.is_blind = true;
                return;
            }
        };
        self.is_blind |= pools.is_empty();
        let nodes = self.nodes(cluster, &pools).await;
        for pool in pools {
            let brought = match &observed.current {
                Some(secret) => rendered.look(cluster, &pool, secret).await,
                None => Brought::NoSecret,
            };
            self.is_incomplete |= brought == Brought::Unseen;
            self.is_blind |= brought.holds() == Holds::Unknown;
            self.items.push(pool_step(context, pool, &brought, &nodes));
        }
        if let Some(failure) = rendered.blind.get(context) {
            self.note_configs(context, failure);
        }
        self.look_at_operator(cluster).await;
    }

    /// The nodes, if some are not available in pools that no longer roll out.
    async fn nodes(&mut self, cluster: &Cluster, pools: &[Pool]) -> Vec<Node> {
        let rests = |pool: &Pool| pool.has_arrived() || pool.state.gets_nothing_new();
        let mut lacking = pools.iter().filter(|pool| rests(pool));
        if lacking.all(|pool| pool.unavailable_machines == 0) {
            return Vec::new();
        }
        nodes(cluster, "").await.unwrap_or_else(|failure| {
            self.note(&failure);
            Vec::new()
        })
    }

    /// Who waits for a roll-out to begin wants to know if nobody will begin it.
    async fn look_at_operator(&mut self, cluster: &Cluster) {
        let is_waiting = |item: &PoolProgress| item.state == Progress::Waiting;
        if !self.items.iter().any(is_waiting) {
            return;
        }
        let (state, message) = match operator(cluster).await {
            Operator::Runs | Operator::Unknown => return,
            Operator::Starting(message) => (Progress::Waiting, message),
            Operator::Stopped(message) => (Progress::Blocked, message),
        };
        for item in self.items.iter_mut().filter(|item| is_waiting(item)) {
            item.state = state;
            item.message.clone_from(&message);
        }
    }

    fn note(&mut self, failure: &Failure) {
        let next = failure
            .next_step()
            .map(|next| format!("; next: {}", hint_text(next)));
        self.unseen
            .push(format!("{failure}{}", next.unwrap_or_default()));
    }

    /// Rendered configs that nobody here may read, and the pools that this is about.
    fn note_configs(&mut self, context: &str, failure: &Failure) {
        let items = self.items.iter();
        let unknown = items.filter(|item| item.context == context && !item.config.is_empty());
        let unknown = unknown.filter(|item| item.secret == Holds::Unknown);
        let pools: Vec<String> = unknown.map(|item| item.pool().to_owned()).collect();
        let next = failure
            .next_step()
            .map(|next| format!("; next: {}", hint_text(next)));
        self.unseen.push(format!(
            "it is unknown whether the nodes of {} have the secret: {failure}{}",
            some_of(&pools),
            next.unwrap_or_default()
        ));
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
            .col("DETAIL", |item| {
                detail([item.message.as_str()], item.next.as_ref())
            })
            .table()
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|item| item.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_now_is_looked_at_again() {
        let rollout = Rollout {
            is_incomplete: true,
            ..Rollout::default()
        };
        assert!(!rollout.is_settled());
    }
}
