//! `oc quay-global`: the global pull secret of an OpenShift cluster.

mod backups;
mod change;
mod confirm;
mod ocm;
mod remove;
mod rollback;
mod set;
mod show;
mod status;
mod update;
mod verify;

use clap::{Parser, Subcommand};
use quay_common::app::Plugin;
use quay_common::cli::{Console, Exit, GlobalArgs};
use quay_common::{Failure, app};
use std::process::ExitCode;

/// Show, change and verify the global pull secret of an OpenShift cluster
///
/// Every node of the cluster pulls with this secret. Each command changes single entries and
/// leaves all others byte for byte as they are. It removes or replaces an entry of Red Hat's
/// only if you name the entry with --replace-entry. Before each change it stores a backup next
/// to the secret.
#[derive(Parser)]
#[command(
    name = "quay-global",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_long_help = "Examples:
  # Give every node a robot's credential; undo it unless you confirm
  oc quay-global update --robot myorg+puller --confirm-within 10m

  # Follow the change to the nodes
  oc quay-global status --wait

  # Undo the last change
  oc quay-global rollback
")]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Show(show::ShowArgs),
    Update(update::UpdateArgs),
    Set(Box<set::SetArgs>),
    Confirm(confirm::ConfirmArgs),
    Remove(remove::RemoveArgs),
    Verify(verify::VerifyArgs),
    Status(status::StatusArgs),
    Backups(backups::BackupsArgs),
    Rollback(rollback::RollbackArgs),
    /// Rotate Red Hat's own pull secret through OpenShift Cluster Manager
    #[command(
        subcommand,
        after_long_help = "Examples:
  # Log in to Red Hat, then ask for a new pull secret
  oc quay-global ocm login
  oc quay-global ocm rotate

  # Once Red Hat has made it, write it to a cluster
  oc quay-global ocm status --wait && oc quay-global update --from-ocm
"
    )]
    Ocm(ocm::OcmCommand),
    #[command(name = confirm::WATCHDOG, hide = true)]
    Watchdog(confirm::WatchdogArgs),
}

impl Plugin for Cli {
    const NAME: &'static str = "quay-global";

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
    if !matches!(cli.command, Command::Watchdog(_) | Command::Confirm(_)) {
        confirm::remind(console);
    }
    match cli.command {
        Command::Show(args) => show::run(args, console).await,
        Command::Update(args) => update::run(args, console).await,
        Command::Set(args) => set::run(*args, console).await,
        Command::Confirm(args) => confirm::run(&args, console),
        Command::Remove(args) => remove::run(args, console).await,
        Command::Verify(args) => verify::run(args, console).await,
        Command::Status(args) => status::run(args, console).await,
        Command::Backups(args) => backups::run(args, console).await,
        Command::Rollback(args) => rollback::run(args, console).await,
        Command::Ocm(command) => ocm::run(command, console).await,
        Command::Watchdog(args) => confirm::watchdog(args, console).await,
    }
}

/// The field manager our writes are recorded under.
const FIELD_MANAGER: &str = "oc-quay-global";

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_shows_examples_that_parse() {
        let problems = quay_common::app::help_problems::<super::Cli>();
        assert!(problems.is_empty(), "{problems:#?}");
    }
}
