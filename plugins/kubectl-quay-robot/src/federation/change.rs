//! `federation set`, `add` and `remove`: who signs in as a robot without its token.

use super::subjects::SubjectArgs;
use crate::connection::Connection;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::ClientDryRun;
use quay_common::keyless::{FederationEdit, FederationRequest, change};
use quay_common::names::RobotName;
use quay_common::quay::FederatedSubject;

/// The flags of every command that changes the list.
#[derive(Debug, Args)]
struct ChangeArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    #[command(flatten)]
    subjects: SubjectArgs,

    /// Write although Quay's API may erase audiences that are stored already
    #[arg(long, hide_short_help = true)]
    erase_audiences: bool,

    /// Do not ask before somebody is removed
    #[arg(short, long)]
    yes: bool,

    #[command(flatten)]
    dry_run: ClientDryRun,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

/// Let exactly these sign in as a robot, and nobody else
///
/// Quay then takes a token of the subject's issuer, and gives a token of the robot for an hour. A
/// cluster's service accounts are found by the cluster's own discovery document. The robot's own
/// token keeps working.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  # A service account of the current cluster
  kubectl quay-robot federation set myorg+deploy --service-account shop/app

  # Workflows of a GitHub repository on its main branch
  kubectl quay-robot federation set myorg+ci --github acme/app --branch main
")]
pub struct SetArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

/// Let somebody else sign in as a robot too
///
/// The others stay as they are.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  # Every service account of a namespace
  kubectl quay-robot federation add myorg+deploy -n shop --all-service-accounts

  # A subject of any other issuer
  kubectl quay-robot federation add myorg+ci --issuer https://gitlab.example.com --subject project_path:acme/app:ref_type:branch:ref:main
")]
pub struct AddArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

/// Let somebody no longer sign in as a robot
///
/// A token that Quay gave already works until its hour is over, and a pull with it for one more
/// hour. To end it at once, revoke the robot's roles.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  # A service account of the current cluster
  kubectl quay-robot federation remove myorg+deploy --service-account shop/app

  # A subject of any issuer
  kubectl quay-robot federation remove myorg+ci --issuer https://gitlab.example.com --subject project_path:acme/app:ref_type:branch:ref:main
")]
pub struct RemoveArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

pub async fn set(args: SetArgs, console: &Console) -> Result<Exit, Failure> {
    run(args.change, FederationEdit::Set, console).await
}

pub async fn add(args: AddArgs, console: &Console) -> Result<Exit, Failure> {
    run(args.change, FederationEdit::Add, console).await
}

pub async fn remove(args: RemoveArgs, console: &Console) -> Result<Exit, Failure> {
    run(args.change, FederationEdit::Remove, console).await
}

async fn run(
    args: ChangeArgs,
    edit: fn(Vec<FederatedSubject>) -> FederationEdit,
    console: &Console,
) -> Result<Exit, Failure> {
    let session = args.connection.open(console).await?;
    let subjects = args.subjects.subjects(&args.connection.cluster, console);
    let request = FederationRequest {
        robot: &args.robot,
        edit: edit(subjects.await?),
        erase_audiences: args.erase_audiences,
        yes: args.yes,
        dry_run: args.dry_run.label(),
    };
    let changes = change(&session, request, console).await?;
    console.finish(&changes, args.output.output)
}
