//! Signing in where nobody may be asked, as for the completion of a command line.

use super::cluster_secret::token_from_secret;
use super::quay_args::QuayArgs;
use super::session::{Session, endpoint};
use super::settings::Settings;
use super::{insecure_file, keyring, token};
use crate::cluster;
use crate::cluster::ClusterArgs;
use crate::web::Endpoint;
use secrecy::SecretString;

/// The session for the registry meant, if its token can be had without a question and
/// without a dialog. Stdin is not read: it is the terminal.
pub async fn unattended_session(args: &QuayArgs, cluster: &ClusterArgs) -> Option<Session> {
    let settings = Settings::load().ok()?;
    let endpoint = endpoint(args, &settings).ok()?;
    if let Some(reference) = &args.auth_secret {
        let token = token_in_cluster(reference, cluster).await?;
        return Session::new(endpoint, token, None).ok();
    }
    if let Ok(Some(token)) = token::from_environment("QUAY_API_TOKEN", "API token") {
        return Session::new(endpoint, token, None).ok();
    }
    let (token, user) = remembered(&endpoint, &settings).await?;
    Session::new(endpoint, token, Some(user)).ok()
}

async fn token_in_cluster(reference: &str, args: &ClusterArgs) -> Option<SecretString> {
    let clusters = cluster::connect_silently(args, "kubectl-quay")
        .await
        .ok()?
        .reached;
    let cluster = clusters.first()?;
    token_from_secret(cluster, reference).await.ok()
}

async fn remembered(endpoint: &Endpoint, settings: &Settings) -> Option<(SecretString, String)> {
    let login = settings.registries.get(&endpoint.registry)?;
    let login = (login.is_for(endpoint) && !login.without_token).then_some(login)?;
    let account = keyring::api_account(endpoint, &login.user);
    let token = match login.insecure_storage {
        true => insecure_file::get(&account).ok().flatten(),
        false => keyring::get_without_asking(&account).await,
    };
    Some((token?, login.user.clone()))
}
