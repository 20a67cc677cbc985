//! The secrets of logins, in the OS keyring or, if it was asked for, in a file.

pub(crate) use super::token::{from_environment, from_stdin};
use super::{insecure_file, keyring, token};
use crate::Failure;
use crate::cli::Console;
use crate::names::RegistryHost;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;

/// Where a login's token is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In the OS keyring.
    Keyring,
    /// In this file, readable by its owner, in plain text.
    File(PathBuf),
}

/// Finds out whether a token of the registry's can be kept, without having one.
pub(super) async fn try_out(
    registry: &RegistryHost,
    insecure_storage: bool,
) -> Result<(), Failure> {
    if insecure_storage {
        return insecure_file::try_out();
    }
    let tried = keyring::try_out(&keyring::trial_account(registry)).await;
    tried.map_err(|error| error.failure())
}

/// The item of a Red Hat login.
pub(crate) fn ocm_account(user: &str) -> String {
    format!("ocm:{user}")
}

/// Creates or replaces the item, which holds `what`, such as "the token".
pub(crate) async fn keep(
    account: &str,
    what: &str,
    secret: &SecretString,
    insecure_storage: bool,
) -> Result<Storage, Failure> {
    if insecure_storage {
        insecure_file::set(account, secret)?;
        return Ok(Storage::File(insecure_file::path()?));
    }
    keyring::set(account, secret).await.map_err(|error| {
        error
            .failure()
            .context(format!("{what} works but was not stored"))
    })?;
    Ok(Storage::Keyring)
}

/// The item's secret, if there is one.
pub(crate) async fn recall(
    account: &str,
    insecure_storage: bool,
) -> Result<Option<SecretString>, Failure> {
    match insecure_storage {
        true => insecure_file::get(account),
        false => keyring::get(account).await.map_err(|error| error.failure()),
    }
}

/// Removes the item; tells whether there was one.
pub(crate) async fn discard(account: &str, insecure_storage: bool) -> Result<bool, Failure> {
    match insecure_storage {
        true => insecure_file::remove(account),
        false => keyring::remove(account)
            .await
            .map_err(|error| error.failure()),
    }
}

/// Asks for the secret without showing it; `elsewhere` says how to give it otherwise.
pub(crate) fn from_prompt(
    console: &Console,
    what: &str,
    elsewhere: &str,
) -> Result<SecretString, Failure> {
    let typed = console.password(what, elsewhere)?;
    token::checked(typed.expose_secret(), what, "the answer")
}
