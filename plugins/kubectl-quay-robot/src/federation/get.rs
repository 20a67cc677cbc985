//! `federation get`: who signs in as a robot without its token.

use crate::connection::Connection;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::keyless::federation_of;
use quay_common::names::RobotName;

/// Show who signs in as a robot without its token
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Show the issuers, subjects and audiences
  kubectl quay-robot federation get myorg+deploy

  # The same as YAML
  kubectl quay-robot federation get myorg+deploy -o yaml
")]
pub struct GetArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

pub async fn run(args: GetArgs, console: &Console) -> Result<Exit, Failure> {
    let session = args.connection.open(console).await?;
    let found = federation_of(&session, &args.robot).await?;
    console.finish(&found, args.output.output)
}
