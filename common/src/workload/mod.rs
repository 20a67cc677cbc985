//! Pods as far as pull secrets are concerned, the workloads behind them, restarting
//! those, and proving a pull with a real pod.

mod judge;
mod leftover;
mod listing;
mod owner;
mod pod;
mod pull_proof;
mod pull_test;
mod restart;
mod rights;
mod run_mark;
mod test_pod;
mod verdict;
mod workload_kind;

pub use leftover::remove_leftovers;
pub use pod::{PodUse, running_pods, running_pods_as_listed};
pub use pull_proof::{PullOrder, PullProof, Pulls, prove_pulls};
pub use pull_test::PullTest;
pub use restart::{Restarted, restart};
pub use rights::missing_rights;
pub use verdict::PullVerdict;
pub use workload_kind::{Workload, WorkloadKind};
