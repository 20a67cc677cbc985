//! How far one machine config pool is, and why; no I/O.

use super::contents::some_of;
use super::nodes::Node;
use super::observed::Observed;
use super::pools::{Pool, PoolState};
use super::progress::{PoolProgress, Progress};
use super::rendered::{Brought, Holds};
use crate::hint;

/// The row of a secret that is gone or cannot be read: nodes keep what they have.
pub(super) fn lost_secret(context: &str, observed: &Observed) -> Option<PoolProgress> {
    let reason = match (&observed.current, observed.unreadable()) {
        (None, _) => "it does not exist: nodes keep the credentials that they have, and new nodes \
                      get none"
            .to_owned(),
        (Some(_), Some(error)) => {
            format!("it is unreadable, so a kubelet has no credential from it: {error}")
        }
        (Some(_), None) => return None,
    };
    let next = hint::global("backups")
        .at(context)
        .say(", then ")
        .run(hint::global("rollback").at(context));
    Some(PoolProgress {
        message: reason,
        next: Some(next),
        ..PoolProgress::of(
            context,
            format!("secret/{}", observed.name.name),
            Progress::Blocked,
            Holds::Unknown,
        )
    })
}

/// The row of a cluster without pools: nothing reads its secret.
pub(super) fn no_operator(context: &str) -> PoolProgress {
    PoolProgress {
        message: "the cluster has no MachineConfigPools, so no Machine Config Operator brings the \
                  secret to its nodes"
            .to_owned(),
        ..PoolProgress::of(
            context,
            "machineconfigpools".to_owned(),
            Progress::Missing,
            Holds::Unknown,
        )
    }
}

/// How far one pool is.
pub(super) fn pool_step(
    context: &str,
    pool: Pool,
    brought: &Brought,
    nodes: &[Node],
) -> PoolProgress {
    let holds = brought.holds();
    let has_it = holds == Holds::Current && pool.has_arrived();
    let state = match (pool.state, brought) {
        _ if has_it => Progress::Updated,
        (_, Brought::Replaced { .. }) => Progress::Blocked,
        (PoolState::Paused, _) => Progress::Paused,
        (PoolState::Degraded, _) => Progress::Degraded,
        (_, Brought::Older) if pool.has_arrived() => Progress::Waiting,
        (PoolState::Updated, _) => Progress::Updated,
        (PoolState::Updating, _) => Progress::Updating,
    };
    let mut parts = vec![told(state, &pool, brought)];
    parts.extend(unavailable(&pool, nodes));
    parts.retain(|part| !part.is_empty());
    PoolProgress {
        updated: match holds {
            Holds::Older => 0,
            Holds::Current | Holds::Unknown => pool.updated_machines,
        },
        nodes: pool.machines,
        message: parts.join("; "),
        config: pool.wanted_config,
        ..PoolProgress::of(
            context,
            format!("machineconfigpool/{}", pool.name),
            state,
            holds,
        )
    }
}

/// What there is to know about the pool's state, and about what it brings.
fn told(state: Progress, pool: &Pool, brought: &Brought) -> String {
    let because = match pool.trouble.as_str() {
        "" => String::new(),
        trouble => format!(": {trouble}"),
    };
    match (state, pool.state, brought) {
        (Progress::Updated, PoolState::Paused, Brought::Current { .. }) => {
            "the pool is paused, but its nodes have the secret".to_owned()
        }
        (Progress::Updated, PoolState::Degraded, Brought::Current { .. }) => {
            format!("the pool is degraded, but its nodes have the secret{because}")
        }
        (Progress::Paused, ..) => {
            "its nodes do not get the secret until spec.paused is false".to_owned()
        }
        (Progress::Degraded, ..) => {
            format!("its nodes do not get the secret as long as it is degraded{because}")
        }
        (Progress::Waiting, ..) => {
            "the Machine Config Operator has not started the roll-out".to_owned()
        }
        (_, _, Brought::Replaced { by }) => {
            format!(
                "MachineConfig `{by}` writes the nodes' file, and does not hold the secret's entries"
            )
        }
        (_, _, Brought::Current { also, by }) => beyond(also, by.as_deref()),
        (_, _, Brought::Unreadable) => {
            "its rendered config has no pull secret that can be read".to_owned()
        }
        _ => String::new(),
    }
}

/// What the nodes hold beyond the secret.
fn beyond(also: &[String], by: Option<&str>) -> String {
    let also =
        (!also.is_empty()).then(|| format!("the rendered config also holds {}", some_of(also)));
    let by = by.map(|by| {
        format!("MachineConfig `{by}` writes the nodes' file, which does not follow the secret")
    });
    let parts: Vec<String> = also.into_iter().chain(by).collect();
    parts.join("; ")
}

/// The pool's nodes that are not available.
fn unavailable(pool: &Pool, nodes: &[Node]) -> Option<String> {
    if pool.unavailable_machines == 0 {
        return None;
    }
    let nodes = nodes.iter().filter(|node| node.is_in(&pool.name));
    let names: Vec<String> = nodes.filter_map(Node::trouble).collect();
    Some(match names.is_empty() {
        true => format!("{} of its nodes not available", pool.unavailable_machines),
        false => format!("not available: {}", some_of(&names)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(state: PoolState, updated: usize) -> Pool {
        Pool {
            name: "worker".to_owned(),
            state,
            machines: 3,
            updated_machines: updated,
            wanted_config: "rendered-worker-1".to_owned(),
            current_config: "rendered-worker-1".to_owned(),
            is_counted: true,
            ..Pool::default()
        }
    }

    fn current() -> Brought {
        Brought::Current {
            also: Vec::new(),
            by: None,
        }
    }

    #[test]
    fn a_pool_is_waited_for_until_its_nodes_have_the_secret() {
        for (pool, brought, state, updated, settled) in [
            (
                pool(PoolState::Updated, 3),
                current(),
                Progress::Updated,
                3,
                true,
            ),
            (
                pool(PoolState::Updated, 3),
                Brought::Forbidden,
                Progress::Updated,
                3,
                true,
            ),
            (
                pool(PoolState::Updated, 3),
                Brought::Older,
                Progress::Waiting,
                0,
                false,
            ),
            (
                pool(PoolState::Updating, 2),
                current(),
                Progress::Updating,
                2,
                false,
            ),
            // A node that is not ready has it, too.
            (
                pool(PoolState::Updating, 3),
                current(),
                Progress::Updated,
                3,
                true,
            ),
            (
                pool(PoolState::Paused, 3),
                current(),
                Progress::Updated,
                3,
                true,
            ),
            (
                pool(PoolState::Paused, 0),
                current(),
                Progress::Paused,
                0,
                true,
            ),
            (
                pool(PoolState::Paused, 3),
                Brought::Older,
                Progress::Paused,
                0,
                true,
            ),
            (
                pool(PoolState::Degraded, 2),
                current(),
                Progress::Degraded,
                2,
                true,
            ),
            (
                pool(PoolState::Degraded, 3),
                current(),
                Progress::Updated,
                3,
                true,
            ),
            (
                pool(PoolState::Updated, 3),
                Brought::Replaced {
                    by: "99-own".to_owned(),
                },
                Progress::Blocked,
                0,
                true,
            ),
        ] {
            let told = format!("{pool:?} {brought:?}");
            let item = pool_step("c", pool, &brought, &[]);
            assert_eq!((item.state, item.updated), (state, updated), "{told}");
            assert_eq!(item.is_done(), settled, "{told}");
        }
    }
}
