//! `grant`: a role on several repositories.

use crate::changes::Changes;
use crate::connection::Connection;
use crate::repositories::{self, not_begun};
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::ClientDryRun;
use quay_common::names::RobotName;
use quay_common::quay::{Role, grant_all};

/// Grant a robot a role on repositories, in place of the role it has there
///
/// Grant first checks that every repository exists, so that a wrong name changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Let the robot pull two repositories
  kubectl quay-robot grant myorg+puller my-app backend-api

  # Let it push to one
  kubectl quay-robot grant myorg+ci my-app --role write
")]
pub struct GrantArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    /// Repositories of the robot's organization: name or org/name
    #[arg(value_name = "REPO", required = true)]
    repositories: Vec<String>,

    /// What the robot can do
    #[arg(long, value_enum, default_value_t = Role::Read)]
    role: Role,

    #[command(flatten)]
    dry_run: ClientDryRun,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

/// A write that fails does not stop the others.
pub async fn run(args: GrantArgs, console: &Console) -> Result<Exit, Failure> {
    let robot = &args.robot;
    let repositories = repositories::parse(robot, &args.repositories)?;
    let session = args.connection.open(console).await?;
    let dry_run = args.dry_run.is_on();
    let outcomes = grant_all(&session.quay, robot, &repositories, args.role, dry_run)
        .await
        .map_err(|reason| not_begun(reason, "nothing was granted", robot, &session))?;
    let mut changes = Changes::new(&session, robot, args.dry_run);
    changes.repositories(outcomes, &session, console);
    console.finish(&changes, args.output.output)
}
