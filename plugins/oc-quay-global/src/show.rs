//! `show`: what is in the secret.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, connect};
use quay_common::global::{Entries, entries, observe};

/// Show whose credentials are in it, and which of Red Hat's are missing
#[derive(Args)]
pub struct ShowArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: ShowArgs, console: &Console) -> Result<Exit, Failure> {
    let mut shown = Entries::default();
    let mut exit = Exit::Success;
    for cluster in &connect(&args.cluster, FIELD_MANAGER).await?.all()? {
        let observed = match observe(cluster).await {
            Ok(observed) => observed,
            Err(failure) => {
                console.failure(&failure);
                exit = Exit::Problem;
                continue;
            }
        };
        if let Some(error) = observed.unreadable() {
            let context = cluster.context();
            console.failure(
                &Failure::new(format!(
                    "{} (context {context}) cannot be read: {error}",
                    observed.name
                ))
                .next(format!(
                    "{} backups --context {context}",
                    console.invocation().typed()
                )),
            );
            exit = Exit::Problem;
            continue;
        }
        shown.items.extend(entries(cluster.context(), &observed));
    }
    if !shown.items.is_empty() || !args.output.output.is_for_people() {
        console.report(&shown, args.output.output)?;
    }
    Ok(exit)
}
