//! `kubectl quay-pullsecret`: image pull secrets of Quay robots, in many namespaces and clusters.

mod delete;
mod explain;
mod list;
mod references;
mod sync;
mod sync_adoption;
mod sync_manifests;
mod sync_robot;
mod verify;
mod verify_pull;

use clap::{Parser, Subcommand};
use quay_common::app::Plugin;
use quay_common::cli::{Console, Exit, GlobalArgs};
use quay_common::{Failure, app};
use std::process::ExitCode;

/// Create, update and verify the image pull secrets of Quay robots
///
/// One command covers many namespaces and clusters.
#[derive(Parser)]
#[command(
    name = "quay-pullsecret",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_long_help = "Examples:
  # Give a namespace a robot's credential
  kubectl quay-pullsecret sync -n staging --robot myorg+puller

  # After a token changed: update every pull secret that holds a robot
  kubectl quay-pullsecret sync -A

  # Find out why pods cannot pull
  kubectl quay-pullsecret explain -n staging
")]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Sync(sync::SyncArgs),
    Attach(references::AttachArgs),
    Detach(references::DetachArgs),
    List(list::ListArgs),
    Delete(delete::DeleteArgs),
    Verify(verify::VerifyArgs),
    Explain(explain::ExplainArgs),
}

impl Plugin for Cli {
    const NAME: &'static str = "quay-pullsecret";

    fn global(&self) -> &GlobalArgs {
        &self.global
    }
}

/// Runs the plugin with the arguments of this process.
pub fn main() -> ExitCode {
    app::run(run)
}

/// The plugin's whole command line, for whoever writes its pages.
pub fn command() -> clap::Command {
    app::command::<Cli>()
}

async fn run(cli: Cli, console: &Console) -> Result<Exit, Failure> {
    match cli.command {
        Command::Sync(args) => sync::run(args, console).await,
        Command::Attach(args) => references::attach(args, console).await,
        Command::Detach(args) => references::detach(args, console).await,
        Command::List(args) => list::run(args, console).await,
        Command::Delete(args) => delete::run(args, console).await,
        Command::Verify(args) => verify::run(args, console).await,
        Command::Explain(args) => explain::run(args, console).await,
    }
}

/// The field manager our writes are recorded under.
const FIELD_MANAGER: &str = "kubectl-quay-pullsecret";

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_shows_examples_that_parse() {
        let problems = quay_common::app::help_problems::<super::Cli>();
        assert!(problems.is_empty(), "{problems:#?}");
    }
}
