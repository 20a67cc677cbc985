//! Logging in and out.

use super::alias::ask_for_alias;
use super::keyring::api_account;
use super::quay_args::QuayArgs;
use super::session::{Session, endpoint, given_token};
use super::settings::{Kept, Settings};
use super::state_args::StateArgs;
use super::vault::Storage;
use super::{token, vault};
use crate::Failure;
use crate::cli::Console;
use crate::cluster::ClusterArgs;
use crate::names::RegistryHost;
use crate::registry::Registry;
use crate::web::{ApiError, Endpoint};
use secrecy::SecretString;

/// A login that was checked.
pub struct Login {
    /// The session it opened.
    pub session: Session,
    /// Whose token it is.
    pub user: String,
    /// Where the token is kept, or why this machine has no place for it.
    pub storage: Result<Storage, Failure>,
}

/// Checks the token against Quay, and only then stores it and remembers the registry. Whatever can
/// fail without the token fails before it is asked for. Without a place for the token, what is no
/// secret is remembered all the same.
pub async fn log_in(
    args: &QuayArgs,
    cluster: &ClusterArgs,
    state: &StateArgs,
    insecure_storage: bool,
    console: &Console,
) -> Result<Login, Failure> {
    let state = state.checked()?;
    let mut endpoint = endpoint(args, &Settings::load()?)?;
    try_address(&mut endpoint, console).await?;
    let place = vault::try_out(&endpoint.registry, insecure_storage).await;
    let token = match given_token(args, cluster).await? {
        Some(token) => token,
        None => {
            if let Err(no_place) = place {
                remember_without_token(&endpoint, "", state)?;
                return Err(no_place.context("the API token was not asked for"));
            }
            token::from_prompt(console, &format!("API token for {}", endpoint.registry))?
        }
    };
    let session = Session::new(endpoint, token.clone(), None)?;
    let user = session.quay.whose().await;
    let user = user.map_err(|error| refused(&error, &session.endpoint))?;
    let storage = match place {
        Ok(()) => {
            let stored = store(&session.endpoint, &user, &token, state, insecure_storage);
            Ok(stored.await?)
        }
        Err(no_place) => {
            remember_without_token(&session.endpoint, &user, state)?;
            if args.token_stdin {
                return Err(no_place.context("the token works but was not stored"));
            }
            Err(no_place)
        }
    };
    Ok(Login {
        session,
        user,
        storage,
    })
}

/// Finds out whether the registry and its API answer and are trusted, and what it calls itself.
async fn try_address(endpoint: &mut Endpoint, console: &Console) -> Result<(), Failure> {
    let registry = Registry::connect(endpoint)?;
    match registry.server_config().await {
        // What a server says of itself is not needed here.
        Ok(_) | Err(ApiError::Unexpected { .. }) => {}
        Err(error) => return Err(error.failure("the login", endpoint)),
    }
    ask_for_alias(endpoint, console).await?;
    let asked = Registry::connect(endpoint)?.answers().await;
    asked.map_err(|error| error.failure("the login", endpoint))
}

/// Nobody whose token is refused at a login is sent to `login`.
fn refused(error: &ApiError, endpoint: &Endpoint) -> Failure {
    let failure = error.failure("the login", endpoint);
    match error {
        ApiError::BadToken => Failure::new(failure.message())
            .next(format!("make another API token: {}", token::WHERE_MADE)),
        _ => failure,
    }
}

/// Stores the token and remembers the registry. What another login of this registry has stored is
/// removed.
async fn store(
    endpoint: &Endpoint,
    user: &str,
    token: &SecretString,
    state: Option<String>,
    insecure_storage: bool,
) -> Result<Storage, Failure> {
    let account = api_account(endpoint, user);
    // Read anew: others may have logged in while this token was looked at.
    let mut edit = Settings::edit()?;
    let storage = vault::keep(&account, "the token", token, insecure_storage).await?;
    let kept = match insecure_storage {
        true => Kept::File,
        false => Kept::Keyring,
    };
    let registry = endpoint.registry.clone();
    let settings = &mut edit.settings;
    let replaced = settings.registries.get(&registry).cloned();
    settings.remember(endpoint, user, kept);
    settings.state = state.or(settings.state.take());
    edit.save()?;
    if let Some(old) = replaced.filter(|old| !old.without_token) {
        let old_account = api_account(&old.endpoint(registry), &old.user);
        if old_account != account || old.insecure_storage != insecure_storage {
            vault::discard(&old_account, old.insecure_storage).await?;
        }
    }
    Ok(storage)
}

/// Remembers the registry alone, unless an earlier login has a token for it.
fn remember_without_token(
    endpoint: &Endpoint,
    user: &str,
    state: Option<String>,
) -> Result<(), Failure> {
    let mut edit = Settings::edit()?;
    let settings = &mut edit.settings;
    let earlier = settings.registries.get(&endpoint.registry);
    if !earlier.is_some_and(|login| !login.without_token && login.is_for(endpoint)) {
        settings.remember(endpoint, user, Kept::Nowhere);
    }
    settings.state = state.or(settings.state.take());
    edit.save()
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
    let had_token =
        !remembered.without_token && vault::discard(&account, remembered.insecure_storage).await?;
    edit.save()?;
    Ok(Some(LoggedOut {
        registry,
        user: remembered.user,
        had_token,
        default: edit.settings.default.clone(),
    }))
}
