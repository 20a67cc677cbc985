//! `oc quay-global`: the global pull secret of an OpenShift cluster.

mod backups;
mod change;
mod confirm;
mod ocm;
mod remove;
mod rollback;
mod show;
mod status;
mod update;
mod verify;

use clap::{Parser, Subcommand};
use quay_common::app::Plugin;
use quay_common::cli::{Console, Exit, GlobalArgs};
use quay_common::{Failure, app};
use std::process::ExitCode;

/// The global pull secret of an OpenShift cluster
///
/// Changes are merged entry by entry: other entries survive to the letter, Red Hat's are
/// never dropped or overwritten unless they are named, and what was there before is kept
/// in a backup beside the secret.
#[derive(Parser)]
#[command(
    name = "quay-global",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
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
    Confirm(confirm::ConfirmArgs),
    Remove(remove::RemoveArgs),
    Verify(verify::VerifyArgs),
    Status(status::StatusArgs),
    Backups(backups::BackupsArgs),
    Rollback(rollback::RollbackArgs),
    /// Red Hat's own pull secret, by its OpenShift Cluster Manager
    #[command(subcommand)]
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

fn main() -> ExitCode {
    app::run(run)
}

async fn run(cli: Cli, console: &Console) -> Result<Exit, Failure> {
    if !matches!(cli.command, Command::Watchdog(_) | Command::Confirm(_)) {
        confirm::remind(console);
    }
    match cli.command {
        Command::Show(args) => show::run(args, console).await,
        Command::Update(args) => update::run(args, console).await,
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
