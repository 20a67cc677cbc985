//! `federation check`: whether a service account can pull as a robot.

use crate::FIELD_MANAGER;
use crate::connection::Connection;
use crate::repositories;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::connect;
use quay_common::keyless::{CheckRequest, ServiceAccount, check};
use quay_common::names::RobotName;

/// Try each step with which a service account pulls as a robot
///
/// Check asks the cluster for a token of the service account, lets Quay exchange it for a token
/// of the robot, and asks the registry whether that may pull. The first step that fails says why.
/// It changes nothing; Quay writes the exchange into its usage log.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Try it with a repository that the robot may read
  kubectl quay-robot federation check myorg+deploy --service-account shop/app

  # Try it with one repository
  kubectl quay-robot federation check myorg+deploy --service-account shop/app --repository my-app
")]
pub struct CheckArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    /// Service account of the cluster
    #[arg(long, value_name = "NAMESPACE/NAME")]
    service_account: ServiceAccount,

    /// Audience that the service account's token is meant for
    #[arg(long, value_name = "AUDIENCE", default_value = "quay")]
    audience: String,

    /// Repository to pull, by default one that the robot may read
    #[arg(long, value_name = "REPO")]
    repository: Option<String>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

pub async fn run(args: CheckArgs, console: &Console) -> Result<Exit, Failure> {
    let repository = repositories::parse(&args.robot, args.repository.as_slice())?;
    let session = args.connection.open(console).await?;
    let clusters = connect(&args.connection.cluster, FIELD_MANAGER, console).await?;
    let request = CheckRequest {
        robot: &args.robot,
        account: &args.service_account,
        audience: &args.audience,
        repository: repository.first(),
    };
    let checked = check(&session, &clusters, &request).await?;
    console.finish(&checked, args.output.output)
}
