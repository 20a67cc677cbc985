//! The OpenShift global pull secret: guard, merge, backup, node roll-out.

mod apply;
mod backup;
mod confirm;
mod guard;
mod observed;
mod plan;
mod pools;
mod rendered;
mod report;
mod restore;
mod robot;
mod rollout;
mod show;
mod topology;
mod verify;

pub use apply::{Applied, apply};
pub use backup::{Backup, back_up, backups};
pub use confirm::Guard;
pub use confirm::READY;
pub use confirm::{Deadline, apply_guarded};
pub use confirm::{Pending, Stage, acknowledge, check_settled, confirm, pending, settle};
pub use guard::{Guarded, RED_HAT, RedHatEntry, check_entry, red_hat_entry};
pub use observed::{Current, Observed, observe};
pub use plan::{
    EntryPlan, Intent, Obstacle, Plan, Request, RestoreIntent, RobotIntent, Step, plan,
};
pub use pools::{Pool, PoolState, Pools};
pub use rendered::{Holds, Rendered};
pub use report::{Change, Changes};
pub use restore::{BackupItem, BackupList, list_backups, restore_intent};
pub use robot::{RobotSource, refresh_intent, robot_intent};
pub use rollout::{PoolProgress, Progress, Rollout};
pub use show::{Entries, Entry, entries};
pub use topology::{Topology, openshift_version, reboots_nodes, topology};
pub use verify::{Check, Checks, Yardstick};
