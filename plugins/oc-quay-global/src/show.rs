//! `show`: what is in the secret.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, connect};
use quay_common::global::show;

/// Show the secret's entries, and which of Red Hat's are missing
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Show whose credentials the nodes pull with
  oc quay-global show

  # Compare two clusters
  oc quay-global show --context prod,staging
")]
pub struct ShowArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: ShowArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let entries = show(&clusters).await?;
    console.finish(&entries, args.output.output)
}
