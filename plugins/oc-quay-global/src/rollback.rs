//! `rollback`: what a backup holds, back in the secret.

use crate::FIELD_MANAGER;
use crate::change::{ChangeArgs, carry_out};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{ClusterArgs, connect, parse_object_name};
use quay_common::credentials::QuayArgs;
use quay_common::global::{RollbackRequest, find_backups, observe_all, revive_robots};

/// Restore the secret from a backup
///
/// Without a name, rollback uses the newest backup. If a registry no longer accepts a robot's
/// entry of the backup, and you are logged in there, the entry gets the robot's current token.
/// To change an entry of Red Hat's, name it with --replace-entry.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Undo the last change
  oc quay-global rollback

  # Show what one of the backups would change
  oc quay-global rollback pull-secret-backup-20260102-030405-678 --dry-run
")]
pub struct RollbackArgs {
    /// Name of the backup, as `backups` shows it
    #[arg(value_name = "BACKUP", value_parser = parse_object_name)]
    backup: Option<String>,

    /// Restore every entry byte for byte, even if its registry no longer accepts it
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
