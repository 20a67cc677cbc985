//! `update`: a robot's current credential for every node.

use crate::change::{ChangeArgs, Target, carry_out};
use crate::confirm::WATCHDOG;
use crate::{FIELD_MANAGER, ocm};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{Cluster, ClusterArgs, connect, parse_duration};
use quay_common::credentials::QuayArgs;
use quay_common::global::{
    Change, Deadline, Intent, Observed, Request, RobotSource, observe, refresh_intent, robot_intent,
};
use quay_common::names::RobotName;
use quay_common::ocm::OcmArgs;
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
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?.all()?;
    let (mut observed, mut failures) = (Vec::new(), Vec::new());
    for cluster in &clusters {
        match observe(cluster).await {
            Ok(found) => observed.push((cluster, found)),
            Err(failure) => failures.push(Change::failed(cluster.context(), &failure)),
        }
    }
    let targets = match observed.is_empty() {
        true => Vec::new(),
        false => targets(&args, observed, console).await?,
    };
    let deadline = args.confirm_within.map(|within| Deadline {
        within,
        cluster: &args.cluster,
        watchdog: WATCHDOG,
    });
    carry_out(&args.change, targets, failures, deadline, console).await
}

async fn targets<'a>(
    args: &UpdateArgs,
    observed: Vec<(&'a Cluster, Observed)>,
    console: &Console,
) -> Result<Vec<Target<'a>>, Failure> {
    let intent = match &args.robot {
        Some(robot) => {
            let source = RobotSource {
                robot: robot.clone(),
                key: args.key.clone(),
                token_stdin: args.robot_token_stdin,
            };
            Intent::Robot(robot_intent(source, &args.quay, &args.cluster, console).await?)
        }
        None if args.from_ocm => {
            let ocm = ocm::signed_in(&args.ocm, console).await?;
            Intent::RedHat(ocm::pull_secret(&ocm).await?)
        }
        None => {
            let secrets = observed
                .iter()
                .filter_map(|(_, found)| found.current.as_ref());
            let secrets: Vec<_> = secrets.map(|current| &current.secret).collect();
            Intent::Refresh(refresh_intent(&secrets, &args.quay, &args.cluster, console).await?)
        }
    };
    let request = Request {
        intent,
        replace: args.change.replace_entry.clone(),
        force: args.change.force,
    };
    let target = |(cluster, observed)| Target {
        cluster,
        observed,
        request: request.clone(),
    };
    Ok(observed.into_iter().map(target).collect())
}
