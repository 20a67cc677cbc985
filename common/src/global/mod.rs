//! The OpenShift global pull secret: guard, merge, backup, node roll-out.

mod apply;
mod backup;
mod guard;
mod names;
mod observed;
mod plan;
mod pools;
mod topology;

pub use apply::{Applied, BeforeWrite, apply};
pub use backup::{Backup, back_up, backups};
pub use guard::{Guarded, RED_HAT, RedHatEntry, check_entry, red_hat_entry};
pub use names::{ADDITIONAL_PULL_SECRET, GLOBAL_PULL_SECRET, SecretName, is_derived, is_global};
pub use observed::{Current, Observed, observe};
pub use plan::{
    EntryPlan, Intent, Obstacle, Plan, Request, RestoreIntent, RobotIntent, Step, plan,
};
pub use pools::{Pool, PoolState, Pools};
pub use topology::{Topology, topology};
