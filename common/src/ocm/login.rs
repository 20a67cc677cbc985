//! Signing in to Red Hat: with an offline token or a service account.

use super::args::{OcmArgs, Services};
use super::client::{Account, Ocm};
use super::error::TOKEN_PAGE;
use super::sso::Grant;
use crate::Failure;
use crate::cli::Console;
use crate::credentials::{RememberedOcm, Settings, Storage, vault};
use crate::hint::{self, Hint};
use secrecy::SecretString;

/// How to sign in otherwise.
const ELSEWHERE: &str = "set OCM_TOKEN to an offline token from https://console.redhat.com/openshift/token, or pass --token-stdin";

/// A login that was checked and stored.
pub struct OcmLogin {
    pub account: Account,
    /// Where its token or secret is kept.
    pub storage: Storage,
}

/// Checks an offline token, or the secret of the service account `client_id`, and only
/// then stores it.
///
/// # Errors
/// There is nothing to sign in with, Red Hat refuses it, or it cannot be stored.
pub async fn log_in(
    args: &OcmArgs,
    client_id: Option<String>,
    token_stdin: bool,
    insecure_storage: bool,
    console: &Console,
) -> Result<OcmLogin, Failure> {
    let services = Services::of(args, None)?;
    let (what, variable) = match &client_id {
        Some(_) => ("client secret", "OCM_CLIENT_SECRET"),
        None => ("offline token", "OCM_TOKEN"),
    };
    let secret = match token_stdin {
        true => vault::from_stdin(what)?,
        false => match vault::from_environment(variable, what)? {
            Some(secret) => secret,
            None => vault::from_prompt(console, what, ELSEWHERE)?,
        },
    };
    let ocm = Ocm::new(services.clone(), grant(client_id.clone(), secret.clone()))?;
    let account = ocm.account().await;
    let account = account.map_err(|error| error.failure("sign in"))?;
    let item = vault::ocm_account(&account.username);
    let mut edit = Settings::edit()?;
    let storage = vault::keep(&item, "the login", &secret, insecure_storage)
        .await
        .map_err(|failure| failure.next(format!("{ELSEWHERE}, or --insecure-storage")))?;
    if let Some(old) = edit.settings.ocm.take()
        && (old.user != account.username || old.insecure_storage != insecure_storage)
    {
        vault::discard(&vault::ocm_account(&old.user), old.insecure_storage).await?;
    }
    edit.settings.ocm = Some(RememberedOcm {
        api: services.api,
        token_url: services.token_url,
        ca: services.ca,
        user: account.username.clone(),
        client_id,
        insecure_storage,
    });
    edit.save()?;
    Ok(OcmLogin { account, storage })
}

/// Removes the stored login; returns whose it was.
///
/// # Errors
/// The keyring does not let go of it: then it is not forgotten either.
pub async fn log_out() -> Result<Option<String>, Failure> {
    if Settings::load()?.ocm.is_none() {
        return Ok(None);
    }
    let mut edit = Settings::edit()?;
    let Some(login) = edit.settings.ocm.take() else {
        return Ok(None);
    };
    vault::discard(&vault::ocm_account(&login.user), login.insecure_storage).await?;
    edit.save()?;
    Ok(Some(login.user))
}

/// The login of the environment, or the stored one; `None` where there is neither.
///
/// # Errors
/// The keyring does not answer, the settings cannot be read, or the stored login is one at other
/// addresses than the flags or the environment name.
pub async fn open(args: &OcmArgs) -> Result<Option<Ocm>, Failure> {
    let settings = Settings::load()?;
    let remembered = settings.ocm;
    let known = remembered.as_ref().map(|login| Services {
        api: login.api.clone(),
        token_url: login.token_url.clone(),
        ca: login.ca.clone(),
    });
    let services = Services::of(args, known.as_ref())?;
    if let Some(token) = vault::from_environment("OCM_TOKEN", "offline token")? {
        return Ocm::new(services, Grant::Offline(token)).map(Some);
    }
    let id = std::env::var("OCM_CLIENT_ID").ok();
    if let Some(id) = id.filter(|id| !id.trim().is_empty())
        && let Some(secret) = vault::from_environment("OCM_CLIENT_SECRET", "client secret")?
    {
        return Ocm::new(services, Grant::ServiceAccount(id, secret)).map(Some);
    }
    let Some(login) = remembered else {
        return Ok(None);
    };
    if let Some(given) = elsewhere(&services, &login) {
        return Err(stored_for_another(given, &services, &login));
    }
    let item = vault::ocm_account(&login.user);
    match vault::recall(&item, login.insecure_storage).await? {
        Some(secret) => Ocm::new(services, grant(login.client_id, secret)).map(Some),
        None => Ok(None),
    }
}

/// The login that a command needs.
///
/// # Errors
/// There is none, the keyring does not answer, or the settings cannot be read.
pub async fn sign_in(args: &OcmArgs) -> Result<Ocm, Failure> {
    let log_in = || {
        hint::global("ocm login").say(&format!(
            ", or set OCM_TOKEN to an offline token from {TOKEN_PAGE}"
        ))
    };
    open(args).await?.ok_or_else(|| {
        Failure::new("you are not logged in to Red Hat's OpenShift Cluster Manager").next(log_in())
    })
}

/// Where the flags or the environment lead that is not where the login was made: the stored
/// secret, and the access token it is exchanged for, are for nobody else.
fn elsewhere<'a>(services: &'a Services, login: &RememberedOcm) -> Option<&'a str> {
    let pairs = [
        (&services.token_url, &login.token_url),
        (&services.api, &login.api),
    ];
    let mut pairs = pairs.into_iter();
    let (given, _) = pairs.find(|(given, known)| given != known)?;
    Some(given)
}

fn stored_for_another(given: &str, services: &Services, login: &RememberedOcm) -> Failure {
    let again = hint::global("ocm login --ocm-url").arg(&services.api);
    let again = again.words("--ocm-token-url").arg(&services.token_url);
    Failure::new(format!(
        "the login of {} is for {}, so it is not sent to {given} of OCM_URL, OCM_TOKEN_URL or \
         their flags",
        login.user, login.api
    ))
    .next(Hint::from("unset OCM_URL and OCM_TOKEN_URL; or, to use those services: ").run(again))
}

fn grant(client_id: Option<String>, secret: SecretString) -> Grant {
    match client_id {
        Some(id) => Grant::ServiceAccount(id, secret),
        None => Grant::Offline(secret),
    }
}
