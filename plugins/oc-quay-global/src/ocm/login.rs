//! `ocm login`: check a login to Red Hat and keep it.

use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::credentials::Storage;
use quay_common::ocm::{OcmArgs, log_in};

/// Check a login to Red Hat and keep it in the OS keyring
///
/// The offline token from https://console.redhat.com/openshift/token comes from OCM_TOKEN,
/// --token-stdin or a hidden prompt. With --client-id it is a service account's secret,
/// from OCM_CLIENT_SECRET, --token-stdin or the prompt.
#[derive(Args)]
pub struct LoginArgs {
    /// Sign in as this service account
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// Read the offline token or client secret from stdin
    #[arg(long)]
    token_stdin: bool,

    /// Keep it in a plain file (mode 0600) instead of the keyring
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
        "logged in to Red Hat as {}; the login is kept {place}",
        login.account.username
    ));
    Ok(Exit::Success)
}
