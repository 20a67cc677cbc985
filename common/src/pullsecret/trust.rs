//! Who has a claim to a robot's new token.
//!
//! Naming a robot is none: whoever may write a secret can write any name into it. A credential
//! that cannot pull any more is brought to the new token only if its claim is proven, or if the
//! user says so.

use super::current_tokens::CurrentTokens;
use super::secret::PullSecret;
use crate::dockerconfig::{Credential, Document};
use crate::fingerprint::TokenHash;
use crate::ledger::{CredentialPlace, Memory, Places, Replacing};
use crate::names::{RegistryHost, RobotAt, RobotName};
use crate::place::Place;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What proves the claim of a credential that does not hold a current token.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Which place was seen with which token while that was the robot's.
    pub places: Arc<Places>,
    /// The tokens that rotations of this ledger are replacing now.
    pub replacing: Arc<Replacing>,
    /// What the user said.
    pub adopted: Adopted,
}

/// Whose unproven credentials the user wants written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Adopted {
    /// Nobody's.
    #[default]
    Nothing,
    /// Those of these robots.
    Robots(BTreeSet<RobotAt>),
    /// Those of every robot that is asked for.
    Everything,
}

impl Trust {
    /// Whether the credential that stands in the secret under `key`, and names the robot or its
    /// bridge, may be given the robot's current token.
    pub fn covers(
        &self,
        secret: &PullSecret,
        key: &str,
        (registry, robot): (&RegistryHost, &RobotName),
        password: &SecretString,
    ) -> bool {
        self.is_adopted(registry, robot) || self.proves(secret, key, (registry, robot), password)
    }

    fn is_adopted(&self, registry: &RegistryHost, robot: &RobotName) -> bool {
        match &self.adopted {
            Adopted::Nothing => false,
            Adopted::Robots(robots) => robots.contains(&(registry.clone(), robot.clone())),
            Adopted::Everything => true,
        }
    }

    /// Whether the claim is proven, whatever the user says.
    pub fn proves(
        &self,
        secret: &PullSecret,
        key: &str,
        (registry, robot): (&RegistryHost, &RobotName),
        password: &SecretString,
    ) -> bool {
        let Some(hash) = TokenHash::of(password) else {
            return false;
        };
        let replaced = self.replacing.get(&(registry.clone(), robot.clone()));
        if replaced == Some(&hash) {
            return true;
        }
        let place = secret.place(key, (registry, robot));
        place.is_some_and(|place| self.places.has(&place, &hash))
    }
}

/// A robot's accounts, and what proves that an entry of theirs has a claim to the next token.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The robot, and the registry.
    pub robot: RobotAt,
    /// Whose entries have it: the robot's, and those of robots that stand in for it.
    pub accounts: Vec<RobotName>,
    /// Every token of theirs that this run has seen: whoever holds one has the claim.
    pub tokens: Vec<SecretString>,
    /// What else proves it.
    pub trust: Trust,
}

impl Claim {
    /// Whether the account is one of these.
    pub fn names(&self, account: &str) -> bool {
        self.accounts.iter().any(|robot| robot.as_str() == account)
    }

    /// Whether this is a token of theirs that this run has seen.
    pub fn knows(&self, token: &SecretString) -> bool {
        let mut tokens = self.tokens.iter();
        tokens.any(|known| known.expose_secret() == token.expose_secret())
    }

    /// Keeps a token in mind.
    pub fn know(&mut self, token: &SecretString) {
        if !self.knows(token) {
            self.tokens.push(token.clone());
        }
    }

    /// Whether what stands in the secret under `key` names one of them, and holds a token of
    /// theirs or is proven to have held one. Anybody can write a name.
    pub fn is_proven(&self, secret: &PullSecret, key: &str, found: &Credential) -> bool {
        let (registry, robot) = &self.robot;
        self.names(&found.username)
            && (self.knows(&found.password)
                || self
                    .trust
                    .proves(secret, key, (registry, robot), &found.password))
    }

    /// Where an entry of theirs stands.
    pub fn place<'a>(
        &'a self,
        secret: &'a PullSecret,
        key: &'a str,
    ) -> Option<CredentialPlace<'a>> {
        secret.place(key, (&self.robot.0, &self.robot.1))
    }
}

impl PullSecret {
    /// Where its credential of the robot stands; `None` where nobody knows which namespace that is.
    pub fn place<'a>(
        &'a self,
        key: &'a str,
        (registry, robot): (&'a RegistryHost, &'a RobotName),
    ) -> Option<CredentialPlace<'a>> {
        Some(CredentialPlace {
            site: self.site.as_ref()?,
            secret: &self.name,
            key,
            registry,
            robot,
        })
    }
}

/// A credential that cannot pull any more, and whose claim to the new token nothing proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// Where it stands.
    pub place: Place,
    /// The robot or bridge it names.
    pub account: String,
    /// The robot, and the registry.
    pub robot: RobotAt,
}

/// Notes which places hold a current token of a robot, or of its bridge.
pub fn note_held(secrets: &[&PullSecret], wanted: &CurrentTokens, memory: &mut Memory) {
    for secret in secrets {
        let entries = secret.document.iter().flat_map(Document::entries);
        for (key, read) in entries {
            let Ok(held) = read else { continue };
            let robot = wanted.holder(key, &held);
            if let Some(place) = robot.and_then(|robot| secret.place(key, robot)) {
                memory.note(&place, &held.password);
            }
        }
    }
}
