//! `delete`: a robot with everything it was given.

use crate::changes::Changes;
use crate::connection::{Connection, failed};
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::ClientDryRun;
use quay_common::hint::{self, Hint};
use quay_common::names::RobotName;
use quay_common::outcome::Verb;
use quay_common::pullsecret::{Bridge, standing_bridge};
use quay_common::quay::BridgeMark;
use quay_common::signals::Ending;

/// Delete a robot with its roles and team memberships
///
/// Pull secrets that hold the robot stop working at once.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # See which pull secrets hold the robot, then delete it
  kubectl quay-pullsecret list -A; kubectl quay-robot delete myorg+old_puller

  # In a script
  kubectl quay-robot delete myorg+old_puller --yes
")]
pub struct DeleteArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,

    #[command(flatten)]
    dry_run: ClientDryRun,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

/// Asks first, unless told not to.
pub async fn run(args: DeleteArgs, console: &Console) -> Result<Exit, Failure> {
    let robot = args.robot;
    let session = args.connection.open(console).await?;
    let object = format!("robot `{robot}`");
    let mut changes = Changes::new(&session, &robot, args.dry_run);
    let found = session.quay.robot(&robot).await;
    let found = found.map_err(failed(&session, &object))?;
    if BridgeMark::parse(&found.description).is_some() {
        return Err(bridge(&robot));
    }
    let standing = standing_bridge(&session.quay, &robot).await;
    if let Some(standing) = standing.map_err(failed(&session, &object))? {
        return Err(rotating(&robot, &standing));
    }
    if !args.dry_run.is_on() {
        let question = format!(
            "Delete {robot} at {}? Pull secrets that hold it stop working",
            session.endpoint.registry
        );
        if !args.yes && !console.confirm(&question, "--yes")? {
            return Err(Failure::new(format!(
                "{object} was not deleted: you answered no"
            )));
        }
        // Once it is asked for, it is waited for and told.
        let deletion = session.quay.delete(&robot);
        let deleted = Ending::default().watch(deletion).await;
        deleted.map_err(failed(&session, object))?;
    }
    changes.robot(Verb::Deleted);
    console.finish(&changes, args.output.output)
}

/// Every pull of the robot it stands in for depends on it.
fn bridge(robot: &RobotName) -> Failure {
    let rotated = robot.as_str().strip_suffix("-bridge").unwrap_or("ROBOT");
    Failure::new(format!(
        "{robot} is the bridge of a rotation: pull secrets hold it until the rotation ends"
    ))
    .next(finish_or_abort(rotated))
}

/// Without the robot nothing could be brought back.
fn rotating(robot: &RobotName, bridge: &Bridge) -> Failure {
    Failure::new(format!(
        "a rotation of {robot} is in progress: its bridge {} exists",
        bridge.name
    ))
    .next(finish_or_abort(robot.as_str()))
}

fn finish_or_abort(robot: &str) -> Hint {
    let rotate = || hint::robot("rotate").arg(robot);
    rotate()
        .say(" finishes the rotation, ")
        .run(rotate().words("--abort"))
        .say(" reverts it")
}
