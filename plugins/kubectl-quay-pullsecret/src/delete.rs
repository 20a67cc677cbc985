//! `delete`: takes a robot out of pull secrets.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{Cluster, ClusterArgs, DryRun, Scope, connect};
use quay_common::names::{RegistryHost, RobotName};
use quay_common::pullsecret::{
    ClusterView, Outcomes, RemovalPlan, existing_views, observe_service_accounts, plan_removal,
    registries_of,
};
use quay_common::workload::running_pods_as_listed;
use std::collections::BTreeSet;

/// Take a robot out of pull secrets; a secret with nothing else in it is deleted
#[derive(Args)]
pub struct DeleteArgs {
    /// The robot, as Quay writes it: org+name
    #[arg(long, value_name = "ROBOT")]
    robot: RobotName,

    /// Only at this registry; needed where robots of this name are at several
    #[arg(long, value_name = "HOST[:PORT]")]
    registry: Option<RegistryHost>,

    /// Also where pods use the secret, where it is immutable, and where another tool writes it
    #[arg(long)]
    force: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: DeleteArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?;
    let (views, failures) = existing_views(&clusters, &args.scope).await?;
    one_registry(&args, &views)?;
    let mut plans: Vec<(&Cluster, RemovalPlan)> = Vec::new();
    for view in &views {
        plans.extend(
            plan(view, &args)
                .await?
                .into_iter()
                .map(|plan| (view.cluster, plan)),
        );
    }
    let mut outcomes = Outcomes {
        items: failures,
        dry_run: args.dry_run.label(),
    };
    if plans.is_empty() && outcomes.items.is_empty() {
        console.note(format!("`{}` is in no pull secret here.", args.robot));
    }
    let ask = !plans.is_empty() && !args.yes && args.dry_run.label().is_none();
    if ask && !console.confirm(&question(&args.robot, &plans), "--yes")? {
        return Err(Failure::new("nothing was removed: the answer was no"));
    }
    for (cluster, plan) in &plans {
        outcomes.items.push(match args.dry_run.is_client() {
            true => plan.outcome(cluster.context()),
            false => plan.apply(cluster, args.dry_run.write()).await,
        });
    }
    if !outcomes.items.is_empty() || !args.output.output.is_for_people() {
        console.report(&outcomes, args.output.output)?;
    }
    Ok(if outcomes.has_failure() {
        Exit::Problem
    } else {
        Exit::Success
    })
}

async fn plan(view: &ClusterView<'_>, args: &DeleteArgs) -> Result<Vec<RemovalPlan>, Failure> {
    let without_users = plan_removal(
        &view.observed.secrets,
        &[],
        &[],
        &args.robot,
        args.registry.as_ref(),
        args.force,
    );
    if without_users.is_empty() {
        return Ok(Vec::new());
    }
    let namespaces: BTreeSet<String> = without_users
        .iter()
        .map(|plan| plan.namespace().to_owned())
        .collect();
    let accounts = observe_service_accounts(view.cluster, &view.selection, &view.excluded).await?;
    let pods = match args.force {
        true => Vec::new(),
        false => running_pods_as_listed(view.cluster, namespaces).await?,
    };
    let registry = args.registry.as_ref();
    Ok(plan_removal(
        &view.observed.secrets,
        &accounts,
        &pods,
        &args.robot,
        registry,
        args.force,
    ))
}

/// A robot's name at two hosts is two robots: which one is meant has to be said.
fn one_registry(args: &DeleteArgs, views: &[ClusterView<'_>]) -> Result<(), Failure> {
    let registries: BTreeSet<RegistryHost> = views
        .iter()
        .flat_map(|view| registries_of(&view.observed.secrets, &args.robot))
        .collect();
    if args.registry.is_some() || registries.len() < 2 {
        return Ok(());
    }
    let registries: Vec<String> = registries.into_iter().map(String::from).collect();
    Err(Failure::usage(format!(
        "`{}` is a robot at {}",
        args.robot,
        registries.join(" and at ")
    ))
    .next(format!("say which: --registry {}", registries[0])))
}

fn question(robot: &RobotName, plans: &[(&Cluster, RemovalPlan)]) -> String {
    let targets: Vec<String> = plans.iter().map(|(_, plan)| plan.target()).collect();
    let shown = match targets.len() {
        0..=5 => targets.join(", "),
        count => format!("{} and {} more", targets[..4].join(", "), count - 4),
    };
    format!("Remove {robot} from {shown}?")
}
