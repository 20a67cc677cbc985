//! `confirm`: keep what `update --confirm-within` wrote; and the watchdog that takes it back.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::ClusterArgs;
use quay_common::global::{
    ConfirmState, Pending, READY, Watchdog, confirm, forget_restored, pending,
};

/// The watchdog's command, for the plugin's own use.
pub const WATCHDOG: &str = "take-back-unless-confirmed";

/// Keep what `update --confirm-within` wrote from this machine
#[derive(Args)]
pub struct ConfirmArgs {
    /// Only what was written in these contexts (repeat, or separate by commas)
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
        console.note(format!("confirmed: {}", written(pending)));
        if *state == ConfirmState::Restoring {
            console.warn(format!(
                "it was being taken back already; see what is there: {} show --context {}",
                console.invocation().typed(),
                pending.context
            ));
        }
    }
    if !confirmed.is_empty() {
        return Ok(Exit::Success);
    }
    remind(console);
    Err(
        Failure::new("nothing waits for a confirmation on this machine").next(format!(
            "{} show, to see what is there",
            console.invocation().typed()
        )),
    )
}

/// Tells of every write that waits, waited in vain, or was taken back. Where that cannot be
/// told, the command goes on: it may be the rollback.
pub fn remind(console: &Console) {
    if let Err(failure) = tell(console) {
        console.warn(failure.message());
    }
}

fn tell(console: &Console) -> Result<(), Failure> {
    let typed = console.invocation().typed();
    for (pending, state) in pending()? {
        let (what, context) = (written(&pending), &pending.context);
        match state {
            ConfirmState::Waiting => console.note(format!(
                "{what} is taken back at {:.0} unless you confirm it: {typed} confirm",
                pending.deadline
            )),
            ConfirmState::Restoring => {
                let trouble = pending
                    .trouble()
                    .map(|why| format!(", which did not succeed yet: {why}; keep it with: {typed} confirm, or: {typed} rollback --context {context}"));
                console.warn(format!(
                    "{what} was not confirmed and is being taken back{}",
                    trouble.unwrap_or_default()
                ));
            }
            ConfirmState::Restored => {
                console.warn(format!("{what} was not confirmed and has been taken back"));
                if !pending.left.is_empty() {
                    console.warn(format!(
                        "left as it is, because somebody changed it since: {}",
                        pending.left.join(", ")
                    ));
                }
                forget_restored(&pending)?;
            }
            ConfirmState::Orphaned => {
                let back = match pending.backup.as_str() {
                    "" => format!("{typed} remove KEY --context {context}"),
                    backup => format!("{typed} rollback {backup} --context {context}"),
                };
                console.warn(format!(
                    "{what} was to be confirmed by {:.0}, and what would have taken it back is \
                     gone; keep it with: {typed} confirm, or take it back with: {back}",
                    pending.deadline
                ));
            }
        }
    }
    Ok(())
}

fn written(pending: &Pending) -> String {
    format!(
        "the write of {} in {} (context {})",
        pending.keys().join(", "),
        pending.secret,
        pending.context
    )
}

/// Says that it stands, and waits.
pub async fn watchdog(args: WatchdogArgs, console: &Console) -> Result<Exit, Failure> {
    let watchdog = Watchdog::begin(&args.id)?;
    console.data(&format!("{READY}\n"))?;
    watchdog.wait(&args.cluster, FIELD_MANAGER).await?;
    Ok(Exit::Success)
}
