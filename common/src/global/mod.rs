//! The OpenShift global pull secret: guard, merge, backup, node roll-out.

mod apply;
mod backup;
mod confirm;
mod guard;
mod hint;
mod names;
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
pub use confirm::{
    Deadline, Guard, Pending, READY, Stage, acknowledge, apply_guarded, check_settled, confirm,
    pending, settle,
};
pub use guard::{Guarded, RED_HAT, RedHatEntry, check_entry, red_hat_entry};
pub(crate) use hint::aimed;
pub(crate) use names::global_name;
pub use names::{ADDITIONAL_PULL_SECRET, GLOBAL_PULL_SECRET, SecretName, is_derived, is_global};
pub use observed::{Current, Observed, observe};
pub use plan::{
    EntryPlan, Intent, Obstacle, Plan, Request, RestoreIntent, RobotIntent, Step, plan,
};
pub use pools::{Pool, PoolState, Pools};
pub use rendered::Rendered;
pub use report::{Change, Changes};
pub use restore::{BackupItem, BackupList, list_backups, restore_intent};
pub use robot::{RobotSource, refresh_intent, robot_intent};
pub use rollout::{Rollout, Stretch};
pub use show::{Entries, Entry, entries};
pub use topology::{Topology, openshift_version, reboots_nodes, topology};
pub use verify::{Check, Checks, Yardstick};
