//! `ocm login`: check a login to Red Hat and keep it.

use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::credentials::Storage;
use quay_common::ocm::{OcmArgs, log_in};

/// Check a login to Red Hat and store it in the OS keyring
///
/// Login reads your offline token from OCM_TOKEN, --token-stdin or a hidden prompt; you get the
/// token at https://console.redhat.com/openshift/token. With --client-id, login reads the secret
/// of that service account instead, from OCM_CLIENT_SECRET, --token-stdin or the prompt.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Ask for the offline token, without showing it
  oc quay-global ocm login

  # In a pipeline: sign in as a service account, with its secret from a file
  oc quay-global ocm login --client-id 1234-abcd --token-stdin < client-secret
")]
pub struct LoginArgs {
    /// Sign in as this service account
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// Read the offline token or client secret from stdin
    #[arg(long)]
    token_stdin: bool,

    /// Store the login in a plain file (mode 0600) instead of the keyring
    #[arg(long)]
    insecure_storage: bool,

    #[command(flatten)]
    ocm: OcmArgs,
}

pub async fn run(args: LoginArgs, console: &Console) -> Result<Exit, Failure> {
    let login = log_in(
        &args.ocm,
        args.client_id,
        args.token_stdin,
        args.insecure_storage,
        console,
    )
    .await?;
    let place = match &login.storage {
        Storage::Keyring => "in the OS keyring".to_owned(),
        Storage::File(path) => format!("in plain text in {}", path.display()),
    };
    console.note(format!(
        "logged in to Red Hat as {}; the login is stored {place}",
        login.account.username
    ));
    Ok(Exit::Success)
}
