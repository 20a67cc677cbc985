//! `update`: a robot's current credential for every node.

use crate::FIELD_MANAGER;
use crate::change::{ChangeArgs, DeadlineArgs, carry_out, carry_out_planned};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{ClusterArgs, InContext, Seen, connect};
use quay_common::credentials::{QuayArgs, other_registries};
use quay_common::dockerconfig::Document;
use quay_common::global::{
    Deadline, Intent, RobotSource, SecretView, Target, observe_to_write, plan_all, question,
    refresh_intent, robot_intent,
};
use quay_common::hint;
use quay_common::names::RobotName;
use quay_common::ocm::{OcmArgs, sign_in};
use quay_common::registry::ProbeArgs;

/// Write robots' current tokens into the secret
///
/// With --robot, update refreshes the robot's entries, or adds one if there is none. Without
/// --robot, it refreshes every robot of the registries that you are logged in to. All other
/// entries stay byte for byte as they are.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Give every node a robot's credential; undo it unless you confirm
  oc quay-global update --robot myorg+puller --confirm-within 10m

  # After tokens changed: refresh the robots that are in the secret
  oc quay-global update

  # After Red Hat rotated its pull secret: write the new one
  oc quay-global update --from-ocm
")]
pub struct UpdateArgs {
    /// Robot to give to every node (org+name)
    #[arg(long, value_name = "ROBOT", group = "tried")]
    robot: Option<RobotName>,

    /// Key of the entry in `auths`; by default the registry's host, or HOST/ORG on quay.io
    #[arg(long, value_name = "KEY", requires = "robot")]
    key: Option<String>,

    /// Read the robot's token from stdin; no login to Quay is needed
    #[arg(
        long,
        requires = "robot",
        conflicts_with = "token_stdin",
        hide_short_help = true
    )]
    robot_token_stdin: bool,

    /// Write Red Hat's current pull secret; all chosen clusters must belong to its account
    #[arg(long, conflicts_with = "robot", group = "tried")]
    from_ocm: bool,

    /// Do not ask the registries whether they accept what is written
    #[arg(long, requires = "tried")]
    skip_check: bool,

    #[command(flatten)]
    deadline: DeadlineArgs,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    ocm: OcmArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: UpdateArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let seen = observe_to_write(&clusters, args.change.dry_run).await?;
    let deadline = args.deadline.of(&args.cluster);
    if seen.reached.is_empty() {
        // Nobody is asked for a credential that nothing could be done with.
        let none = Seen {
            failed: seen.failed,
            ..Seen::default()
        };
        return carry_out(&args.change, none, deadline, console).await;
    }
    let contexts: Vec<&str> = seen.reached.iter().map(InContext::context).collect();
    let contexts = contexts.join(",");
    let here = |failure: Failure| failure.at(&contexts);
    if args.from_ocm {
        return from_ocm(&args, seen, deadline, console).await.map_err(here);
    }
    let intent = intent(&args, &seen, console).await.map_err(here)?;
    let targets = seen.request(&args.change.request(intent));
    carry_out(&args.change, targets, deadline, console).await
}

/// Writes what Red Hat hands out, once its registries accept it.
async fn from_ocm(
    args: &UpdateArgs,
    seen: Seen<SecretView<'_>>,
    deadline: Option<Deadline<'_>>,
    console: &Console,
) -> Result<Exit, Failure> {
    let handed = sign_in(&args.ocm).await?.handed_out().await?;
    let request = args.change.request(Intent::RedHat(handed.clone()));
    let mut targets = seen.request(&request);
    ask_owner(args, &mut targets.reached, &handed, console)?;
    let planned = plan_all(targets, args.change.dry_run);
    if !args.skip_check {
        let update = hint::global("update --from-ocm --skip-check");
        let named = args.change.replace_entry.iter();
        let unchecked = named.fold(update, |command, key| {
            command.words("--replace-entry").arg(key)
        });
        let others = other_registries(&args.quay, &args.probe)?;
        planned.try_entries(&handed, &others, unchecked).await?;
    }
    carry_out_planned(&args.change, planned, deadline, console).await
}

/// Asks about entries that a secret was made without, if somebody is there to answer.
fn ask_owner(
    args: &UpdateArgs,
    targets: &mut [Target<'_>],
    handed: &Document,
    console: &Console,
) -> Result<(), Failure> {
    let change = &args.change;
    if change.yes || change.dry_run.label().is_some() || !console.can_ask() {
        return Ok(());
    }
    for target in targets {
        let asked = question(&target.view.observed, handed, target.view.context());
        let Some(asked) = asked.filter(|asked| {
            let mut keys = asked.keys.iter();
            keys.any(|key| !change.replace_entry.contains(key))
        }) else {
            continue;
        };
        if console.confirm(&asked.text, "--replace-entry KEY")? {
            target.request.replace.extend(asked.keys);
        }
    }
    Ok(())
}

async fn intent(
    args: &UpdateArgs,
    seen: &Seen<SecretView<'_>>,
    console: &Console,
) -> Result<Intent, Failure> {
    if let Some(robot) = &args.robot {
        let source = RobotSource {
            robot: robot.clone(),
            key: args.key.clone(),
            token_stdin: args.robot_token_stdin,
            skip_check: args.skip_check,
        };
        let intent = robot_intent(source, &args.quay, &args.cluster, console).await?;
        return Ok(Intent::Robot(intent));
    }
    let views = seen.reached.iter();
    let current = views.filter_map(|view| view.observed.current.as_ref());
    let secrets: Vec<_> = current.map(|current| &current.secret).collect();
    let tokens = refresh_intent(&secrets, &args.quay, &args.cluster, console).await?;
    Ok(Intent::Refresh(tokens))
}
