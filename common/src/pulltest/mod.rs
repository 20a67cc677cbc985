//! A pull by a real pod: made, watched, judged, removed.

mod judge;
mod leftover;
mod pull_proof;
mod pull_test;
mod rights;
mod run_mark;
mod test_pod;
mod verdict;

pub use leftover::remove_leftovers;
pub use pull_proof::{PullOrder, PullProof, Pulls, prove_pulls};
pub use pull_test::PullTest;
pub use rights::missing_rights;
pub use verdict::PullVerdict;
