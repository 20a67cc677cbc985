//! `delete`: takes a robot out of pull secrets.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, DryRun, NamespaceArgs, connect};
use quay_common::names::{RegistryHost, RobotName};
use quay_common::pullsecret::{
    Outcomes, RemovalRequest, observe_each, plan_removals, unseen_or_missing,
};

/// Remove a robot's credential from pull secrets
///
/// A secret that holds nothing else is deleted. Entries of other accounts stay.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Show which secrets would change
  kubectl quay-pullsecret delete -A --robot myorg+old_puller --dry-run

  # Remove the robot from two namespaces, without a question
  kubectl quay-pullsecret delete -n staging,dev --robot myorg+old_puller --yes
")]
pub struct DeleteArgs {
    /// Robot to remove, as Quay writes it: org+name
    #[arg(long, value_name = "ROBOT")]
    robot: RobotName,

    /// Registry of the robot; needed if several registries have a robot of this name
    #[arg(long, value_name = "HOST[:PORT]")]
    registry: Option<RegistryHost>,

    /// Also change secrets that pods use, that are immutable, or that another tool manages
    #[arg(long)]
    force: bool,

    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,

    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: NamespaceArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: DeleteArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let seen = observe_each(&clusters, &args.scope).await?;
    let request = RemovalRequest {
        robot: &args.robot,
        registry: args.registry.as_ref(),
        force: args.force,
    };
    let mut removals = plan_removals(&seen, &request).await?;
    let mut outcomes = Outcomes::of(args.dry_run);
    outcomes.items = unseen_or_missing(&seen);
    outcomes.items.append(&mut removals.failures);
    outcomes.nothing = Some(format!(
        "No pull secret in the chosen namespaces holds `{}`.",
        args.robot
    ));
    let ask = !removals.is_empty() && !args.yes && args.dry_run.label().is_none();
    let question = format!("Remove {} from {}?", args.robot, removals.targets());
    if ask && !console.confirm(&question, "--yes")? {
        return Err(Failure::new("nothing was removed: you answered no"));
    }
    let removed = removals.apply(args.dry_run, console.progress()).await;
    outcomes.items.extend(removed);
    console.finish(&outcomes, args.output.output)
}
