//! `remove`: one entry less.

use crate::FIELD_MANAGER;
use crate::change::{ChangeArgs, carry_out};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{ClusterArgs, connect};
use quay_common::global::{Intent, observe_to_write};

/// Remove one entry; Red Hat's entries also need --replace-entry
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Show what the secret would hold without the entry
  oc quay-global remove quay.example.com --dry-run

  # Remove an entry of Red Hat's
  oc quay-global remove cloud.openshift.com --replace-entry cloud.openshift.com
")]
pub struct RemoveArgs {
    /// Key of the entry in `auths`
    #[arg(value_name = "KEY")]
    key: String,

    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: RemoveArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let seen = observe_to_write(&clusters, args.change.dry_run).await?;
    let request = args.change.request(Intent::Remove(args.key));
    carry_out(&args.change, seen.request(&request), None, console).await
}
