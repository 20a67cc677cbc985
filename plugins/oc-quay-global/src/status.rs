//! `status`: how far the nodes are.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, Report};
use quay_common::cluster::{ClusterArgs, connect, parse_duration};
use quay_common::global::RolloutWatch;
use std::time::Duration;

/// Show how far the nodes are with what the secret holds now
///
/// Paused and degraded machine config pools are named, and make it fail: their nodes do
/// not get the secret. On a hosted control plane its syncer is shown instead.
#[derive(Args)]
pub struct StatusArgs {
    /// Wait until every node has it that can
    #[arg(long)]
    wait: bool,

    /// Wait no longer than this
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
        console.warn_each(&status.warnings());
        return Err(out_of_time);
    }
    console.finish(&status, args.output.output)
}
