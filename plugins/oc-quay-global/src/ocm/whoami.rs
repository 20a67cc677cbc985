//! `ocm whoami`: whose login it is.

use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::ocm::{OcmArgs, sign_in};

/// Show the account that you are logged in to Red Hat as
///
/// The id is what Red Hat's API names accounts by, such as in
/// `/api/accounts_mgmt/v1/accounts/ID/pull_secret_rotation`.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Show the account's id, username, email and organization
  oc quay-global ocm whoami

  # Only the id, for a script
  oc quay-global ocm whoami -o json | jq -r .id
")]
pub struct WhoamiArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    ocm: OcmArgs,
}

pub async fn run(args: WhoamiArgs, console: &Console) -> Result<Exit, Failure> {
    let account = sign_in(&args.ocm).await?.owner().await?;
    console.finish(&account, args.output.output)
}
