//! The OpenShift global pull secret: protected entries, merge, backup, node roll-out.

mod absent;
mod apply;
mod authfile;
mod backup;
mod changes;
mod check;
mod confirm;
mod contents;
mod entry_check;
mod fault;
mod hosted;
mod mirrors;
mod nodes;
mod notice;
mod observed;
mod operator;
mod outlook;
mod plan;
mod pool_step;
mod pools;
mod progress;
mod protected;
mod release;
mod rendered;
mod report;
mod restore;
mod robot;
mod rollout;
mod show;
mod site;
mod status;
mod subject;
mod topology;
mod trial;
mod verify;
mod view;

pub use authfile::AuthFile;
pub use backup::{Backup, back_up, backups};
pub use changes::{PlannedChanges, Target, plan_all};
pub use check::{Check, Checks};
pub use confirm::{
    ConfirmState, Deadline, Pending, READY, Watchdog, check_confirmed, confirm, pending,
};
pub use entry_check::Reference;
pub use notice::Notice;
pub use observed::{Current, Observed, observe};
pub use plan::{Intent, Question, Request, RestoreIntent, RobotIntent, question};
pub use pools::{Pool, PoolState, Pools};
pub use progress::{PoolProgress, Progress};
pub use release::{Origin, Release};
pub use rendered::{Holds, Rendered};
pub use report::Changes;
pub use restore::{
    BackupItem, BackupList, RollbackRequest, find_backups, list_backups, revive_robots,
};
pub use robot::{RobotSource, refresh_intent, robot_intent};
pub use rollout::Rollout;
pub use show::{Entries, Entry, EntryKind, Presence, show};
pub use status::{RolloutStatus, RolloutWatch};
pub use topology::{Topology, topology};
pub use verify::{verify, verify_file};
pub use view::{SecretView, observe_all, observe_to_write};
