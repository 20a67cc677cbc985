//! `backups`: what can be gone back to.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, connect};
use quay_common::global::list_backups;

/// List the backups of the secret, newest first
#[derive(Args)]
#[command(after_long_help = "Examples:
  # List the backups of the current cluster
  oc quay-global backups

  # List them for two clusters as JSON
  oc quay-global backups --context prod,staging -o json
")]
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
