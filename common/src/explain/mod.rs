//! Why a pod does or does not pull: what it pulls with, what its registry says to that, and
//! what its kubelet said.

mod evidence;
mod observe;
mod pods;
mod report;
mod walk;

pub use observe::Request;
pub use report::Explanations;
pub use walk::explain;
