//! `backups`: what can be gone back to.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, connect};
use quay_common::global::{BackupList, list_backups};

/// List the backups, the newest first
#[derive(Args)]
pub struct BackupsArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: BackupsArgs, console: &Console) -> Result<Exit, Failure> {
    let mut list = BackupList::default();
    let mut exit = Exit::Success;
    for cluster in &connect(&args.cluster, FIELD_MANAGER).await?.all()? {
        match list_backups(cluster).await {
            Ok(items) => list.items.extend(items),
            Err(failure) => {
                console.failure(&failure);
                exit = Exit::Problem;
            }
        }
    }
    if !list.items.is_empty() || !args.output.output.is_for_people() {
        console.report(&list, args.output.output)?;
    } else if exit == Exit::Success {
        console.note("There are no backups: nothing was changed with this plugin yet.");
    }
    Ok(exit)
}
