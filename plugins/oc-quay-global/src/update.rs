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

/// Merge robots' current tokens into the secret
///
/// With --robot its entries are refreshed, and one is added where it has none. Without,
/// every robot is refreshed whose registry has a login. Everything else in the secret
/// survives to the letter.
#[derive(Args)]
pub struct UpdateArgs {
    /// Robot whose credential every node shall have (org+name)
    #[arg(long, value_name = "ROBOT")]
    robot: Option<RobotName>,

    /// Key below `auths` to write; by default the registry's host, or HOST/ORG on quay.io
    #[arg(long, value_name = "KEY", requires = "robot")]
    key: Option<String>,

    /// Read the robot's token from stdin; without a login to Quay
    #[arg(long, requires = "robot", conflicts_with = "token_stdin")]
    robot_token_stdin: bool,

    /// Bring the pull secret that Red Hat hands out now; all clusters chosen share its account
    #[arg(long, conflicts_with = "robot")]
    from_ocm: bool,

    /// Take the change back by itself unless `confirm` follows in this time, such as `10m`
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
        false => Err("it has to be between 1s and 24h".to_owned()),
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
