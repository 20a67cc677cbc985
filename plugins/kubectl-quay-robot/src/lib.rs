//! `kubectl quay-robot`: the robots of a Quay registry.

mod changes;
mod connection;
mod create;
mod delete;
mod describe;
mod federation;
mod grant;
mod history;
mod list;
mod login;
mod logout;
mod repositories;
mod revoke;
mod rotate;
mod rotate_output;
mod rotate_places;
mod scopes;
mod token;
mod whoami;

use clap::{Parser, Subcommand};
use quay_common::app::Plugin;
use quay_common::cli::{Console, Exit, GlobalArgs};
use quay_common::{Failure, app};
use std::process::ExitCode;

/// Create, inspect, rotate and delete the robot accounts of a Quay registry
///
/// Write a robot's name as Quay does: `org+name`.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
#[command(after_long_help = "Examples:
  # Log in to a registry; later commands use it
  kubectl quay-robot login --registry quay.example.com

  # Create a robot that can pull two repositories
  kubectl quay-robot create myorg+puller --grant my-app --grant backend-api

  # Replace its token in every cluster of the kubeconfig, without a failed pull
  kubectl quay-robot rotate myorg+puller --all-contexts
")]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Whoami(whoami::WhoamiArgs),
    List(list::ListArgs),
    Describe(describe::DescribeArgs),
    Create(create::CreateArgs),
    Delete(delete::DeleteArgs),
    Grant(grant::GrantArgs),
    Revoke(revoke::RevokeArgs),
    Token(token::TokenArgs),
    Rotate(Box<rotate::Args>),
    /// Let workloads and pipelines sign in as a robot with their own identity
    #[command(
        subcommand,
        after_long_help = "Examples:
  # Let a service account pull as the robot, and try it
  kubectl quay-robot federation set myorg+deploy --service-account shop/app
  kubectl quay-robot federation check myorg+deploy --service-account shop/app

  # Show who signs in as the robot
  kubectl quay-robot federation get myorg+deploy
"
    )]
    Federation(federation::FederationCommand),
    History(history::HistoryArgs),
}

impl Plugin for Cli {
    const NAME: &'static str = "quay-robot";

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
        Command::Login(args) => login::run(args, console).await,
        Command::Logout(args) => logout::run(args, console).await,
        Command::Whoami(args) => whoami::run(args, console).await,
        Command::List(args) => list::run(args, console).await,
        Command::Describe(args) => describe::run(args, console).await,
        Command::Create(args) => create::run(args, console).await,
        Command::Delete(args) => delete::run(args, console).await,
        Command::Grant(args) => grant::run(args, console).await,
        Command::Revoke(args) => revoke::run(args, console).await,
        Command::Token(args) => token::run(args, console).await,
        Command::Rotate(args) => rotate::run(*args, console).await,
        Command::Federation(command) => federation::run(command, console).await,
        Command::History(args) => history::run(args, console).await,
    }
}

/// The field manager our writes are recorded under.
const FIELD_MANAGER: &str = "kubectl-quay-robot";

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_shows_examples_that_parse() {
        let problems = quay_common::app::help_problems::<super::Cli>();
        assert!(problems.is_empty(), "{problems:#?}");
    }
}
