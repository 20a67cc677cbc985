//! `update`: a robot's current credential for every node.

use crate::FIELD_MANAGER;
use crate::change::{ChangeArgs, carry_out};
use crate::confirm::WATCHDOG;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{ClusterArgs, InContext, Seen, connect, parse_duration};
use quay_common::credentials::QuayArgs;
use quay_common::global::{
    Deadline, Intent, RobotSource, SecretView, observe_to_write, refresh_intent, robot_intent,
};
use quay_common::names::RobotName;
use quay_common::ocm::{OcmArgs, sign_in};
use std::time::Duration;

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
    #[arg(long, value_name = "ROBOT")]
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
    #[arg(long, conflicts_with = "robot")]
    from_ocm: bool,

    /// Undo the change unless you run `confirm` within this time, such as `10m`
    #[arg(long, value_name = "DURATION", value_parser = parse_deadline)]
    confirm_within: Option<Duration>,

    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    ocm: OcmArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Less nobody can answer in; more, and the watchdog is forgotten.
fn parse_deadline(text: &str) -> Result<Duration, String> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let within = parse_duration(text)?;
    match (Duration::from_secs(1)..=DAY).contains(&within) {
        true => Ok(within),
        false => Err("it must be between 1s and 24h".to_owned()),
    }
}

pub async fn run(args: UpdateArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let seen = observe_to_write(&clusters, args.change.dry_run).await?;
    let targets = match seen.reached.is_empty() {
        // Nobody is asked for a credential that nothing could be done with.
        true => Seen {
            failed: seen.failed,
            ..Seen::default()
        },
        false => {
            let contexts: Vec<&str> = seen.reached.iter().map(InContext::context).collect();
            let intent = intent(&args, &seen, console).await;
            let intent = intent.map_err(|failure| failure.at(&contexts.join(",")))?;
            let request = args.change.request(intent);
            seen.request(&request)
        }
    };
    let deadline = args.confirm_within.map(|within| Deadline {
        within,
        cluster: &args.cluster,
        watchdog: WATCHDOG,
    });
    carry_out(&args.change, targets, deadline, console).await
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
        };
        let intent = robot_intent(source, &args.quay, &args.cluster, console).await?;
        return Ok(Intent::Robot(intent));
    }
    if args.from_ocm {
        let ocm = sign_in(&args.ocm).await?;
        return Ok(Intent::RedHat(ocm.handed_out().await?));
    }
    let views = seen.reached.iter();
    let current = views.filter_map(|view| view.observed.current.as_ref());
    let secrets: Vec<_> = current.map(|current| &current.secret).collect();
    let tokens = refresh_intent(&secrets, &args.quay, &args.cluster, console).await?;
    Ok(Intent::Refresh(tokens))
}
