//! Who says what credentials should be: the logins, or the user.

use super::current_tokens::{Bridge, CurrentTokens};
use super::logins::{add_gone_bridges, logins, look_up};
use super::plan::PlacedCredential;
use super::secret::PullSecret;
use super::token_source::{RobotCredential, TokenSource};
use super::trust::{Adopted, Unproven};
use crate::Failure;
use crate::credentials::Session;
use crate::dockerconfig::Credential;
use crate::names::{RobotAt, RobotName};
use futures::future::join_all;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// One robot, and how its credential is written where it is new.
#[derive(Debug, Clone)]
pub struct Placement {
    pub robot: RobotName,
    /// The `auths` key of a new entry.
    pub key: String,
    /// The secret to create where the robot is in none.
    pub secret_name: String,
    /// Service accounts that shall hand the secret to their pods.
    pub service_accounts: Vec<String>,
}

/// Who says what credentials should be.
pub enum Source {
    /// All logins, of every robot that is found.
    All(Vec<Session>),
    /// One robot.
    One(Box<OneRobot>),
}

/// Who says what one robot's token is; a token given by hand is read once.
pub struct OneRobot {
    tokens: TokenSource,
    given: RefCell<Option<RobotCredential>>,
}

/// What the source says now.
pub(super) struct Known {
    pub wanted: CurrentTokens,
    pub placed: Option<PlacedCredential>,
}

impl Source {
    /// One robot.
    pub fn one(tokens: TokenSource) -> Self {
        Self::One(Box::new(OneRobot {
            tokens,
            given: RefCell::new(None),
        }))
    }

    /// A robot's credential: asked anew each time of Quay, and once of the user.
    ///
    /// # Errors
    /// As [`TokenSource::ask`].
    pub async fn robot(&self, robot: &RobotName) -> Result<RobotCredential, Failure> {
        let Self::One(one) = self else {
            return Err(Failure::new(format!("the token of `{robot}` is unknown")));
        };
        if let Some(known) = one.given.borrow().as_ref() {
            return Ok(known.clone());
        }
        let credential = one.tokens.ask(robot).await?;
        if one.tokens.session().is_none() {
            one.given.replace(Some(credential.clone()));
        }
        Ok(credential)
    }

    pub(super) async fn ask(
        &self,
        placement: Option<&Placement>,
        secrets: &[&PullSecret],
    ) -> Result<Known, Failure> {
        match (self, placement) {
            (Self::All(sessions), _) => Ok(Known {
                wanted: look_up(&logins(sessions).await, secrets, None).await,
                placed: None,
            }),
            (Self::One(_), Some(placement)) => {
                let credential = self.robot(&placement.robot).await?;
                let mut wanted = credential.wanted(&placement.robot);
                add_gone_bridges(&mut wanted, secrets);
                Ok(Known {
                    wanted,
                    placed: Some(placement.placed(&credential)),
                })
            }
            (Self::One(_), None) => Err(Failure::new("no robot is named")),
        }
    }
}

impl Source {
    /// Of unproven credentials, those that the user's word is enough for: every one of a robot
    /// that was named; else those of robots that can only pull, as far as Quay tells.
    pub(super) async fn adopted(&self, unproven: &[Unproven]) -> Adopted {
        let Self::All(sessions) = self else {
            return Adopted::Everything;
        };
        let robots: BTreeSet<&RobotAt> = unproven.iter().map(|entry| &entry.robot).collect();
        let asked = robots.into_iter().map(async |(registry, robot)| {
            let mut sessions = sessions.iter();
            let session = sessions.find(|session| session.endpoint.registry == *registry)?;
            let only_reads = session.quay.only_reads(robot).await.unwrap_or(false);
            only_reads.then(|| (registry.clone(), robot.clone()))
        });
        Adopted::Robots(join_all(asked).await.into_iter().flatten().collect())
    }
}

impl Placement {
    /// What is written: the robot's credential, or that of the bridge that stands in for it.
    fn placed(&self, credential: &RobotCredential) -> PlacedCredential {
        let bridge = credential.bridge.as_ref();
        PlacedCredential {
            credential: bridge
                .and_then(Bridge::credential)
                .unwrap_or_else(|| Credential::new(self.robot.as_str(), credential.token.clone())),
            robot: self.robot.clone(),
            key: self.key.clone(),
            secret_name: self.secret_name.clone(),
            service_accounts: self.service_accounts.clone(),
        }
    }
}
