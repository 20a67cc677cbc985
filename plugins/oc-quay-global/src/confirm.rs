//! `confirm`: keep what `update --confirm-within` wrote; and the guard that takes it back.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::ClusterArgs;
use quay_common::global::{Guard, Pending, READY, Stage, acknowledge, confirm, pending};

/// The guard's command, for the plugin's own use.
pub const GUARD: &str = "take-back-unless-confirmed";

/// Keep what `update --confirm-within` wrote from this machine
#[derive(Args)]
pub struct ConfirmArgs {
    /// Only what was written in these contexts (repeat, or separate by commas)
    #[arg(long = "context", value_name = "CONTEXT")]
    contexts: Vec<String>,
}

/// What the guard is told: nothing of it is secret.
#[derive(Args)]
pub struct GuardArgs {
    id: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub fn run(args: &ConfirmArgs, console: &Console) -> Result<Exit, Failure> {
    let confirmed = confirm(&args.contexts)?;
    for (pending, stage) in &confirmed {
        console.note(format!("confirmed: {}", written(pending)));
        if *stage == Stage::Restoring {
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
    for (pending, stage) in pending()? {
        let (what, context) = (written(&pending), &pending.context);
        match stage {
            Stage::Waiting => console.note(format!(
                "{what} is taken back at {:.0} unless you confirm it: {typed} confirm",
                pending.deadline
            )),
            Stage::Restoring => {
                let trouble = pending
                    .trouble()
                    .map(|why| format!(", which did not succeed yet: {why}; keep it with: {typed} confirm, or: {typed} rollback --context {context}"));
                console.warn(format!(
                    "{what} was not confirmed and is being taken back{}",
                    trouble.unwrap_or_default()
                ));
            }
            Stage::Restored => {
                console.warn(format!("{what} was not confirmed and has been taken back"));
                if !pending.left.is_empty() {
                    console.warn(format!(
                        "left as it is, because somebody changed it since: {}",
                        pending.left.join(", ")
                    ));
                }
                acknowledge(&pending)?;
            }
            Stage::Orphaned => {
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
pub async fn guard(args: GuardArgs, console: &Console) -> Result<Exit, Failure> {
    let guard = Guard::begin(&args.id)?;
    console.data(&format!("{READY}\n"))?;
    guard.wait(&args.cluster, FIELD_MANAGER).await?;
    Ok(Exit::Success)
}
