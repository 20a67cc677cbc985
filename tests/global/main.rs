//! `oc quay-global` on a cluster that looks like OpenShift.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::print_stdout,
    reason = "which round it was is told with the failure"
)]

mod confirm;
mod killed;
mod rollback;
mod status;
mod update;
mod verify;
mod world;
mod writers;
