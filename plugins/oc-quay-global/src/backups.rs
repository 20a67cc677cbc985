//! `backups`: what can be gone back to.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, connect};
use quay_common::global::list_backups;

/// List the backups, the newest first
#[derive(Args)]
pub struct BackupsArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: BackupsArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let backups = list_backups(&clusters).await?;
    console.finish(&backups, args.output.output)
}
