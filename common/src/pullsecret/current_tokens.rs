//! What the credential of each robot should be.

use crate::dockerconfig::{Credential, RegistryNames, UnclearOwner, owner_of, unused_at};
use crate::kubelet::UnusedKey;
use crate::names::{RegistryHost, RobotName};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// What Quay (or the user) says a robot's token is.
#[derive(Debug, Clone)]
pub enum RobotToken {
    /// This one.
    Current(SecretString),
    /// The robot does not exist.
    NoSuchRobot,
    /// It could not be found out, for this reason.
    Unreadable(String),
}

impl RobotToken {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Current(one), Self::Current(other)) => {
                one.expose_secret() == other.expose_secret()
            }
            (Self::NoSuchRobot, Self::NoSuchRobot) | (Self::Unreadable(_), Self::Unreadable(_)) => {
                true
            }
            _ => false,
        }
    }
}

/// One registry we are signed in to, and the robots that were asked for.
#[derive(Debug, Clone)]
pub struct RegistryTokens {
    /// The registry, for messages.
    pub registry: RegistryHost,
    /// The hosts that its `auths` keys may have, and what it claims beyond them.
    pub names: RegistryNames,
    /// The token of each robot.
    pub robots: BTreeMap<RobotName, RobotToken>,
    /// The bridges of those robots: that stand, or that secrets still hold.
    pub bridges: Vec<Bridge>,
}

impl AsRef<RegistryNames> for RegistryTokens {
    fn as_ref(&self) -> &RegistryNames {
        &self.names
    }
}

/// The robot that carries another one's pulls while that one's token changes.
#[derive(Debug, Clone)]
pub struct Bridge {
    /// Its own name.
    pub name: RobotName,
    /// The robot it stands in for.
    pub robot: RobotName,
    /// Its token while it stands; `None` once it is gone.
    pub token: Option<SecretString>,
}

impl Bridge {
    /// Its credential, while it stands.
    pub fn credential(&self) -> Option<Credential> {
        let token = self.token.as_ref()?;
        Some(Credential::new(self.name.as_str(), token.clone()))
    }
}

/// What every credential should be, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct CurrentTokens {
    /// The registries we are signed in to.
    pub registries: Vec<RegistryTokens>,
    /// Only this robot is asked for; credentials of others are none of our business.
    pub only: Option<RobotName>,
}

/// What is known of one entry's account.
#[derive(Debug, Clone)]
pub enum RobotAnswer<'a> {
    /// A robot of ours, and its token.
    Robot(&'a RobotName, &'a RobotToken),
    /// A robot's bridge, and the robot's token.
    Bridge(&'a Bridge, &'a RobotToken),
    /// It is not plain whose key it stands at.
    Unclear(UnclearOwner),
    /// It may be a robot's, on a registry without a login.
    NoLogin,
    /// Not a robot, or not one that was asked for.
    NotAsked,
}

impl CurrentTokens {
    /// Which registry an `auths` key belongs to.
    ///
    /// # Errors
    /// One has a claim to it, but it is none of them for certain.
    pub fn owner_of(&self, key: &str) -> Result<Option<&RegistryTokens>, UnclearOwner> {
        owner_of(key, &self.registries)
    }

    /// The registry that an `auths` key belongs to for certain.
    pub fn registry_of(&self, key: &str) -> Option<&RegistryTokens> {
        self.owner_of(key).ok().flatten()
    }

    /// Why no kubelet uses a key of one of the registries for its images.
    pub(super) fn unused(&self, key: &str) -> Option<UnusedKey> {
        let registry = self.registry_of(key)?;
        unused_at(key, &registry.names.hosts)
    }

    /// Whether both say the same of every robot and bridge.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let same = |one: &RegistryTokens, other: &RegistryTokens| {
            let robots = one.robots.iter().zip(&other.robots);
            let bridges = one.bridges.iter().zip(&other.bridges);
            one.robots.len() == other.robots.len()
                && one.bridges.len() == other.bridges.len()
                && robots
                    .into_iter()
                    .all(|(one, other)| one.0 == other.0 && one.1.is(other.1))
                && bridges.into_iter().all(|(one, other)| {
                    one.name == other.name && one.credential() == other.credential()
                })
        };
        self.registries.len() == other.registries.len()
            && self
                .registries
                .iter()
                .zip(&other.registries)
                .all(|(one, other)| same(one, other))
    }

    /// The robot whose claim to a token the entry's own password proves: it is the robot's
    /// current token, or that of its bridge.
    pub fn holder<'a>(
        &'a self,
        key: &str,
        held: &Credential,
    ) -> Option<(&'a RegistryHost, &'a RobotName)> {
        let registry = &self.registry_of(key)?.registry;
        let is = |token: &SecretString| token.expose_secret() == held.password.expose_secret();
        match self.known(key, &held.username) {
            RobotAnswer::Robot(robot, RobotToken::Current(token)) if is(token) => {
                Some((registry, robot))
            }
            RobotAnswer::Bridge(bridge, _) if bridge.token.as_ref().is_some_and(is) => {
                Some((registry, &bridge.robot))
            }
            _ => None,
        }
    }

    /// The robot that the account is, or stands in for, at the key's registry.
    pub(super) fn robot_of(&self, key: &str, account: &str) -> Option<(&RegistryHost, &RobotName)> {
        let registry = &self.registry_of(key)?.registry;
        match self.known(key, account) {
            RobotAnswer::Robot(robot, _) => Some((registry, robot)),
            RobotAnswer::Bridge(bridge, _) => Some((registry, &bridge.robot)),
            _ => None,
        }
    }

    /// The token that the robot's pulls go by now: its own, or its bridge's.
    pub(super) fn current(&self, key: &str, robot: &RobotName) -> Option<SecretString> {
        if let Some(standing) = self.standing_bridge(key, robot) {
            return Some(standing.password);
        }
        match self.registry_of(key)?.robots.get(robot)? {
            RobotToken::Current(token) => Some(token.clone()),
            RobotToken::NoSuchRobot | RobotToken::Unreadable(_) => None,
        }
    }

    /// The credential of the bridge that stands in for the robot at the key's registry.
    pub(super) fn standing_bridge(&self, key: &str, robot: &RobotName) -> Option<Credential> {
        let bridges = &self.registry_of(key)?.bridges;
        bridges
            .iter()
            .filter(|bridge| bridge.robot == *robot)
            .find_map(Bridge::credential)
    }

    /// What is known of the account that an entry names.
    pub fn known<'a>(&'a self, key: &str, username: &str) -> RobotAnswer<'a> {
        let Ok(robot) = username.parse::<RobotName>() else {
            return RobotAnswer::NotAsked;
        };
        let asked = |robot: &RobotName| self.only.as_ref().is_none_or(|only| only == robot);
        match self.owner_of(key) {
            Ok(Some(registry)) => {
                let bridge = registry.bridges.iter().find(|bridge| bridge.name == robot);
                let name = bridge.map_or(&robot, |bridge| &bridge.robot);
                match (registry.robots.get_key_value(name), bridge) {
                    _ if !asked(name) => RobotAnswer::NotAsked,
                    (Some((_, token)), Some(bridge)) => RobotAnswer::Bridge(bridge, token),
                    (Some((robot, token)), None) => RobotAnswer::Robot(robot, token),
                    (None, _) => RobotAnswer::NotAsked,
                }
            }
            Err(unclear) if asked(&robot) => RobotAnswer::Unclear(unclear),
            Err(_) => RobotAnswer::NotAsked,
            // A robot of that name at another host is another robot.
            Ok(None) if self.only.is_some() => RobotAnswer::NotAsked,
            Ok(None) => RobotAnswer::NoLogin,
        }
    }
}
