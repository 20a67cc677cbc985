//! The OS keyring: one item a token, under the service `kubectl-quay`.

use crate::Failure;
use crate::names::{RegistryHost, RobotName};
use crate::web::Endpoint;
use keyring::{Entry, Error};
use secrecy::{ExposeSecret, SecretString};
#[cfg(all(unix, not(target_os = "macos")))]
use secret_service::{EncryptionType, blocking::SecretService};
#[cfg(all(unix, not(target_os = "macos")))]
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::oneshot;

const SERVICE: &str = "kubectl-quay";

/// A keyring that asks somebody who is not there must not hold us up.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why the keyring did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyringError {
    /// This machine or session has none.
    #[error("this session has no keyring: {0}")]
    Absent(String),
    /// It is there, but closed.
    #[error("the keyring is locked or refuses access: {0}")]
    Locked(String),
    /// It does not answer.
    #[error("the keyring did not answer within {} s", PATIENCE.as_secs())]
    Hanging,
    /// Anything else.
    #[error("the keyring failed: {0}")]
    Failed(String),
}

impl KeyringError {
    /// The failure to report, with what to use instead.
    pub fn failure(&self) -> Failure {
        Failure::new(self.to_string()).next(
            "unlock the keyring, or work without it: set QUAY_API_TOKEN, pass --token-stdin or \
             --auth-secret NAMESPACE/NAME, or log in with --insecure-storage",
        )
    }
}

/// The item of a user's API token. An API that is not at `https://REGISTRY` is part of its name:
/// whatever becomes of `config.yaml`, the token is found for the address it was stored for alone.
pub(super) fn api_account(endpoint: &Endpoint, user: &str) -> String {
    let Endpoint { registry, api, .. } = endpoint;
    match *api == Endpoint::of(registry.clone()).api {
        true => format!("api:{registry}:{user}"),
        false => format!("api:{registry}:{user}@{api}"),
    }
}

/// The item with which a login tries whether its token can be stored.
pub(super) fn trial_account(registry: &RegistryHost) -> String {
    format!("try:{registry}")
}

/// The item of a robot's token.
pub(super) fn robot_account(registry: &RegistryHost, robot: &RobotName) -> String {
    format!("robot:{registry}:{robot}")
}

/// The secret of the item, if there is one.
pub(super) async fn get(account: &str) -> Result<Option<SecretString>, KeyringError> {
    let found = on_thread(account, |entry| {
        entry.get_password().map(SecretString::from)
    })
    .await;
    absent_is_none(found)
}

/// The secret of the item, if it can be had without a dialog: a keyring that is locked
/// stays so. The Keychain of macOS asks before it lets a new program read, so it is not read.
pub(super) async fn get_without_asking(account: &str) -> Option<SecretString> {
    if cfg!(target_os = "macos") {
        return None;
    }
    let found = on_thread(account, |entry| match is_open(entry) {
        true => entry.get_password().map(SecretString::from),
        false => Err(Error::NoEntry),
    })
    .await;
    absent_is_none(found).ok().flatten()
}

/// Whether the item can be read as things are; the search itself unlocks nothing.
#[cfg(all(unix, not(target_os = "macos")))]
fn is_open(entry: &Entry) -> bool {
    let Some((_, account)) = entry.inner.get_specifiers() else {
        return false;
    };
    let attributes = HashMap::from([("service", SERVICE), ("username", account.as_str())]);
    SecretService::connect(EncryptionType::Plain)
        .ok()
        .and_then(|service| {
            let found = service.search_items(attributes).ok()?;
            Some(found.locked.is_empty() && !found.unlocked.is_empty())
        })
        .unwrap_or(false)
}

/// The Credential Manager of Windows is open to whoever is signed in.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn is_open(_: &Entry) -> bool {
    true
}

/// Tries whether items can be stored, with one that holds no secret and is removed again.
pub(super) async fn try_out(account: &str) -> Result<(), KeyringError> {
    on_thread(account, |entry| {
        entry.set_password("no secret")?;
        entry.delete_credential()
    })
    .await
    .map_err(Outcome::into_error)
}

/// Creates or replaces the item.
pub(super) async fn set(account: &str, secret: &SecretString) -> Result<(), KeyringError> {
    let secret = secret.clone();
    on_thread(account, move |entry| {
        entry.set_password(secret.expose_secret())
    })
    .await
    .map_err(Outcome::into_error)
}

/// Removes the item; tells whether there was one.
pub(super) async fn remove(account: &str) -> Result<bool, KeyringError> {
    let removed = on_thread(account, |entry| entry.delete_credential()).await;
    Ok(absent_is_none(removed)?.is_some())
}

enum Outcome {
    NoItem,
    Error(KeyringError),
}

impl Outcome {
    fn into_error(self) -> KeyringError {
        match self {
            Self::NoItem => KeyringError::Failed("the item no longer exists".to_owned()),
            Self::Error(error) => error,
        }
    }
}

fn absent_is_none<T>(result: Result<T, Outcome>) -> Result<Option<T>, KeyringError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Outcome::NoItem) => Ok(None),
        Err(Outcome::Error(error)) => Err(error),
    }
}

/// The keyring's calls block, some for as long as nobody answers a dialog: each gets a
/// thread that is left behind when time is up.
async fn on_thread<T: Send + 'static>(
    account: &str,
    work: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, Outcome> {
    let (done, result) = oneshot::channel();
    let account = account.to_owned();
    let spawned = std::thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || {
            let outcome = Entry::new(SERVICE, &account).and_then(|entry| work(&entry));
            // Nobody waits any more where this cannot be sent.
            let _ = done.send(outcome.map_err(|error| classify(&error)));
        });
    if let Err(error) = spawned {
        return Err(Outcome::Error(KeyringError::Failed(error.to_string())));
    }
    match tokio::time::timeout(PATIENCE, result).await {
        Err(_) => Err(Outcome::Error(KeyringError::Hanging)),
        Ok(Err(_)) => Err(Outcome::Error(KeyringError::Failed(
            "its client ended early".to_owned(),
        ))),
        Ok(Ok(outcome)) => outcome,
    }
}

fn classify(error: &Error) -> Outcome {
    Outcome::Error(match error {
        Error::NoEntry => return Outcome::NoItem,
        Error::NoDefaultStore => KeyringError::Absent(why_absent()),
        Error::NoStorageAccess(reason) => KeyringError::Locked(reason.to_string()),
        // What gnome-keyring answers when it is locked and nobody can be asked.
        Error::PlatformFailure(reason) if reason.to_string().contains("result not returned") => {
            KeyringError::Locked("it is locked, and there is no prompt to unlock it".to_owned())
        }
        Error::PlatformFailure(reason) => KeyringError::Failed(reason.to_string()),
        // Other variants may carry the item's content.
        _ => KeyringError::Failed("the item cannot be read".to_owned()),
    })
}

fn why_absent() -> String {
    match Entry::store_status() {
        Err(Error::PlatformFailure(reason) | Error::NoStorageAccess(reason)) => reason.to_string(),
        _ => "no D-Bus session with a Secret Service".to_owned(),
    }
}
