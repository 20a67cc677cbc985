//! `list`: which robots are in which pull secrets. Asks the clusters alone.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, NamespaceArgs, connect};
use quay_common::pullsecret::{Inventory, observe_each};

/// Show which robots are in which pull secrets, and who uses those
#[derive(Args)]
pub struct ListArgs {
    /// Show every registry's entries, not only those of robots
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
