//! Tokens in one plain file, for machines without a keyring, and only when asked for.

use crate::hint::Hint;
use crate::{Failure, folders, private_file};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Account to token, as in the keyring.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Tokens(BTreeMap<String, Token>);

#[derive(Deserialize)]
#[serde(transparent)]
struct Token(#[serde(deserialize_with = "crate::web::body::secret")] SecretString);

/// `$XDG_STATE_HOME/kubectl-quay/credentials.json`.
pub(super) fn path() -> Result<PathBuf, Failure> {
    Ok(folders::state()?.join("credentials.json"))
}

/// The token of the account, if the file has one.
pub(super) fn get(account: &str) -> Result<Option<SecretString>, Failure> {
    let mut tokens = read(&path()?)?;
    Ok(tokens.0.remove(account).map(|token| token.0))
}

/// Finds out whether a token can be stored, without storing one.
pub(super) fn try_out() -> Result<(), Failure> {
    let path = path()?;
    path.parent().map_or(Ok(()), private_file::make_folder)?;
    read(&path)?;
    private_file::check_replaceable(&path)
}

/// Creates or replaces the account's token.
pub(super) fn set(account: &str, secret: &SecretString) -> Result<(), Failure> {
    let path = path()?;
    let _turn = private_file::turn(&path)?;
    let mut tokens = read(&path)?;
    tokens.0.insert(account.to_owned(), Token(secret.clone()));
    write(&path, &tokens)
}

/// Removes the account's token; tells whether there was one.
pub(super) fn remove(account: &str) -> Result<bool, Failure> {
    let path = path()?;
    if !path.exists() {
        return Ok(false);
    }
    let _turn = private_file::turn(&path)?;
    let mut tokens = read(&path)?;
    if tokens.0.remove(account).is_none() {
        return Ok(false);
    }
    if tokens.0.is_empty() {
        return std::fs::remove_file(&path)
            .map(|()| true)
            .map_err(|error| Failure::new(format!("cannot remove {}: {error}", path.display())));
    }
    write(&path, &tokens).map(|()| true)
}

fn read(path: &Path) -> Result<Tokens, Failure> {
    let failed = |reason: &str| Failure::new(format!("cannot use {}: {reason}", path.display()));
    let Some(file) = private_file::open(path)? else {
        return Ok(Tokens::default());
    };
    if private_file::is_open_to_others(&file).map_err(|error| failed(&error.to_string()))? {
        return Err(failed("other users can read it").next(format!(
            "run chmod 600 {}, then replace the tokens in it at Quay",
            path.display()
        )));
    }
    let text = private_file::content(path, file)?;
    // The parser's message might quote a token.
    serde_json::from_slice(&text).map_err(|_| {
        let remedy = Hint::from("correct the file, or remove it and log in again: rm ");
        failed("it is not a JSON object of tokens").next(remedy.word(path.display()))
    })
}

fn write(path: &Path, tokens: &Tokens) -> Result<(), Failure> {
    let plain: BTreeMap<&str, &str> = tokens
        .0
        .iter()
        .map(|(account, token)| (account.as_str(), token.0.expose_secret()))
        .collect();
    let text = serde_json::to_string_pretty(&plain)
        .map_err(|_| Failure::new("cannot write the tokens as JSON"))?;
    private_file::replace(path, text.as_bytes())
}
