//! `logout`: remove the token, forget the registry.

use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::credentials::log_out;
use quay_common::names::RegistryHost;

/// Remove the login's token from this machine and forget the registry
///
/// The token stays valid at Quay; revoke it there if it may have leaked.
#[derive(Debug, clap::Args)]
pub struct LogoutArgs {
    /// Registry to log out of; the last login's by default
    #[arg(long, value_name = "HOST[:PORT]")]
    registry: Option<RegistryHost>,
}

/// Logging out twice is no failure.
pub async fn run(args: LogoutArgs, console: &Console) -> Result<Exit, Failure> {
    let Some(done) = log_out(args.registry).await? else {
        console.note("there is no login to remove");
        return Ok(Exit::Success);
    };
    let token = if done.had_token {
        "its token is removed from this machine"
    } else {
        "its token was gone already"
    };
    console.note(format!(
        "logged out of {} ({}); {token}",
        done.registry, done.user
    ));
    if let Some(default) = done.default {
        console.note(format!("commands that name no registry now mean {default}"));
    }
    Ok(Exit::Success)
}
