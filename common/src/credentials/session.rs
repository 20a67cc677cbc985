//! Signing in: which registry, with which token.

use super::alias::{aliases, check_given, idle};
use super::cluster_secret::token_from_secret;
use super::quay_args::QuayArgs;
use super::settings::{Remembered, Settings};
use super::{keyring, token, vault};
use crate::cli::Console;
use crate::cluster::ClusterArgs;
use crate::hint::{self, Hint};
use crate::names::RegistryHost;
use crate::quay::Quay;
use crate::registry::Registry;
use crate::web::{Endpoint, Transport, parse_origin};
use crate::{Failure, cluster};
use secrecy::SecretString;
use std::sync::Arc;

/// One registry, with a token for its API.
pub struct Session {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Its API.
    pub quay: Quay,
    /// Its registry side.
    pub registry: Registry,
    /// Whose token it is, where that is known without asking.
    pub user: Option<String>,
}

impl Session {
    /// A session with this token; both sides share their connections. Nothing is sent.
    pub fn new(
        endpoint: Endpoint,
        token: SecretString,
        user: Option<String>,
    ) -> Result<Self, Failure> {
        let transport = Arc::new(Transport::open(&endpoint)?);
        let quay = Quay::new(transport, token, user.clone());
        Ok(Self {
            endpoint,
            registry: quay.registry().clone(),
            quay,
            user,
        })
    }
}

/// Which registry is meant: `--registry`, else the host of `--quay-url` or `QUAY_URL`,
/// else the last login's. What a login remembered fills in the rest.
///
/// # Errors
/// A usage failure that names `login` when nothing says which registry.
pub fn endpoint(args: &QuayArgs, settings: &Settings) -> Result<Endpoint, Failure> {
    let given = args
        .quay_url
        .as_deref()
        .filter(|url| !url.trim().is_empty());
    let origin = given
        .map(|url| parse_origin(url.trim(), args.registry_insecure))
        .transpose()
        .map_err(Failure::usage)?;
    let registry = args
        .registry
        .clone()
        .or_else(|| origin.as_ref().map(|(_, host)| host.clone()))
        .or_else(|| settings.default.clone())
        .ok_or_else(|| {
            Failure::usage("no registry is given, and you are not logged in to one").next(
                Hint::from("pass --registry HOST, or log in once: ")
                    .run(hint::robot("login --registry HOST")),
            )
        })?;
    let aliases = aliases(&registry, &args.aliases()?, settings)?;
    let mut endpoint = match settings.registries.get(&registry) {
        Some(remembered) => remembered.endpoint(registry),
        None => Endpoint::of(registry),
    };
    endpoint.aliases = aliases;
    if let Some((api, _)) = origin {
        endpoint.api = api;
    }
    if let Some(ca) = args
        .registry_ca
        .as_ref()
        .filter(|ca| !ca.as_os_str().is_empty())
    {
        // Settings outlive the directory the command was typed in.
        endpoint.ca = Some(std::path::absolute(ca).unwrap_or_else(|_| ca.clone()));
    }
    endpoint.insecure |= args.registry_insecure;
    Ok(endpoint)
}

/// The session for one endpoint, if its token is anywhere: `--token-stdin` or `--auth-secret`,
/// else `QUAY_API_TOKEN`, else the login's keyring item, else a prompt.
///
/// # Errors
/// A token that was named cannot be read, or the login's was stored for another address.
pub async fn try_sign_in(
    args: &QuayArgs,
    cluster: &ClusterArgs,
    endpoint: Endpoint,
    console: &Console,
) -> Result<Option<Session>, Failure> {
    if let Some(token) = given_token(args, cluster).await? {
        return Session::new(endpoint, token, None).map(Some);
    }
    let settings = Settings::load()?;
    if let Some(remembered) = settings.registries.get(&endpoint.registry) {
        if !remembered.is_for(&endpoint) {
            return Err(stored_for_another(&endpoint, remembered));
        }
        if let Some(session) = remembered_session(&endpoint, remembered).await? {
            return Ok(Some(session));
        }
    }
    if console.can_ask() {
        let question = format!("API token for {}", endpoint.registry);
        let token = token::from_prompt(console, &question)?;
        return Session::new(endpoint, token, None).map(Some);
    }
    Ok(None)
}

/// The session a command needs that talks to one registry.
///
/// # Errors
/// There is no token; the failure names `login`.
pub async fn sign_in(
    args: &QuayArgs,
    cluster: &ClusterArgs,
    console: &Console,
) -> Result<Session, Failure> {
    let endpoint = endpoint(args, &Settings::load()?)?;
    let registry = endpoint.registry.clone();
    let session = try_sign_in(args, cluster, endpoint, console).await?;
    session.ok_or_else(|| {
        Failure::new(format!("you are not logged in to {registry}")).next(
            hint::robot("login --registry")
                .arg(&registry)
                .say(", or set QUAY_API_TOKEN"),
        )
    })
}

/// Every session there is, and what is to be said of logins that are left out.
#[derive(Default)]
pub struct SignIns {
    pub sessions: Vec<Session>,
    /// A sentence for each login whose token is gone or cannot be read.
    pub left_out: Vec<String>,
}

/// The session that the flags or the environment name, or those of all logins.
///
/// # Errors
/// The settings, or a token that was named, cannot be read.
pub async fn sign_in_everywhere(
    args: &QuayArgs,
    cluster: &ClusterArgs,
    console: &Console,
) -> Result<SignIns, Failure> {
    let settings = Settings::load()?;
    let mut sign_ins = SignIns::default();
    let named = args.registry.is_some()
        || args.quay_url.is_some()
        || args.token_stdin
        || args.auth_secret.is_some();
    if named || given_in_environment()? {
        let endpoint = endpoint(args, &settings)?;
        let session = try_sign_in(args, cluster, endpoint, console).await?;
        sign_ins.sessions.extend(session);
        return Ok(sign_ins);
    }
    let given = args.aliases()?;
    check_given(&given, &settings)?;
    // Side by side, so that a keyring that hangs costs its three seconds once.
    let opened = settings
        .registries
        .iter()
        .map(async |(registry, remembered)| {
            let endpoint = remembered_endpoint(registry, remembered, &given, &settings).await;
            let session = match endpoint {
                Ok(endpoint) => remembered_session(&endpoint, remembered).await,
                Err(failure) => Err(failure),
            };
            (registry, session)
        });
    for (registry, session) in futures::future::join_all(opened).await {
        let left_out = match session {
            Ok(Some(session)) => {
                sign_ins.sessions.push(session);
                continue;
            }
            Ok(None) if settings.registries[registry].without_token => format!(
                "{registry} is left out: no API token is stored for it, and QUAY_API_TOKEN is not \
                 set"
            ),
            Ok(None) => format!(
                "the token of the login to {registry} is gone, so that registry \
                                 is left out"
            ),
            Err(failure) => format!("the login to {registry} is left out: {failure}"),
        };
        sign_ins.left_out.push(left_out);
    }
    let endpoints = sign_ins.sessions.iter().map(|session| &session.endpoint);
    let hosts: Vec<RegistryHost> = endpoints.flat_map(Endpoint::hosts).collect();
    sign_ins.left_out.extend(idle(&given, &hosts));
    Ok(sign_ins)
}

/// A login's endpoint, where all logins are meant. `--registry-alias` then says nothing of
/// whose alias it is: it counts for the login whose registry calls itself so.
async fn remembered_endpoint(
    registry: &RegistryHost,
    remembered: &Remembered,
    given: &[RegistryHost],
    settings: &Settings,
) -> Result<Endpoint, Failure> {
    let mut endpoint = remembered.endpoint(registry.clone());
    endpoint.aliases = aliases(registry, &[], settings)?;
    if given.is_empty() {
        return Ok(endpoint);
    }
    let config = Registry::connect(&endpoint)?.server_config().await;
    let claimed = config.ok().and_then(|config| config.server_hostname);
    let claimed = claimed.and_then(|name| name.parse::<RegistryHost>().ok());
    let agreed = claimed.filter(|claimed| given.contains(claimed));
    endpoint
        .aliases
        .extend(agreed.filter(|alias| !endpoint.hosts().contains(alias)));
    Ok(endpoint)
}

/// The login's token stays where it is: `QUAY_URL` or `--quay-url` leads elsewhere.
fn stored_for_another(endpoint: &Endpoint, remembered: &Remembered) -> Failure {
    let Endpoint { registry, api, .. } = endpoint;
    let login = hint::robot("login --registry").arg(registry);
    Failure::new(format!(
        "the token of the login to {registry} is for {}, so it is not sent to {api} of QUAY_URL \
         or --quay-url",
        remembered.api
    ))
    .next(
        Hint::from("unset QUAY_URL; or, if both addresses are the registry's API: ")
            .run(login.words("--quay-url").arg(api)),
    )
}

async fn remembered_session(
    endpoint: &Endpoint,
    remembered: &Remembered,
) -> Result<Option<Session>, Failure> {
    if remembered.without_token {
        return Ok(None);
    }
    let account = keyring::api_account(endpoint, &remembered.user);
    let token = vault::recall(&account, remembered.insecure_storage).await?;
    let user = Some(remembered.user.clone());
    token
        .map(|token| Session::new(endpoint.clone(), token, user))
        .transpose()
}

/// The token the command line or the environment holds.
pub(super) async fn given_token(
    args: &QuayArgs,
    cluster: &ClusterArgs,
) -> Result<Option<SecretString>, Failure> {
    if args.token_stdin {
        return token::from_stdin("API token").map(Some);
    }
    if let Some(reference) = &args.auth_secret {
        let clusters = cluster::connect_silently(cluster, "kubectl-quay")
            .await?
            .all()?;
        let [cluster] = clusters.as_slice() else {
            return Err(Failure::usage(
                "--auth-secret names a Secret of one cluster, but several clusters are chosen",
            )
            .next("pass one --context, or pass the token with --token-stdin"));
        };
        return token_from_secret(cluster, reference).await.map(Some);
    }
    token::from_environment("QUAY_API_TOKEN", "API token")
}

fn given_in_environment() -> Result<bool, Failure> {
    Ok(token::from_environment("QUAY_API_TOKEN", "API token")?.is_some())
}

#[cfg(test)]
mod tests {
    use super::super::settings::Kept;
    use super::*;
    use crate::cli::hint_text;

    fn remembered() -> Settings {
        let mut settings = Settings::default();
        let mut known = Endpoint::of("quay.example.com".parse().unwrap());
        known.api = "https://api.example.com".to_owned();
        known.ca = Some("/ca.pem".into());
        settings.remember(&known, "alice", Kept::Keyring);
        settings
    }

    #[test]
    fn the_last_login_is_the_default_and_flags_come_first() {
        let settings = remembered();
        let found = endpoint(&QuayArgs::default(), &settings).unwrap();
        assert_eq!(found.api, "https://api.example.com");
        let args = QuayArgs {
            registry: Some("quay.io".parse().unwrap()),
            ..QuayArgs::default()
        };
        assert_eq!(
            endpoint(&args, &settings).unwrap(),
            Endpoint::of("quay.io".parse().unwrap())
        );
    }

    #[test]
    fn an_api_address_names_its_registry_unless_one_is_given() {
        let mut args = QuayArgs {
            quay_url: Some("https://quay.local:8443/".to_owned()),
            ..QuayArgs::default()
        };
        let found = endpoint(&args, &remembered()).unwrap();
        assert_eq!(found.registry.as_str(), "quay.local:8443");
        args.registry = Some("images.local".parse().unwrap());
        let found = endpoint(&args, &remembered()).unwrap();
        assert_eq!(found.registry.as_str(), "images.local");
        assert_eq!(found.api, "https://quay.local:8443");
    }

    #[test]
    fn without_any_registry_the_failure_names_login() {
        let failure = endpoint(&QuayArgs::default(), &Settings::default()).unwrap_err();
        assert_eq!(failure.kind(), crate::failure::FailureKind::Usage);
        assert!(hint_text(failure.next_step().unwrap()).contains("login"));
    }
}
