//! Pods as far as pull secrets are concerned, the workloads behind them, and restarting those.

mod event;
mod metadata;
mod owner;
mod pod;
mod restart;
mod running;
mod target;
mod whole;
mod workload_kind;

pub use event::{last_seen, pull_event};
pub use pod::PodUse;
pub use restart::{Restarted, restart};
pub use running::{running_pods, running_pods_as_listed};
pub use target::{Target, TargetKind};
pub use whole::whole_pods;
pub use workload_kind::{Workload, WorkloadKind};
