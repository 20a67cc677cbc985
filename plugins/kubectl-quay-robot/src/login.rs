//! `login`: check a token, keep it, remember the registry.

use crate::connection::{Connection, failed};
use crate::scopes;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::credentials::{StateArgs, Storage, log_in};

/// Check an API token and store it in the OS keyring
///
/// Login first tries the address, the certificate, and whether a token can be stored. Then it
/// reads the token from --token-stdin, QUAY_API_TOKEN or a hidden prompt, and stores it only if
/// Quay accepts it. Later commands use this registry unless they name another one. `logout`
/// removes the token.
///
/// Without a keyring, login remembers the registry, its address and its certificate authority.
/// Later commands then need only QUAY_API_TOKEN.
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
    let session = &login.session;
    let place = match &login.storage {
        Ok(Storage::Keyring) => "the API token is stored in the OS keyring".to_owned(),
        Ok(Storage::File(path)) => {
            format!(
                "the API token is stored in plain text in {}",
                path.display()
            )
        }
        Err(_) => "the registry is remembered, and the API token is not stored".to_owned(),
    };
    console.note(format!(
        "logged in to {} as {}; {place}",
        session.endpoint.registry, login.user
    ));
    if let Err(no_place) = &login.storage {
        console.warn(format!(
            "{}; give later commands the API token as you gave it to this one",
            no_place.message()
        ));
    }
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
