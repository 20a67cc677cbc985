//! `status`: how far the nodes are.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, connect, parse_duration};
use quay_common::global::RolloutWatch;
use std::time::Duration;

/// Show which nodes have the current secret
///
/// Status fails if something keeps the secret from nodes: a machine config pool that is paused or
/// degraded before its nodes have the secret, or a Machine Config Operator that does not run. On a
/// hosted control plane, status shows the merged secret and the syncer instead of pools. With
/// --wait, it also fails if it was not allowed to see whether every node has the secret.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Show how far the roll-out is
  oc quay-global status

  # Wait for it, at most an hour
  oc quay-global status --wait --timeout 1h
")]
pub struct StatusArgs {
    /// Wait until every node that can receive the secret has it
    #[arg(long)]
    wait: bool,

    /// With --wait: wait at most this long
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = parse_duration, requires = "wait")]
    timeout: Duration,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: StatusArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let mut watch = RolloutWatch::begin(&clusters).await?;
    let waited = match args.wait {
        true => watch.wait(args.timeout, console).await,
        false => Ok(()),
    };
    let exit = console.finish(&watch.status(), args.output.output)?;
    // What did not arrive stands in the table already.
    waited.map(|()| exit)
}
