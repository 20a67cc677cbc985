//! `logout`: remove the token, forget the registry.

use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::credentials::log_out;
use quay_common::names::RegistryHost;

/// Remove the API token from this machine and forget the registry
///
/// The token stays valid at Quay. If it could have leaked, revoke it there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Log out of the registry of the last login
  kubectl quay-robot logout

  # Log out of another one
  kubectl quay-robot logout --registry quay.example.com:8443
")]
pub struct LogoutArgs {
    /// Registry to log out of; by default that of the last login
    #[arg(long, value_name = "HOST[:PORT]")]
    registry: Option<RegistryHost>,
}

/// Logging out twice is no failure.
pub async fn run(args: LogoutArgs, console: &Console) -> Result<Exit, Failure> {
    let Some(done) = log_out(args.registry).await? else {
        console.note("you are not logged in");
        return Ok(Exit::Success);
    };
    let token = if done.had_token {
        "its token was removed from this machine"
    } else {
        "there was no token of it on this machine"
    };
    console.note(format!(
        "logged out of {} ({}); {token}",
        done.registry, done.user
    ));
    if let Some(default) = done.default {
        console.note(format!("commands without --registry now use {default}"));
    }
    Ok(Exit::Success)
}
