//! Logging in and out.

use super::alias::ask_for_alias;
use super::keyring::api_account;
use super::quay_args::QuayArgs;
use super::session::{Session, endpoint, given_token};
use super::settings::Settings;
use super::state_args::StateArgs;
use super::vault::Storage;
use super::{token, vault};
use crate::Failure;
use crate::cli::Console;
use crate::cluster::ClusterArgs;
use crate::names::RegistryHost;

/// A login that was checked and stored.
pub struct Login {
    /// The session it opened.
    pub session: Session,
    /// Whose token it is.
    pub user: String,
    /// Where the token is kept.
    pub storage: Storage,
}

/// Checks the token against Quay, and only then stores it and remembers the registry.
pub async fn log_in(
    args: &QuayArgs,
    cluster: &ClusterArgs,
    state: &StateArgs,
    insecure_storage: bool,
    console: &Console,
) -> Result<Login, Failure> {
    let state = state.checked()?;
    let mut endpoint = endpoint(args, &Settings::load()?)?;
    let token = match given_token(args, cluster).await? {
        Some(token) => token,
        None => token::from_prompt(console, &format!("API token for {}", endpoint.registry))?,
    };
    ask_for_alias(&mut endpoint, console).await?;
    let session = Session::new(endpoint, token.clone(), None)?;
    let user = session
        .quay
        .whose()
        .await
        .map_err(|error| error.failure("the login", &session.endpoint))?;
    let account = api_account(&session.endpoint, &user);
    // Read anew: others may have logged in while this token was looked at.
    let mut edit = Settings::edit()?;
    let storage = vault::keep(&account, "the token", &token, insecure_storage).await?;
    let registry = session.endpoint.registry.clone();
    let settings = &mut edit.settings;
    let replaced = settings.registries.get(&registry).cloned();
    settings.remember(&session.endpoint, &user, insecure_storage);
    settings.state = state.or(settings.state.take());
    edit.save()?;
    if let Some(old) = replaced {
        let old_account = api_account(&old.endpoint(registry), &old.user);
        if old_account != account || old.insecure_storage != insecure_storage {
            vault::discard(&old_account, old.insecure_storage).await?;
        }
    }
    Ok(Login {
        session,
        user,
        storage,
    })
}

/// What logging out did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOut {
    /// The registry that was forgotten.
    pub registry: RegistryHost,
    /// Whose login it was.
    pub user: String,
    /// Whether there was a token to remove.
    pub had_token: bool,
    /// The registry later commands mean where none is named.
    pub default: Option<RegistryHost>,
}

/// Removes the login's token and forgets its registry; `None` where there was no login.
/// Without `registry` the default one is meant.
pub async fn log_out(registry: Option<RegistryHost>) -> Result<Option<LoggedOut>, Failure> {
    if Settings::load()? == Settings::default() {
        // No file is made for this.
        return Ok(None);
    }
    let mut edit = Settings::edit()?;
    let Some(registry) = registry.or_else(|| edit.settings.default.clone()) else {
        return Ok(None);
    };
    let Some(remembered) = edit.settings.forget(&registry) else {
        return Ok(None);
    };
    let account = api_account(&remembered.endpoint(registry.clone()), &remembered.user);
    let had_token = vault::discard(&account, remembered.insecure_storage).await?;
    edit.save()?;
    Ok(Some(LoggedOut {
        registry,
        user: remembered.user,
        had_token,
        default: edit.settings.default.clone(),
    }))
}
