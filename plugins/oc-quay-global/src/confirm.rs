//! `confirm`: keep what `update --confirm-within` wrote; and the watchdog that takes it back.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, command_text};
use quay_common::cluster::ClusterArgs;
use quay_common::global::{ConfirmState, Notice, READY, Watchdog, confirm, pending};
use quay_common::hint;

/// The watchdog's command, for the plugin's own use.
pub const WATCHDOG: &str = "take-back-unless-confirmed";

/// Keep the changes that `update --confirm-within` made from this machine
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Keep every change that still waits
  oc quay-global confirm

  # Keep the change in one cluster
  oc quay-global confirm --context prod
")]
pub struct ConfirmArgs {
    /// Keep only the changes in these contexts (repeat, or separate by commas)
    #[arg(long = "context", value_name = "CONTEXT")]
    contexts: Vec<String>,
}

/// What the watchdog is told: nothing of it is secret.
#[derive(Args)]
pub struct WatchdogArgs {
    id: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub fn run(args: &ConfirmArgs, console: &Console) -> Result<Exit, Failure> {
    let confirmed = confirm(&args.contexts)?;
    for (pending, state) in &confirmed {
        console.note(format!("confirmed: {}", pending.description()));
        if *state == ConfirmState::Restoring {
            console.warn(format!(
                "the change was already being undone; to see what the secret holds now: {}",
                command_text(&hint::global("show").at(&pending.context))
            ));
        }
    }
    if !confirmed.is_empty() {
        return Ok(Exit::Success);
    }
    remind(console);
    let see = hint::global("show").say(" shows what the secret holds");
    Err(Failure::new("no change of this machine waits for a confirmation").next(see))
}

/// Tells of every write that waits, waited in vain, or was taken back. Where that cannot be
/// told, the command goes on: it may be the rollback.
pub fn remind(console: &Console) {
    if let Err(failure) = tell_of_pending(console) {
        console.warn(failure.message());
    }
}

fn tell_of_pending(console: &Console) -> Result<(), Failure> {
    for (pending, state) in pending()? {
        for notice in pending.reminder(state) {
            tell(&notice, console);
        }
        if state == ConfirmState::Restored {
            pending.forget_restored()?;
        }
    }
    Ok(())
}

/// Tells people, on stderr.
pub fn tell(notice: &Notice, console: &Console) {
    match notice {
        Notice::Note(text) => console.note(text),
        Notice::Warning(text) => console.warn(text),
    }
}

/// Says that it stands, and waits.
pub async fn watchdog(args: WatchdogArgs, console: &Console) -> Result<Exit, Failure> {
    let watchdog = Watchdog::begin(&args.id)?;
    console.data(format!("{READY}\n"))?;
    watchdog.wait(&args.cluster, FIELD_MANAGER).await?;
    Ok(Exit::Success)
}
