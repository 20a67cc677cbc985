//! `rotate`: a new token for a robot, in every secret that holds it.

use crate::FIELD_MANAGER;
use crate::connection::Connection;
use crate::rotate_output::{Narrator, count, tried_text};
use crate::rotate_places::{Places, check_files, keep_token};
use clap::ArgAction;
use jiff::Timestamp;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, OutputFormat};
use quay_common::cluster::{
    Cluster, DryRun, NamespaceArgs, Seen, WriteMode, connect, context_names, names_meant,
    parse_duration,
};
use quay_common::credentials::{Session, StateArgs, remember};
use quay_common::kubelet::parse_image;
use quay_common::ledger::Strategy;
use quay_common::names::RobotName;
use quay_common::receipt::Receipt;
use quay_common::rotation::{
    Books, LeaveBehind, Observed, Options, Plan, Preview, Rotation, Stage, Task, observe, plan,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Replace a robot's token in every pull secret that holds it, without a failed pull
///
/// Rotate creates a second robot with the same rights, the bridge. Pull secrets hold the bridge
/// while Quay replaces the robot's token, then get the robot's new token; at the end rotate
/// deletes the bridge. If the run stops for any reason, run the same command again: it continues
/// where it stopped. Rotate covers every namespace of the chosen contexts, unless -n narrows
/// the scope.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Show what a rotation would change, and who pulls with the robot
  kubectl quay-robot rotate myorg+puller --dry-run

  # Rotate in two clusters and keep a receipt for the auditor
  kubectl quay-robot rotate myorg+puller --context prod,staging --receipt rotation.html

  # For a robot that no cluster uses: hand the new token to a file
  kubectl quay-robot rotate myorg+ci --in-place --no-cluster --token-output token --yes
")]
pub struct Args {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    /// Regenerate without a bridge, then write every secret at once
    #[arg(long)]
    in_place: bool,

    /// Only regenerate the token: for a robot that no cluster uses
    #[arg(long, requires = "in_place", conflicts_with_all = ["namespaces", "all_namespaces", "namespace_selector", "contexts", "all_contexts", "global", "restart", "verify_pull"], hide_short_help = true)]
    no_cluster: bool,

    /// With --no-cluster: write the new token to this file (mode 0600); `-` is stdout
    #[arg(
        long,
        value_name = "FILE",
        requires = "no_cluster",
        hide_short_help = true
    )]
    token_output: Option<PathBuf>,

    /// With --no-cluster: store the new token in the OS keyring
    #[arg(
        long,
        requires = "no_cluster",
        conflicts_with = "token_output",
        hide_short_help = true
    )]
    store_token: bool,

    /// Revert an unfinished rotation, if Quay still has the old token
    #[arg(long, conflicts_with = "in_place")]
    abort: bool,

    /// Continue a rotation that another machine began
    #[arg(long)]
    take_over: bool,

    /// Wait until a credential has gone unused for this long before retiring it
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = parse_duration)]
    grace: Duration,

    /// If pulls still arrive after this much longer, ask whether to continue
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_duration, hide_short_help = true)]
    settle_timeout: Duration,

    /// With --global: wait this long after the roll-out, while nodes can still use the old token
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration, hide_short_help = true)]
    node_grace: Duration,

    /// Continue even if the usage log still shows pulls or cannot be read
    #[arg(long, hide_short_help = true)]
    ignore_usage: bool,

    /// Continue although some secrets cannot be updated; pulls that use them will fail
    ///
    /// Without a value this covers all such secrets. With a value it covers one: NAMESPACE/NAME,
    /// or a MachineConfigPool. Repeat it for several.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "", action = ArgAction::Append, hide_short_help = true)]
    leave_behind: Vec<String>,

    /// Assume that no other namespace uses this robot; pulls there would fail
    #[arg(long, hide_short_help = true)]
    scope_is_complete: bool,

    /// Continue without this context if its cluster does not answer (repeat for several)
    #[arg(long, value_name = "CONTEXT", hide_short_help = true)]
    skip_unreachable: Vec<String>,

    /// Also update the global pull secret of OpenShift, which all nodes use
    #[arg(long)]
    global: bool,

    /// At the end, restart the workloads that use the secrets
    #[arg(long)]
    restart: bool,

    /// At the end, let a pod pull this image, in one namespace per context
    #[arg(long, value_name = "IMAGE", value_parser = parse_image)]
    verify_pull: Option<String>,

    /// Wait this long for that pod's pull
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration, requires = "verify_pull", hide_short_help = true)]
    pull_timeout: Duration,

    /// Write a receipt to this file: HTML if it ends in .html, else JSON
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,

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
    state: StateArgs,

    #[command(flatten)]
    connection: Connection,
}

impl Args {
    fn strategy(&self) -> Strategy {
        match self.in_place {
            true => Strategy::InPlace,
            false => Strategy::Bridge,
        }
    }

    fn token_to_stdout(&self) -> bool {
        self.token_output.as_deref() == Some(Path::new("-"))
    }

    fn options(&self) -> Options {
        let named = self.leave_behind.iter().filter(|name| !name.is_empty());
        Options {
            strategy: self.strategy(),
            abort: self.abort,
            grace: self.grace,
            settle_timeout: self.settle_timeout,
            node_grace: self.node_grace,
            leave_behind: LeaveBehind {
                all: self.leave_behind.iter().any(String::is_empty),
                named: named.cloned().collect(),
            },
            leaves_unproven: false,
            scope: scope_text(&self.scope),
            scope_is_complete: self.scope_is_complete,
            global: self.global,
            restart: self.restart,
            pull: self.verify_pull.is_some(),
            take_over: self.take_over,
            skip_unreachable: self.skipped_contexts(),
            ignore_usage: self.ignore_usage,
        }
    }

    fn skipped_contexts(&self) -> Vec<String> {
        // Without a kubeconfig no context has a comma in its name.
        let known = context_names(&self.connection.cluster).unwrap_or_default();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        names_meant(&self.skip_unreachable, &known)
    }

    async fn clusters(&self, console: &Console) -> Result<Seen<Cluster>, Failure> {
        match self.no_cluster {
            true => Ok(Seen::default()),
            false => connect(&self.connection.cluster, FIELD_MANAGER, console).await,
        }
    }
}

/// Looks at everything first, says what will happen, and asks.
pub async fn run(args: Args, console: &Console) -> Result<Exit, Failure> {
    let began = Instant::now();
    check(&args)?;
    let session = args.connection.open(console).await?;
    let cluster = &args.connection.cluster;
    let (ledger, memory) = args.state.books(cluster, console).await?;
    let lock = match args.dry_run.write() {
        WriteMode::DryRun => None,
        WriteMode::Persist => {
            let registry = &session.endpoint.registry;
            Some(ledger.lock(registry, &args.robot).await?)
        }
    };
    let work = rotate(&args, &session, Books { ledger, memory }, began, console);
    match &lock {
        Some(lock) => lock.keep(work).await,
        None => work.await,
    }
}

/// Mistakes of the command line, and files that could not be written in the end.
fn check(args: &Args) -> Result<(), Failure> {
    args.scope.excluded()?;
    if args.receipt.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage("--receipt needs the name of a file")
            .next("pass -o json to write the receipt to stdout"));
    }
    let token = args.token_output.as_deref();
    check_files(
        args.receipt.as_deref(),
        token.filter(|_| !args.token_to_stdout()),
    )
}

async fn rotate(
    args: &Args,
    session: &Session,
    mut books: Books,
    began: Instant,
    console: &Console,
) -> Result<Exit, Failure> {
    let clusters = args.clusters(console).await?;
    let narrator = Narrator::new(console);
    let mut task = Task {
        session,
        watcher: &narrator,
        robot: args.robot.clone(),
        options: args.options(),
    };
    let is_dry = args.dry_run.write() == WriteMode::DryRun;
    let (observed, members) = observe(&task, &clusters, &args.scope, &mut books).await?;
    console.warn_each(session.quay.clock_difference().as_slice());
    console.warn_each(observed.subject.names.warning.as_slice());
    let mut plan = plan(&observed, &task.options, Timestamp::now());
    if !is_dry {
        remember(&mut books.memory, console).await;
        if asks_about_unproven(args, &plan, console)? {
            task.options.leaves_unproven = true;
            plan = quay_common::rotation::plan(&observed, &task.options, Timestamp::now());
        }
    }
    let mut preview = Preview::of(&task, &observed, &members, &plan).await;
    if is_dry {
        if !args.dry_run.is_client() {
            preview.rehearse(&task, observed, members, &plan).await?;
        }
        return show(args, &preview, console);
    }
    plan.check(&args.robot)?;
    narrator.before(&preview, &plan, &args.robot);
    let looked = began.elapsed();
    agree(args, &observed, &plan, console)?;
    let skipped = plan.skipped.clone();
    let (receipt, token) = (args.receipt.as_deref(), args.token_output.as_deref());
    let places = Places::take(receipt, token, plan.targets.len(), console)?;
    let mut rotation = Rotation::new(task, observed, members, plan, books);
    let mut receipt = match (args.abort, args.in_place) {
        (true, _) => rotation.abort().await?,
        (false, true) => rotation.run_in_place().await?,
        (false, false) => rotation.run_bridge().await?,
    };
    let followed = follow_up(args, &rotation, &mut receipt).await;
    let written = places.receipt.map(|place| place.write(&receipt, console));
    if args.no_cluster {
        keep_token(
            &args.robot,
            session,
            places.token,
            args.store_token,
            console,
        )
        .await?;
    }
    report(args, &receipt, looked, &skipped, console)?;
    written.transpose()?;
    followed?;
    Ok(Exit::of(receipt.is_proved() && skipped.is_empty()))
}

/// In place: whether what cannot pull, and has no claim, may be left so. Asked on a terminal; the
/// plan refuses otherwise.
fn asks_about_unproven(args: &Args, plan: &Plan, console: &Console) -> Result<bool, Failure> {
    if !args.in_place || plan.unproven.is_empty() || args.yes || !console.can_ask() {
        return Ok(false);
    }
    for target in &plan.unproven {
        console.note(target.line());
    }
    let (they, leave) = match plan.unproven.len() {
        1 => ("it", "it as it is"),
        _ => ("they", "them as they are"),
    };
    let question = format!(
        "{} of {} cannot pull, and nothing shows that {they} ever held a token of the robot. Leave {leave}?",
        count(plan.unproven.len(), "credential"),
        args.robot
    );
    console.confirm(&question, "--leave-behind")
}

/// The namespaces as the flags say it, in one order whatever was typed.
fn scope_text(scope: &NamespaceArgs) -> String {
    let sorted = |flag: &str, names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        (!names.is_empty()).then(|| format!("{flag} {}", names.join(",")))
    };
    let selector = scope.namespace_selector.as_ref();
    [
        sorted("-n", &scope.namespaces),
        selector.map(|selector| format!("--namespace-selector {selector}")),
        sorted("--exclude-namespace", &scope.exclude_namespace),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" ")
}

fn show(args: &Args, preview: &Preview, console: &Console) -> Result<Exit, Failure> {
    match args.output.output {
        OutputFormat::Table => console.data(preview.tree())?,
        format => console.report(preview, format)?,
    }
    if matches!(args.output.output, OutputFormat::Wide | OutputFormat::Name) {
        for refusal in &preview.refusals {
            console.warn(format!("rotate would refuse: {refusal}"));
        }
    }
    console.note("dry run: nothing was changed in Quay or in a cluster");
    if let Some(writes) = &preview.tried_writes {
        console.note(tried_text(writes));
    }
    Ok(Exit::of(preview.refusals.is_empty()))
}

fn agree(args: &Args, observed: &Observed, plan: &Plan, console: &Console) -> Result<(), Failure> {
    let robot = &args.robot;
    let clusters = observed.reached().count();
    let place = match args.no_cluster {
        true => "no cluster".to_owned(),
        false => format!(
            "{} in {}",
            count(plan.targets.len(), "place"),
            count(clusters, "cluster")
        ),
    };
    let question = match (args.abort, &plan.stage) {
        (true, _) => format!("Revert the rotation of {robot} ({place})?"),
        (false, Stage::NotBegun) if args.in_place => format!(
            "Replace the token of {robot} ({place})? Pulls fail until the last secret is written"
        ),
        (false, Stage::NotBegun) => format!("Rotate {robot} ({place})?"),
        (false, _) => format!("Continue the rotation of {robot} ({place})?"),
    };
    if args.yes || console.confirm(&question, "--yes")? {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{robot} was not changed: you answered no"
    )))
}

async fn follow_up(
    args: &Args,
    rotation: &Rotation<'_>,
    receipt: &mut Receipt,
) -> Result<(), Failure> {
    if args.restart {
        rotation.restart_workloads(receipt).await?;
    }
    if let Some(image) = &args.verify_pull {
        rotation
            .try_pulls(receipt, image, args.pull_timeout)
            .await?;
    }
    Ok(())
}

fn report(
    args: &Args,
    receipt: &Receipt,
    looked: Duration,
    skipped: &[String],
    console: &Console,
) -> Result<(), Failure> {
    // Stdout is the token's alone, and a table without secrets says nothing.
    if !(args.token_to_stdout() || args.no_cluster && args.output.output.is_for_people()) {
        console.report(receipt, args.output.output)?;
    }
    Narrator::new(console).summary(receipt, looked, skipped);
    Ok(())
}
