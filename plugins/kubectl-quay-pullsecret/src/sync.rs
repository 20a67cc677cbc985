//! `sync`: arguments in, a request to the engine, output.

use crate::FIELD_MANAGER;
use crate::sync_adoption::Adoption;
use crate::sync_manifests::print_manifests;
use crate::sync_robot::RobotArgs;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, OutputFormat};
use quay_common::cluster::{ClusterArgs, DryRun, NamespaceArgs, connect};
use quay_common::credentials::{QuayArgs, SignIns, StateArgs, remember, sign_in_everywhere};
use quay_common::hint;
use quay_common::pullsecret::{
    Consent, Outcomes, Placement, Source, SyncRequest, alias_warnings, plan_sync, sync,
};
use std::time::Instant;

/// Write robots' current tokens into pull secrets
///
/// Without --robot, sync updates every robot's credential in the chosen namespaces. With --robot
/// and named namespaces, sync also creates the secret where it is missing, and attaches it to
/// service accounts. Sync never regenerates a token.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Update every pull secret that holds a robot, in the whole cluster
  kubectl quay-pullsecret sync -A

  # Create the secret in a namespace, for its service account default
  kubectl quay-pullsecret sync -n staging --robot myorg+puller

  # Show what would change in two clusters; the API servers check each write
  kubectl quay-pullsecret sync -A --context prod,staging --dry-run=server
")]
pub struct SyncArgs {
    #[command(flatten)]
    robot: RobotArgs,

    /// Create the namespaces of -n that do not exist
    #[arg(long, requires = "robot", conflicts_with = "all_namespaces")]
    create_namespace: bool,

    /// With -A: also create missing secrets (never in kube-*, openshift-*)
    #[arg(long, requires_all = ["robot", "all_namespaces"])]
    create_missing: bool,

    /// Replace the entry of another account that has the same key
    #[arg(long, requires = "robot")]
    replace_account: bool,

    /// Also update credentials that cannot pull, even if nothing proves that they held the token
    ///
    /// Anyone who can write a secret can put a robot's name into it to obtain the robot's token.
    /// So by default sync updates a credential only if it is known to have held a token of the
    /// robot. Without --robot, this flag covers only robots that can do nothing but pull.
    #[arg(long)]
    pub adopt: bool,

    /// With --robot --adopt: do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,

    /// Also write secrets that are immutable or that another tool manages
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: NamespaceArgs,
    #[command(flatten)]
    state: StateArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

impl SyncArgs {
    pub fn names_robot(&self) -> bool {
        self.robot.is_given()
    }

    pub fn is_dry(&self) -> bool {
        self.dry_run.label().is_some()
    }
}

pub async fn run(args: SyncArgs, console: &Console) -> Result<Exit, Failure> {
    let began = Instant::now();
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let (source, placement) = source(&args, console).await?;
    let mut memory = args.state.memory(&args.cluster, console).await?;
    let adoption = Adoption::new(&args, console);
    let request = SyncRequest {
        scope: &args.scope,
        placement,
        create_namespace: args.create_namespace,
        create_missing: args.create_missing,
        consent: Consent {
            force: args.force,
            replace_account: args.replace_account,
        },
        adopts: &|unproven| adoption.agrees(unproven),
        dry_run: args.dry_run,
    };
    let format = args.output.output;
    if args.dry_run.is_client() && matches!(format, OutputFormat::Yaml | OutputFormat::Json) {
        let plan = plan_sync(&request, &source, &clusters, &mut memory).await?;
        return print_manifests(&plan, format, console).await;
    }
    let progress = console.progress();
    let outcomes = sync(&request, &source, &clusters, &mut memory, progress).await?;
    if args.dry_run.label().is_none() {
        remember(&mut memory, console).await;
    }
    report(&args, &outcomes, began, console)
}

/// Who says what the credentials should be, and where one is written that is new.
async fn source(
    args: &SyncArgs,
    console: &Console,
) -> Result<(Source, Option<Placement>), Failure> {
    if args.robot.is_given() {
        let (source, placement) = args.robot.find(&args.quay, &args.cluster, console).await?;
        return Ok((source, Some(placement)));
    }
    let SignIns { sessions, left_out } =
        sign_in_everywhere(&args.quay, &args.cluster, console).await?;
    console.warn_each(&left_out);
    console.warn_each(&alias_warnings(&sessions).await);
    if sessions.is_empty() {
        return Err(Failure::new(
            "you are not logged in to a registry, so no robot's current token is known",
        )
        .next(hint::robot("login --registry HOST")));
    }
    Ok((Source::All(sessions), None))
}

fn report(
    args: &SyncArgs,
    outcomes: &Outcomes,
    began: Instant,
    console: &Console,
) -> Result<Exit, Failure> {
    let exit = console.finish(outcomes, args.output.output)?;
    let for_people = args.output.output.is_for_people();
    let is_dry = args.dry_run.label().is_some();
    if for_people && is_dry && console.stdout_is_terminal() {
        console.data(outcomes.diff())?;
    }
    let dry = match is_dry {
        true => " (dry run, nothing was written)",
        false => "",
    };
    console.note(format!(
        "{} in {:.1}s{dry}",
        outcomes.summary(),
        began.elapsed().as_secs_f64()
    ));
    Ok(exit)
}
