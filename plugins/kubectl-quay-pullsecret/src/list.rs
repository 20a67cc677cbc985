//! `list`: which robots are in which pull secrets. Asks the clusters alone.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, NamespaceArgs, connect};
use quay_common::pullsecret::{Inventory, observe_each};

/// List the robots in pull secrets, and who uses each secret
#[derive(Args)]
#[command(after_long_help = "Examples:
  # List the robots in the pull secrets of every namespace
  kubectl quay-pullsecret list -A

  # Compare two clusters, with every column
  kubectl quay-pullsecret list -A --context prod,staging -o wide

  # List all entries, also those of other registries and accounts
  kubectl quay-pullsecret list -n staging --all
")]
pub struct ListArgs {
    /// Show the entries of every account, not only those of robots
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: NamespaceArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: ListArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let seen = observe_each(&clusters, &args.scope).await?;
    let inventory = Inventory::of(&seen, args.all).await;
    console.finish(&inventory, args.output.output)
}
