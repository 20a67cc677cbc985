//! The OpenShift global pull secret: protected entries, merge, backup, node roll-out.

mod apply;
mod backup;
mod confirm;
mod observed;
mod plan;
mod pools;
mod protected;
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
pub use confirm::READY;
pub use confirm::Watchdog;
pub use confirm::{
    ConfirmState, Pending, acknowledge, check_confirmed, confirm, forget_restored, pending,
};
pub use confirm::{Deadline, apply_with_watchdog};
pub use observed::{Current, Observed, observe};
pub use plan::{
    EntryChange, EntryPlan, Intent, Obstacle, Plan, Request, RestoreIntent, RobotIntent, plan,
};
pub use pools::{Pool, PoolState, Pools};
pub use protected::{ProtectedEntry, RED_HAT, RedHatEntry, check_writable, red_hat_entry};
pub use rendered::{Holds, Rendered};
pub use report::{Change, Changes};
pub use restore::{BackupItem, BackupList, list_backups, restore_intent};
pub use robot::{RobotSource, refresh_intent, robot_intent};
pub use rollout::{PoolProgress, Progress, Rollout};
pub use show::{Entries, Entry, entries};
pub use topology::{Topology, openshift_version, reboots_nodes, topology};
pub use verify::{Check, Checks, Reference};
