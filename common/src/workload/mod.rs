//! Pods as far as pull secrets are concerned, the workloads behind them, restarting
//! those, and proving a pull with a real pod.

mod listing;
mod owner;
mod pod;
mod restart;
mod workload_kind;

pub use pod::{PodUse, running_pods, running_pods_as_listed};
pub use restart::{Restarted, restart};
pub use workload_kind::{Workload, WorkloadKind};
