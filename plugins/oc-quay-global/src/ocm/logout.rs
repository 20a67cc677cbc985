//! `ocm logout`: forget the login to Red Hat.

use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::ocm::log_out;

/// Remove the login to Red Hat from this machine
#[derive(Args)]
pub struct LogoutArgs {}

pub async fn run(_args: LogoutArgs, console: &Console) -> Result<Exit, Failure> {
    match log_out().await? {
        Some(user) => console.note(format!("the login of {user} is removed from this machine")),
        None => console.note("there is no login to Red Hat"),
    }
    Ok(Exit::Success)
}
