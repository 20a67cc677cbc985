//! `revoke`: take roles away.

use crate::changes::Changes;
use crate::connection::Connection;
use crate::repositories::{self, not_begun};
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::ClientDryRun;
use quay_common::names::RobotName;
use quay_common::quay::revoke_all;

/// Revoke a robot's roles on repositories
///
/// The robot keeps roles that it has through a team. Revoke first checks that every repository
/// exists, so that a wrong name changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # The robot can no longer pull this repository
  kubectl quay-robot revoke myorg+puller old-app

  # Show what would change
  kubectl quay-robot revoke myorg+puller old-app backend-api --dry-run
")]
pub struct RevokeArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    /// Repositories of the robot's organization: name or org/name
    #[arg(value_name = "REPO", required = true)]
    repositories: Vec<String>,

    #[command(flatten)]
    dry_run: ClientDryRun,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

/// A role that is not there is no failure; an unknown robot or repository is.
pub async fn run(args: RevokeArgs, console: &Console) -> Result<Exit, Failure> {
    let robot = &args.robot;
    let repositories = repositories::parse(robot, &args.repositories)?;
    let session = args.connection.open(console).await?;
    let dry_run = args.dry_run.is_on();
    let outcomes = revoke_all(&session.quay, robot, &repositories, dry_run)
        .await
        .map_err(|reason| not_begun(reason, "nothing was revoked", robot, &session))?;
    let mut changes = Changes::new(&session, robot, args.dry_run);
    changes.repositories(outcomes, &session, console);
    console.finish(&changes, args.output.output)
}
