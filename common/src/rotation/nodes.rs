//! Waiting until the nodes have what was written into a global pull secret.

use super::interrupt::Interrupt;
use super::members::Member;
use super::run::Rotation;
use crate::Failure;
use crate::global::{Holds, PoolProgress, Pools, Progress, Rendered, Rollout, observe};
use std::time::Duration;

/// How often they are looked at.
const POLL_EVERY: Duration = Duration::from_secs(2);
/// A pool may be degraded, and an API server away, for so many polls in a row.
const GIVE_UP_AFTER: usize = 30;

/// How far the nodes of one cluster are.
#[derive(Debug, PartialEq, Eq)]
enum Arrival<'r> {
    /// Every node that is waited for has it.
    Arrived,
    /// It is on its way.
    UnderWay,
    /// Nothing more will happen in this pool by itself, because it is paused or blocked.
    Paused(&'r PoolProgress),
    /// The same, unless the pool mends itself.
    Degraded(&'r PoolProgress),
}

impl Rotation<'_> {
    /// Waits until every node pool has the global pull secret as it was last written.
    /// Returns whether there are such nodes.
    ///
    /// # Errors
    /// A pool that does not roll out, by name; an API server that stays away.
    pub(super) async fn wait_for_nodes(&mut self, interrupt: &Interrupt) -> Result<bool, Failure> {
        let members = self.fleet.members.iter();
        let waited_for = members.filter(|member| member.holds_global);
        let contexts: Vec<String> = waited_for
            .map(|member| member.context().to_owned())
            .collect();
        for context in &contexts {
            let text = format!("waiting until the nodes of context {context} have the new secret");
            self.step("roll out", &text, interrupt)?;
            self.wait_for_nodes_of(context, interrupt).await?;
        }
        Ok(!contexts.is_empty())
    }

    async fn wait_for_nodes_of(&self, context: &str, interrupt: &Interrupt) -> Result<(), Failure> {
        let Some(member) = self.fleet.member(context) else {
            return Ok(());
        };
        let before = self.pools_before(context);
        let left_behind = &self.task.options.leave_behind.named;
        let mut rendered = Rendered::default();
        let mut bad_polls = 0;
        loop {
            let reason = match roll_out(member, &mut rendered).await {
                Ok(rollout) => match arrival(&rollout, &before, left_behind) {
                    Arrival::Arrived => return Ok(()),
                    Arrival::Paused(pool) => return Err(stuck(pool)),
                    Arrival::Degraded(pool) => Some(stuck(pool)),
                    Arrival::UnderWay => None,
                },
                Err(failure) => Some(failure),
            };
            bad_polls = if reason.is_some() { bad_polls + 1 } else { 0 };
            if let Some(failure) = reason.filter(|_| bad_polls > GIVE_UP_AFTER) {
                return Err(failure);
            }
            interrupt.sleep(POLL_EVERY).await?;
        }
    }

    /// A run that wrote nothing knows of none, and goes by what rendered configs hold.
    fn pools_before(&self, context: &str) -> Pools {
        let mut known = self.fleet.roll_outs.iter();
        let known = known.find(|(known, _)| known == context);
        known.map_or(Pools { pools: Vec::new() }, |(_, pools)| pools.clone())
    }
}

async fn roll_out(member: &Member<'_>, rendered: &mut Rendered) -> Result<Rollout, Failure> {
    let cluster = member.scoped.cluster;
    let observed = observe(cluster).await?;
    let mut rollout = Rollout::default();
    rollout.look(cluster, &observed, rendered).await?;
    match rollout.unseen.first() {
        Some(unseen) if rollout.items.is_empty() && member.has_pools => {
            Err(Failure::new(unseen.clone()))
        }
        _ => Ok(rollout),
    }
}

/// How far the nodes of one cluster are, those of the pools in `left_behind` aside.
fn arrival<'r>(rollout: &'r Rollout, before: &Pools, left_behind: &[String]) -> Arrival<'r> {
    let is_awaited = |item: &&PoolProgress| !left_behind.iter().any(|left| left == item.pool());
    let awaited: Vec<&PoolProgress> = rollout.items.iter().filter(is_awaited).collect();
    let first = |state: Progress| awaited.iter().find(|item| item.state == state);
    if let Some(item) = first(Progress::Paused).or_else(|| first(Progress::Blocked)) {
        return Arrival::Paused(item);
    }
    if let Some(item) = first(Progress::Degraded) {
        return Arrival::Degraded(item);
    }
    match awaited.iter().all(|item| has_arrived(item, before)) {
        true => Arrival::Arrived,
        false => Arrival::UnderWay,
    }
}

fn has_arrived(item: &PoolProgress, before: &Pools) -> bool {
    match (item.state, item.secret) {
        // No node of a hosted cluster without a syncer gets it at all.
        (Progress::Missing, _) => true,
        // Where configs cannot be looked into, another one has to be wanted than before.
        (Progress::Updated, Holds::Unknown) => {
            let mut pools = before.pools.iter();
            pools.all(|pool| item.pool() != pool.name || pool.wanted_config != item.config)
        }
        (state, _) => state == Progress::Updated,
    }
}

fn stuck(item: &PoolProgress) -> Failure {
    Failure::new(format!(
        "{} is {} (context {}): its nodes do not get the new secret{}",
        item.name,
        item.state.as_str(),
        item.context,
        match item.state {
            Progress::Blocked => format!(": {}", item.message),
            _ => String::new(),
        }
    ))
    .next(format!(
        "unpause or repair the pool, then run the same command again; or accept that pulls on \
         its nodes fail: --leave-behind={}",
        item.pool()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global::{Pool, PoolState};

    fn item(state: Progress, secret: Holds) -> Rollout {
        let item = PoolProgress {
            context: "c".to_owned(),
            name: "machineconfigpool/worker".to_owned(),
            state,
            updated: 3,
            nodes: 3,
            secret,
            config: "rendered-worker-1".to_owned(),
            message: String::new(),
            next: None,
        };
        Rollout {
            items: vec![item],
            ..Rollout::default()
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
            ..Pool::default()
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
            (Progress::Updated, Holds::Current, &none, true),
            // Taken back before it was rendered: nothing will be rendered.
            (Progress::Updated, Holds::Current, &same, true),
            (Progress::Waiting, Holds::Older, &older, false),
            (Progress::Updating, Holds::Current, &older, false),
            (Progress::Updated, Holds::Unknown, &same, false),
            (Progress::Updated, Holds::Unknown, &older, true),
            (Progress::Missing, Holds::Current, &none, true),
        ] {
            let rollout = item(state, secret);
            let found = arrival(&rollout, before, &[]);
            assert_eq!(found == Arrival::Arrived, arrived, "{state:?} {secret:?}");
        }
    }

    #[test]
    fn a_pool_that_does_not_roll_out_is_named_unless_it_is_left_behind() {
        let none = Pools { pools: Vec::new() };
        let paused = item(Progress::Paused, Holds::Older);
        assert!(matches!(arrival(&paused, &none, &[]), Arrival::Paused(_)));
        assert_eq!(
            arrival(&paused, &none, &["worker".to_owned()]),
            Arrival::Arrived
        );
        let degraded = item(Progress::Degraded, Holds::Older);
        let degraded = arrival(&degraded, &none, &[]);
        assert!(matches!(degraded, Arrival::Degraded(_)));
    }
}
