//! Rotation: a robot's token is replaced everywhere, without a failed pull.
//!
//! [`observe()`] reads, [`plan()`] decides, [`Rotation`] carries out and proves, and the
//! [`Receipt`] is what remains.

mod after;
mod bridge;
mod fleet;
mod in_place;
mod interrupt;
mod ledger;
mod log;
mod nodes;
mod observe;
mod options;
mod plan;
mod plan_cluster;
#[cfg(test)]
mod plan_tests;
mod preview;
mod preview_text;
mod prove;
mod receipt;
mod receipt_page;
mod record;
mod rights;
mod run;
mod settle;
mod stage;
mod task;
mod usage;
mod watcher;
mod write;

pub use fleet::{Holders, Member, Subject};
pub use ledger::{Ledger, Lock};
pub use log::{Statement, StepTime, Switch, Validity};
pub use observe::{
    ClusterState, Nodes, Observed, ObservedCluster, StandingBridge, USAGE_DAYS, observe,
};
pub use options::{LeaveBehind, Options};
pub use plan::{LeftBehind, Plan, Refusal, Target, plan};
pub use preview::{Preview, SecretUse};
pub use receipt::{Outcome, Receipt, RestartProof, TargetProof};
pub use receipt_page::receipt_page;
pub use record::{Entry, Event, Record, Strategy};
pub use run::Rotation;
pub use stage::Stage;
pub use task::Task;
pub use usage::Consumer;
pub use watcher::{Answer, Watcher};
