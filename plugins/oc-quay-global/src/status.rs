//! `status`: how far the nodes are.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Bars, Console, Exit, OutputArgs, span};
use quay_common::cluster::{Cluster, ClusterArgs, connect, parse_duration};
use quay_common::global::{Rendered, Rollout, observe};
use std::time::{Duration, Instant};

/// How often the pools are looked at.
const POLL_EVERY: Duration = Duration::from_secs(2);

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
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?.all()?;
    let mut reachable: Vec<&Cluster> = clusters.iter().collect();
    let mut rendered = Rendered::default();
    let (mut rollout, failures) = look(&reachable, &mut rendered).await;
    for (context, failure) in &failures {
        console.failure(failure);
        reachable.retain(|cluster| cluster.context() != context);
    }
    if args.wait {
        rollout = wait(&reachable, rollout, &mut rendered, args.timeout, console).await?;
    }
    if !rollout.items.is_empty() || !args.output.output.is_for_people() {
        console.report(&rollout, args.output.output)?;
    }
    for unseen in &rollout.unseen {
        console.warn(unseen);
    }
    // Whoever waits wants to know that it arrived, and that cannot be told.
    let seen = |context: &str| rollout.items.iter().any(|item| item.context == context);
    let blind = args.wait && !reachable.iter().all(|cluster| seen(cluster.context()));
    Ok(
        match failures.is_empty() && !blind && !rollout.is_blocked() {
            true => Exit::Success,
            false => Exit::Problem,
        },
    )
}

async fn wait(
    clusters: &[&Cluster],
    mut rollout: Rollout,
    rendered: &mut Rendered,
    timeout: Duration,
    console: &Console,
) -> Result<Rollout, Failure> {
    let began = Instant::now();
    let mut bars = Bars::new(console.progress());
    while !rollout.is_settled() {
        for item in &rollout.items {
            let name = match clusters.len() {
                1 => item.name.clone(),
                _ => format!("{} {}", item.context, item.name),
            };
            bars.show(&name, item.updated, item.nodes);
        }
        if began.elapsed() > timeout {
            return Err(Failure::new(format!(
                "the nodes did not get the secret within {}",
                span(timeout)
            ))
            .next(format!("{} status", console.invocation().typed())));
        }
        tokio::time::sleep(POLL_EVERY).await;
        let (now, failures) = look(clusters, rendered).await;
        // A cluster that does not answer for a moment is asked again.
        if failures.is_empty() {
            rollout = now;
        }
    }
    Ok(rollout)
}

/// Looks at every cluster; what the secret holds may change meanwhile.
async fn look(clusters: &[&Cluster], rendered: &mut Rendered) -> (Rollout, Vec<(String, Failure)>) {
    let mut rollout = Rollout::default();
    let mut failures = Vec::new();
    for cluster in clusters {
        let looked = match observe(cluster).await {
            Ok(observed) => rollout.look(cluster, &observed, rendered).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = looked {
            failures.push((cluster.context().to_owned(), failure));
        }
    }
    (rollout, failures)
}
