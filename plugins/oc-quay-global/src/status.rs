//! `status`: how far the nodes are.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, Report};
use quay_common::cluster::{ClusterArgs, connect, parse_duration};
use quay_common::global::RolloutWatch;
use std::time::Duration;

/// Show which nodes have the current secret
///
/// Status fails if a machine config pool is paused or degraded, because its nodes do not get the
/// secret. On a hosted control plane, status shows the syncer instead of pools.
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
    let status = watch.status();
    if let Err(out_of_time) = waited {
        console.warn_each(&status.gaps().warnings);
        return Err(out_of_time);
    }
    console.finish(&status, args.output.output)
}
