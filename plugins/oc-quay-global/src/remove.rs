//! `remove`: one entry less.

use crate::FIELD_MANAGER;
use crate::change::{ChangeArgs, Target, carry_out};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{ClusterArgs, connect};
use quay_common::global::{Change, Intent, Request, observe};

/// Remove one entry; Red Hat's only when named twice
#[derive(Args)]
pub struct RemoveArgs {
    /// Its key below `auths`
    #[arg(value_name = "KEY")]
    key: String,

    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: RemoveArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?.all()?;
    let (mut targets, mut failures) = (Vec::new(), Vec::new());
    for cluster in &clusters {
        match observe(cluster).await {
            Ok(observed) => targets.push(Target {
                cluster,
                observed,
                request: Request {
                    intent: Intent::Remove(args.key.clone()),
                    replace: args.change.replace_entry.clone(),
                    force: args.change.force,
                },
            }),
            Err(failure) => failures.push(Change::failed(cluster.context(), &failure)),
        }
    }
    carry_out(&args.change, targets, failures, None, console).await
}
