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
mod observe;
mod options;
mod plan;
mod preview;
mod prove;
mod receipt;
mod receipt_page;
mod rights;
mod run;
mod settle;
mod stage;
mod task;
mod usage;
mod watcher;

pub use fleet::{Holders, Member, Subject};
pub use ledger::{Entry, Event, Ledger, Lock, Record, Strategy};
pub use log::{Statement, StepTime, Switch, Validity};
pub use observe::{ClusterState, Nodes, Observed, StandingBridge, USAGE_DAYS, observe};
pub use options::{LeaveBehind, Options};
pub use plan::{LeftBehind, Plan, Refusal, Target, plan};
pub use preview::{Preview, SecretUse};
pub use receipt::{Outcome, PullProof, Receipt, RestartProof, TargetProof};
pub use receipt_page::receipt_page;
pub use run::Rotation;
pub use stage::Stage;
pub use task::Task;
pub use usage::Consumer;
pub use watcher::Watcher;
