//! What Quay says the credentials should be.

use super::secret::PullSecret;
use super::wanted::{RobotToken, Wanted, WantedRegistry};
use crate::credentials::Session;
use crate::dockerconfig::belongs_to;
use crate::quay::{ApiError, RobotName};
use crate::registry::{Endpoint, Registry, RegistryHost};
use futures::future::join_all;
use std::collections::BTreeSet;

/// A session and every host its registry's `auths` keys may have.
pub struct Login<'a> {
    /// The signed-in session.
    pub session: &'a Session,
    /// The registry's host, and Quay's SERVER_HOSTNAME where that is another.
    pub hosts: Vec<RegistryHost>,
}

/// Asks every session's server what it calls itself.
pub async fn logins(sessions: &[Session]) -> Vec<Login<'_>> {
    join_all(sessions.iter().map(async |session| Login {
        session,
        hosts: hosts(&session.registry, &session.endpoint).await,
    }))
    .await
}

/// The registry's host, and Quay's SERVER_HOSTNAME where that is another. A server
/// that does not tell is known by the registry's host alone.
pub async fn hosts(registry: &Registry, endpoint: &Endpoint) -> Vec<RegistryHost> {
    let mut hosts = vec![endpoint.registry.clone()];
    let named = registry
        .server_config()
        .await
        .ok()
        .and_then(|config| config.server_hostname);
    if let Some(host) = named.and_then(|name| name.parse::<RegistryHost>().ok())
        && !hosts.contains(&host)
    {
        hosts.push(host);
    }
    hosts
}

/// The token of every robot that `secrets` hold at a registry with a login, or of
/// `only` alone, whether it is in a secret or not.
pub async fn wanted(
    logins: &[Login<'_>],
    secrets: &[&PullSecret],
    only: Option<&RobotName>,
) -> Wanted {
    let registries = join_all(logins.iter().map(async |login| {
        let robots = match only {
            Some(robot) => BTreeSet::from([robot.clone()]),
            None => robots_at(secrets, &login.hosts),
        };
        let tokens = join_all(robots.into_iter().map(async |robot| {
            let token = token(login.session, &robot).await;
            (robot, token)
        }))
        .await;
        WantedRegistry {
            registry: login.session.endpoint.registry.clone(),
            hosts: login.hosts.clone(),
            robots: tokens.into_iter().collect(),
        }
    }))
    .await;
    Wanted {
        registries,
        only: only.cloned(),
    }
}

async fn token(session: &Session, robot: &RobotName) -> RobotToken {
    match session.quay.robot(robot).await {
        Ok(found) => RobotToken::Current(found.token),
        Err(ApiError::NotFound) => RobotToken::NoSuchRobot,
        Err(error) => RobotToken::Unreadable(format!("at {}: {error}", session.endpoint.registry)),
    }
}

fn robots_at(secrets: &[&PullSecret], hosts: &[RegistryHost]) -> BTreeSet<RobotName> {
    secrets
        .iter()
        .filter_map(|secret| secret.document.as_ref().ok())
        .flat_map(|document| document.entries())
        .filter(|(key, _)| belongs_to(key, hosts))
        .filter_map(|(_, read)| read.ok()?.username.parse().ok())
        .collect()
}
