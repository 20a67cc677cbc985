//! `ocm logout`: forget the login to Red Hat.

use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::ocm::log_out;

/// Remove the login to Red Hat from this machine
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Forget the login
  oc quay-global ocm logout

  # In a script: forget it without a message
  oc quay-global ocm logout --quiet
")]
pub struct LogoutArgs {}

pub async fn run(_args: LogoutArgs, console: &Console) -> Result<Exit, Failure> {
    match log_out().await? {
        Some(user) => console.note(format!("removed the login of {user} from this machine")),
        None => console.note("you are not logged in to Red Hat"),
    }
    Ok(Exit::Success)
}
