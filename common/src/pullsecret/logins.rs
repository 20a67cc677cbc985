//! What Quay says the credentials should be.

use super::current_tokens::{Bridge, CurrentTokens, RegistryTokens, RobotToken};
use super::robot_tokens::robot_tokens;
use super::secret::PullSecret;
use crate::credentials::{Session, names};
use crate::dockerconfig::{Document, RegistryNames, belongs_to};
use crate::names::{RegistryHost, RobotName};
use crate::quay::bridge_name;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// A session and the names of its registry.
pub struct KnownRegistry<'a> {
    /// The signed-in session.
    pub session: &'a Session,
    /// The hosts that its `auths` keys may have, and what it claims beyond them.
    pub names: RegistryNames,
}

impl AsRef<RegistryNames> for KnownRegistry<'_> {
    fn as_ref(&self) -> &RegistryNames {
        &self.names
    }
}

/// Asks every session's server what it calls itself.
pub async fn logins(sessions: &[Session]) -> Vec<KnownRegistry<'_>> {
    join_all(sessions.iter().map(async |session| KnownRegistry {
        session,
        names: names(&session.registry, &session.endpoint).await,
    }))
    .await
}

/// What is to be said of names that the sessions' servers claim, a sentence each.
pub async fn alias_warnings(sessions: &[Session]) -> Vec<String> {
    let logins = logins(sessions).await;
    let warnings = logins.into_iter().filter_map(|login| login.names.warning);
    warnings.collect()
}

/// The token of every robot that `secrets` hold at a registry with a login, or of
/// `only` alone, whether it is in a secret or not; and the bridges of those robots.
pub async fn look_up(
    logins: &[KnownRegistry<'_>],
    secrets: &[&PullSecret],
    only: Option<&RobotName>,
) -> CurrentTokens {
    let registries = join_all(logins.iter().map(async |login| {
        let robots: BTreeSet<RobotName> = match only {
            Some(robot) => BTreeSet::from([robot.clone()]),
            None => held_at(secrets, &login.names.hosts).robots(),
        };
        let known = robot_tokens(login.session, robots).await;
        let mut registry = RegistryTokens {
            registry: login.session.endpoint.registry.clone(),
            names: login.names.clone(),
            robots: BTreeMap::new(),
            bridges: Vec::new(),
        };
        for (robot, token, bridge) in known {
            registry.bridges.extend(bridge);
            registry.robots.insert(robot, token);
        }
        registry
    }))
    .await;
    let mut wanted = CurrentTokens {
        registries,
        only: only.cloned(),
    };
    add_gone_bridges(&mut wanted, secrets);
    wanted
}

/// Which robots secrets hold at one registry.
struct Held {
    names: BTreeSet<RobotName>,
    /// Bridges, as the rotation that wrote them noted, and the robots they stand in for.
    noted: BTreeMap<RobotName, RobotName>,
}

fn held_at(secrets: &[&PullSecret], hosts: &[RegistryHost]) -> Held {
    let mut held = Held {
        names: BTreeSet::new(),
        noted: BTreeMap::new(),
    };
    for secret in secrets {
        let entries = secret.document.iter().flat_map(Document::entries);
        let names = entries
            .filter(|(key, _)| belongs_to(key, hosts))
            .filter_map(|(_, read)| read.ok()?.username.parse::<RobotName>().ok());
        for name in names {
            // The annotation is believed only where the name follows from it.
            let mut noted = secret.bridged.iter();
            if let Some(robot) = noted.find(|robot| bridge_name(robot).as_ref() == Some(&name)) {
                held.noted.insert(name.clone(), robot.clone());
            }
            held.names.insert(name);
        }
    }
    held
}

impl Held {
    /// Every robot to ask Quay about, those behind what may be bridges included.
    fn robots(&self) -> BTreeSet<RobotName> {
        let behind = self.names.iter().filter_map(|name| {
            let robot = name.as_str().strip_suffix("-bridge")?.parse().ok()?;
            (bridge_name(&robot).as_ref() == Some(name)).then_some(robot)
        });
        let robots = self.names.iter().chain(self.noted.values()).cloned();
        robots.chain(behind).collect()
    }
}

/// A bridge that a rotation noted on a secret, and that does not exist any more, is one
/// that is gone: its robot is wanted there.
pub fn add_gone_bridges(wanted: &mut CurrentTokens, secrets: &[&PullSecret]) {
    for registry in &mut wanted.registries {
        for (name, robot) in held_at(secrets, &registry.names.hosts).noted {
            let stands = registry.bridges.iter().any(|bridge| bridge.name == name);
            let exists = matches!(registry.robots.get(&name), Some(RobotToken::Current(_)));
            if !stands && !exists {
                registry.bridges.push(Bridge {
                    name,
                    robot,
                    token: None,
                });
            }
        }
    }
}
