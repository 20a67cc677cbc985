//! `rollback`: what a backup holds, back in the secret.

use crate::FIELD_MANAGER;
use crate::change::{ChangeArgs, carry_out};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{ClusterArgs, connect, parse_object_name};
use quay_common::credentials::QuayArgs;
use quay_common::global::{RollbackRequest, find_backups, observe_all, revive_robots};

/// Restore what was there before
///
/// Without a name the newest backup is meant. A robot's entry that its registry no longer
/// accepts gets the robot's current token, where there is a login. An entry of Red Hat's
/// that would change has to be named with --replace-entry.
#[derive(Args)]
pub struct RollbackArgs {
    /// The backup, as `backups` names it
    #[arg(value_name = "BACKUP", value_parser = parse_object_name)]
    backup: Option<String>,

    /// Restore every entry to the letter, working or not
    #[arg(long)]
    exact: bool,

    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: RollbackArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let seen = observe_all(&clusters).await?;
    let request = RollbackRequest {
        backup: args.backup.as_deref(),
        exact: args.exact,
        replace: args.change.replace_entry.clone(),
        force: args.change.force,
    };
    let mut targets = find_backups(seen, &request).await?;
    let notes = revive_robots(&mut targets, &args.quay, &args.cluster, console).await?;
    for note in notes {
        console.note(note);
    }
    carry_out(&args.change, targets, None, console).await
}
