//! Rotation: a robot's token is replaced everywhere, without a failed pull.
//!
//! [`observe()`] reads, [`plan()`] decides, [`Rotation`] carries out and proves, and the
//! [`Receipt`] is what remains.

mod bridge;
mod fleet;
mod follow_up;
mod in_place;
mod interrupt;
mod nodes;
mod observe;
mod options;
mod plan;
mod preview;
mod preview_text;
mod prove;
mod rights;
mod run;
mod settle;
mod stage;
mod task;
mod watcher;
mod write;

pub use fleet::{Holders, Member, Subject};
pub use observe::{ClusterState, Nodes, Observed, ObservedCluster, StandingBridge, observe};
pub use options::{LeaveBehind, Options};
pub use plan::{Plan, Refusal, Target, plan};
pub use preview::{Preview, SecretUse};
pub use run::Rotation;
pub use stage::Stage;
pub use task::Task;
pub use watcher::{Answer, Watcher};
