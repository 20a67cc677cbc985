//! Waiting until the nodes have what was written into a global pull secret.

use super::fleet::Site;
use super::interrupt::Interrupt;
use super::run::Rotation;
use crate::Failure;
use crate::global::{Pools, Rendered, Rollout, Stretch, observe};
use std::time::Duration;

/// How often they are looked at.
const GLANCE: Duration = Duration::from_secs(2);
/// A pool may be degraded, and an API server away, for so many looks in a row.
const PATIENCE: usize = 30;

/// What a look at the nodes of one cluster comes to.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    /// Every node that is waited for has it.
    Arrived,
    /// It is on its way.
    UnderWay,
    /// Nothing more will happen by itself, for this reason.
    Paused(String),
    /// The same, unless it mends itself.
    Degraded(String),
}

impl Rotation<'_> {
    /// Waits until every node pool has the global pull secret as it was last written.
    /// Returns whether there are such nodes.
    ///
    /// # Errors
    /// A pool that does not roll out, by name; an API server that stays away.
    pub(super) async fn wait_for_nodes(&mut self, interrupt: &Interrupt) -> Result<bool, Failure> {
        let sites = self.fleet.sites.iter().filter(|site| site.holds_global);
        let contexts: Vec<String> = sites.map(|site| site.context().to_owned()).collect();
        for context in &contexts {
            let text = format!("waiting until the nodes of {context} have it");
            self.step("roll out", &text, interrupt)?;
            self.wait_for_nodes_of(context, interrupt).await?;
        }
        Ok(!contexts.is_empty())
    }

    async fn wait_for_nodes_of(&self, context: &str, interrupt: &Interrupt) -> Result<(), Failure> {
        let mut sites = self.fleet.sites.iter();
        let Some(site) = sites.find(|site| site.context() == context) else {
            return Ok(());
        };
        let before = self.pools_before(context);
        let left_behind = &self.task.options.leave_behind.named;
        let mut rendered = Rendered::default();
        let mut bad_looks = 0;
        loop {
            let reason = match look(site, &mut rendered).await {
                Ok(rollout) => match judge(&rollout, &before, left_behind) {
                    Look::Arrived => return Ok(()),
                    Look::Paused(pool) => return Err(stuck(&pool, context)),
                    Look::Degraded(pool) => Some(stuck(&pool, context)),
                    Look::UnderWay => None,
                },
                Err(failure) => Some(failure),
            };
            bad_looks = if reason.is_some() { bad_looks + 1 } else { 0 };
            if let Some(failure) = reason.filter(|_| bad_looks > PATIENCE) {
                return Err(failure);
            }
            interrupt.sleep(GLANCE).await?;
        }
    }

    /// A run that wrote nothing knows of none, and goes by what rendered configs hold.
    fn pools_before(&self, context: &str) -> Pools {
        let mut known = self.fleet.roll_outs.iter();
        let known = known.find(|(known, _)| known == context);
        known.map_or(Pools { pools: Vec::new() }, |(_, pools)| pools.clone())
    }
}

async fn look(site: &Site<'_>, rendered: &mut Rendered) -> Result<Rollout, Failure> {
    let cluster = site.member.scoped.cluster;
    let observed = observe(cluster).await?;
    let mut rollout = Rollout::default();
    rollout.look(cluster, &observed, rendered).await?;
    match rollout.unseen.first() {
        Some(unseen) if rollout.items.is_empty() && site.has_pools => {
            Err(Failure::new(unseen.clone()))
        }
        _ => Ok(rollout),
    }
}

/// Where the nodes of one cluster are, those of the pools in `left_behind` aside.
fn judge(rollout: &Rollout, before: &Pools, left_behind: &[String]) -> Look {
    let is_awaited = |item: &&Stretch| {
        let pool = item.name.rsplit('/').next().unwrap_or_default();
        !left_behind.iter().any(|left| left == pool)
    };
    let awaited: Vec<&Stretch> = rollout.items.iter().filter(is_awaited).collect();
    let first = |state: &str| awaited.iter().find(|item| item.state == state);
    if let Some(item) = first("paused") {
        return Look::Paused(format!("{} is paused", item.name));
    }
    if let Some(item) = first("degraded") {
        return Look::Degraded(format!("{} is degraded", item.name));
    }
    match awaited.iter().all(|item| has_arrived(item, before)) {
        true => Look::Arrived,
        false => Look::UnderWay,
    }
}

fn has_arrived(item: &Stretch, before: &Pools) -> bool {
    match (item.state, item.secret) {
        // No node of a hosted cluster without a syncer gets it at all.
        ("missing", _) => true,
        // Where configs cannot be looked into, another one has to be wanted than before.
        ("updated", "unknown") => {
            let mut pools = before.pools.iter();
            pools.all(|pool| {
                item.name.rsplit('/').next() != Some(&pool.name)
                    || pool.wanted_config != item.config
            })
        }
        (state, _) => state == "updated",
    }
}

fn stuck(pool: &str, context: &str) -> Failure {
    let name = pool.split(' ').next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    Failure::new(format!(
        "{pool} (context {context}): its nodes do not get what was written"
    ))
    .next(format!(
        "see to that, then run the same command again; or accept that its pulls break: \
         --leave-behind={name}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global::{Pool, PoolState};

    fn item(state: &'static str, secret: &'static str) -> Rollout {
        let item = Stretch {
            context: "c".to_owned(),
            name: "machineconfigpool/worker".to_owned(),
            state,
            updated: 3,
            nodes: 3,
            secret,
            config: "rendered-worker-1".to_owned(),
            message: String::new(),
        };
        Rollout {
            items: vec![item],
            unseen: Vec::new(),
        }
    }

    fn before(wanted: &str) -> Pools {
        let pool = Pool {
            name: "worker".to_owned(),
            state: PoolState::Updated,
            machines: 3,
            updated_machines: 3,
            degraded_machines: 0,
            wanted_config: wanted.to_owned(),
            current_config: wanted.to_owned(),
        };
        Pools { pools: vec![pool] }
    }

    #[test]
    fn nodes_have_it_when_what_they_run_holds_it() {
        let (none, same, older) = (
            Pools { pools: Vec::new() },
            before("rendered-worker-1"),
            before("rendered-worker-0"),
        );
        for (state, secret, before, arrived) in [
            ("updated", "current", &none, true),
            // Taken back before it was rendered: nothing will be rendered.
            ("updated", "current", &same, true),
            ("waiting", "older", &older, false),
            ("updating", "current", &older, false),
            ("updated", "unknown", &same, false),
            ("updated", "unknown", &older, true),
            ("missing", "current", &none, true),
        ] {
            let look = judge(&item(state, secret), before, &[]);
            assert_eq!(look == Look::Arrived, arrived, "{state} {secret}");
        }
    }

    #[test]
    fn a_pool_that_does_not_roll_out_is_named_unless_it_is_left_behind() {
        let none = Pools { pools: Vec::new() };
        let paused = item("paused", "older");
        assert!(matches!(judge(&paused, &none, &[]), Look::Paused(_)));
        assert_eq!(judge(&paused, &none, &["worker".to_owned()]), Look::Arrived);
        let degraded = judge(&item("degraded", "older"), &none, &[]);
        assert!(matches!(degraded, Look::Degraded(_)));
    }
}
