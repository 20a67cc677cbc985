//! `login`: check a token, keep it, remember the registry.

use crate::connection::{Connection, failed};
use crate::scopes;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::credentials::{StateArgs, Storage, log_in};

/// Check an API token and store it in the OS keyring
///
/// Login reads the token from --token-stdin, QUAY_API_TOKEN or a hidden prompt, and stores it
/// only if Quay accepts it. Later commands use this registry unless they name another one.
/// `logout` removes the token.
///
/// Quay can call itself by another name than the one you gave (its SERVER_HOSTNAME). Login
/// treats that name as the same registry only if you agree: answer the question, or pass
/// --registry-alias.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Ask for the token, without showing it
  kubectl quay-robot login --registry quay.example.com

  # Read the token from a file; trust the registry's own certificate authority
  kubectl quay-robot login --registry quay.example.com:8443 --registry-ca ca.pem --token-stdin < token
")]
pub struct LoginArgs {
    /// Store the token in a plain file (mode 0600) instead of the keyring
    #[arg(long)]
    insecure_storage: bool,

    #[command(flatten)]
    state: StateArgs,
    #[command(flatten)]
    connection: Connection,
}

/// Prints whose token it is, where it is kept, and what it is good for.
pub async fn run(args: LoginArgs, console: &Console) -> Result<Exit, Failure> {
    let Connection { quay, cluster } = &args.connection;
    let login = log_in(quay, cluster, &args.state, args.insecure_storage, console).await?;
    let place = match &login.storage {
        Storage::Keyring => "in the OS keyring".to_owned(),
        Storage::File(path) => format!("in plain text in {}", path.display()),
    };
    let session = &login.session;
    console.note(format!(
        "logged in to {} as {}; the API token is stored {place}",
        session.endpoint.registry, login.user
    ));
    for alias in &session.endpoint.aliases {
        console.note(format!(
            "{alias} counts as {} too: credentials of either one can be sent to the other",
            session.endpoint.registry
        ));
    }
    let report = session
        .quay
        .scopes(None)
        .await
        .map_err(failed(session, "the token's scopes"))?;
    console.data(scopes::table(&report).render())?;
    Ok(Exit::Success)
}
