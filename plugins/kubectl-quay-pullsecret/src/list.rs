//! `list`: which robots are in which pull secrets. Asks the clusters alone.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{ClusterArgs, Console, Exit, OutputArgs};
use quay_common::cluster::{Scope, connect};
use quay_common::pullsecret::{Inventory, observe_service_accounts, views};

/// Show which robots are in which pull secrets, and who uses those
#[derive(Args)]
pub struct ListArgs {
    /// Show every registry's entries, not only those of robots
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: ListArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?;
    let (views, failures) = views(&clusters, &args.scope).await?;
    let mut inventory = Inventory::default();
    for view in &views {
        let accounts = observe_service_accounts(view.cluster, &view.selection, &view.excluded)
            .await
            .unwrap_or_else(|failure| {
                console.warn(format!("service accounts are not shown: {failure}"));
                Vec::new()
            });
        inventory.add(
            view.cluster.context(),
            &view.observed.secrets,
            &accounts,
            args.all,
        );
    }
    if inventory.items.is_empty() && args.output.output.is_for_people() {
        console.note("No pull secrets of robots found.");
    } else {
        console.report(&inventory, args.output.output)?;
    }
    for failure in &failures {
        console.warn(format!("context {}: {}", failure.context, failure.message));
    }
    Ok(if failures.is_empty() {
        Exit::Success
    } else {
        Exit::Problem
    })
}
