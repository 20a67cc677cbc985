//! `rollback`: what a backup holds, back in the secret.

use crate::FIELD_MANAGER;
use crate::change::{ChangeArgs, Target, carry_out};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{Cluster, ClusterArgs, connect, parse_object_name};
use quay_common::credentials::QuayArgs;
use quay_common::global::{Change, Intent, Request, observe, restore_intent};

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
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?.all()?;
    let (mut targets, mut failures) = (Vec::new(), Vec::new());
    for cluster in &clusters {
        match target(&args, cluster, console).await {
            Ok(target) => targets.push(target),
            Err(failure) => failures.push(Change::failed(cluster.context(), &failure)),
        }
    }
    carry_out(&args.change, targets, failures, None, console).await
}

async fn target<'a>(
    args: &RollbackArgs,
    cluster: &'a Cluster,
    console: &Console,
) -> Result<Target<'a>, Failure> {
    let observed = observe(cluster).await?;
    let wanted = args.backup.as_deref();
    let restored = restore_intent(cluster, &observed, wanted, args.exact).await?;
    let (intent, notes) = match args.exact {
        true => (restored, Vec::new()),
        false => restored.revived(&args.quay, &args.cluster, console).await?,
    };
    for note in notes {
        console.note(note);
    }
    Ok(Target {
        cluster,
        observed,
        request: Request {
            intent: Intent::Restore(intent),
            replace: args.change.replace_entry.clone(),
            force: args.change.force,
        },
    })
}
