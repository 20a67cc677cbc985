//! `attach` and `detach`: which service accounts and workloads use a pull secret.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, DryRun, NamespaceArgs, connect, parse_object_name};
use quay_common::pullsecret::{ReferenceEdit, ReferenceRequest, edit_references};

/// Make service accounts or workloads use a pull secret
#[derive(Args)]
#[command(after_long_help = "Examples:
  # New pods of the service account default use the secret
  kubectl quay-pullsecret attach quay-pull-secret -n staging --service-account default

  # One deployment uses it; its pods are replaced
  kubectl quay-pullsecret attach quay-pull-secret -n staging --workload deployment/shop
")]
pub struct AttachArgs {
    #[command(flatten)]
    references: ReferenceArgs,
}

/// Stop service accounts or workloads from using a pull secret
#[derive(Args)]
#[command(after_long_help = "Examples:
  # No service account in the namespace uses the secret any more
  kubectl quay-pullsecret detach old-pull-secret -n staging --all-service-accounts

  # Show what would change for one deployment
  kubectl quay-pullsecret detach old-pull-secret -n staging --workload deployment/shop --dry-run
")]
pub struct DetachArgs {
    #[command(flatten)]
    references: ReferenceArgs,
}

/// Whose references are changed, and where.
#[derive(Args)]
struct ReferenceArgs {
    /// Name of the pull secret
    #[arg(value_parser = parse_object_name)]
    secret: String,

    /// Service account to change (repeat for several)
    #[arg(long, value_name = "NAME", value_parser = parse_object_name)]
    service_account: Vec<String>,

    /// Change every service account in the namespace
    #[arg(long, conflicts_with = "service_account")]
    all_service_accounts: bool,

    /// Workload whose pod template to change, such as deployment/shop (repeat for several)
    #[arg(long, value_name = "KIND/NAME")]
    workload: Vec<String>,

    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: NamespaceArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn attach(args: AttachArgs, console: &Console) -> Result<Exit, Failure> {
    run(args.references, ReferenceEdit::Attach, console).await
}

pub async fn detach(args: DetachArgs, console: &Console) -> Result<Exit, Failure> {
    run(args.references, ReferenceEdit::Detach, console).await
}

async fn run(args: ReferenceArgs, edit: ReferenceEdit, console: &Console) -> Result<Exit, Failure> {
    if args.service_account.is_empty() && !args.all_service_accounts && args.workload.is_empty() {
        return Err(
            Failure::usage("no service account and no workload is named").next(
                "pass --service-account NAME, --all-service-accounts or --workload KIND/NAME",
            ),
        );
    }
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let request = ReferenceRequest {
        edit,
        secret: &args.secret,
        service_accounts: &args.service_account,
        all_service_accounts: args.all_service_accounts,
        workloads: &args.workload,
        scope: &args.scope,
        dry_run: args.dry_run,
    };
    let outcomes = edit_references(&request, &clusters, console.progress()).await?;
    console.finish(&outcomes, args.output.output)
}
