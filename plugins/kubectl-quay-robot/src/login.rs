//! `login`: check a token, keep it, remember the registry.

use crate::connection::{Connection, failed};
use crate::scopes;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::credentials::{StateArgs, Storage, log_in};

/// Check an API token and keep it in the OS keyring
///
/// The token comes from --token-stdin, QUAY_API_TOKEN or a hidden prompt. Quay has to
/// accept it before it is stored. A Quay that calls itself by another name (its
/// SERVER_HOSTNAME) goes by that name only if you agree: to the question, or by
/// --registry-alias. `logout` forgets it. Later commands mean this registry where none is named.
#[derive(Debug, clap::Args)]
pub struct LoginArgs {
    /// Keep the token in a plain file (mode 0600) instead of the keyring
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
        "logged in to {} as {}; the API token is kept {place}",
        session.endpoint.registry, login.user
    ));
    for alias in &session.endpoint.aliases {
        console.note(format!(
            "{alias} counts as {} too: credentials for the one may go to the other",
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
