//! Rotation: a robot's token is replaced everywhere, without a failed pull.
//!
//! [`observe()`] reads, [`plan()`] decides, [`Rotation`] carries out and proves, and the
//! [`Receipt`] is what remains.

mod bridge;
mod fleet;
mod follow_up;
mod in_place;
mod interrupt;
mod journal;
mod members;
mod nodes;
mod observe;
mod plan;
mod preview;
mod preview_text;
mod prove;
mod rehearsal;
mod request;
mod rights;
mod run;
mod settle;
mod stage;
mod turn;
mod twins;

pub use members::{Member, RobotAndBridge, SecretsWithRobot, UnprovenEntry};
pub use observe::{ClusterState, Nodes, Observed, ObservedCluster, StandingBridge, observe};
pub use plan::{Plan, Refusal, Target, plan};
pub use preview::{Preview, SecretUse, TriedWrite};
pub use request::{Answer, Books, LeaveBehind, Options, Task, Watcher};
pub use run::Rotation;
pub use stage::Stage;
