//! Secrets of other services than Quay, kept where API tokens are kept.

use super::login::Storage;
use super::{insecure_file, keyring, token};
use crate::Failure;
use crate::cli::Console;
use secrecy::{ExposeSecret, SecretString};

/// The item of a Red Hat login.
pub(crate) fn ocm_account(user: &str) -> String {
    format!("ocm:{user}")
}

/// Creates or replaces the item.
pub(crate) async fn keep(
    account: &str,
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
            .context("the login is good but was not stored")
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

/// Reads a secret from stdin.
pub(crate) fn from_stdin(what: &str) -> Result<SecretString, Failure> {
    token::from_stdin(what)
}

/// The secret in an environment variable; one that is empty is not set.
pub(crate) fn from_environment(
    variable: &str,
    what: &str,
) -> Result<Option<SecretString>, Failure> {
    token::from_environment(variable, what)
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
