//! What the credential of each robot should be.

use crate::dockerconfig::belongs_to;
use crate::quay::RobotName;
use crate::registry::RegistryHost;
use secrecy::SecretString;
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

/// One registry we are signed in to, and the robots that were asked for.
#[derive(Debug, Clone)]
pub struct WantedRegistry {
    /// The registry, for messages.
    pub registry: RegistryHost,
    /// Every host its `auths` keys may have: the registry's and Quay's SERVER_HOSTNAME.
    pub hosts: Vec<RegistryHost>,
    /// The token of each robot.
    pub robots: BTreeMap<RobotName, RobotToken>,
}

/// What every credential should be, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The registries we are signed in to.
    pub registries: Vec<WantedRegistry>,
    /// Only this robot is asked for; credentials of others are none of our business.
    pub only: Option<RobotName>,
}

/// What is known of one entry's account.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known<'a> {
    /// A robot of ours, and its token.
    Robot(&'a RobotName, &'a RobotToken),
    /// It may be a robot's, on a registry without a login.
    NoLogin,
    /// Not a robot, or not one that was asked for.
    NotAsked,
}

impl Wanted {
    /// The registry that an `auths` key belongs to.
    pub fn registry_of(&self, key: &str) -> Option<&WantedRegistry> {
        self.registries
            .iter()
            .find(|registry| belongs_to(key, &registry.hosts))
    }

    pub(super) fn known<'a>(&'a self, key: &str, username: &str) -> Known<'a> {
        let Ok(robot) = username.parse::<RobotName>() else {
            return Known::NotAsked;
        };
        if self.only.as_ref().is_some_and(|only| *only != robot) {
            return Known::NotAsked;
        }
        match self.registry_of(key) {
            Some(registry) => match registry.robots.get_key_value(&robot) {
                Some((robot, token)) => Known::Robot(robot, token),
                None => Known::NotAsked,
            },
            // A robot of that name at another host is another robot.
            None if self.only.is_some() => Known::NotAsked,
            None => Known::NoLogin,
        }
    }
}
