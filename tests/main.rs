//! The end-to-end tests: the built plugins, against a cluster and a Quay. See README.md.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![expect(
    clippy::print_stdout,
    reason = "which round it was is told with the failure"
)]

mod completion;
mod faults;
mod global;
mod hostile;
mod keyring;
mod leaks;
mod node;
mod pages;
mod pullsecret;
mod robot;
mod rotation;
