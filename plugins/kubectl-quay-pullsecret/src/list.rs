//! `list`: which robots are in which pull secrets. Asks the clusters alone.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, hint_text};
use quay_common::cluster::{ClusterArgs, Scope, connect};
use quay_common::pullsecret::{Inventory, Outcome, existing_views, observe_service_accounts};

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
    let (views, failures) = existing_views(&clusters, &args.scope).await?;
    let mut inventory = Inventory {
        failures,
        ..Inventory::default()
    };
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
    warn_of(&inventory.failures, console);
    Ok(match inventory.failures.is_empty() {
        true => Exit::Success,
        false => Exit::Problem,
    })
}

/// What could not be looked at is no row of a table about what was.
pub fn warn_of(failures: &[Outcome], console: &Console) {
    for failure in failures {
        let next = failure
            .next
            .iter()
            .map(|next| format!("\n  next: {}", hint_text(next)));
        let (kind, name) = (failure.kind, &failure.name);
        console.warn(format!(
            "{kind} {name}: {}{}",
            failure.message,
            next.collect::<String>()
        ));
    }
}
