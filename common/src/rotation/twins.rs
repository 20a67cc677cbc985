//! The robot and its bridge at Quay and at the registry: kept equal, tried, proved.

use super::request::Watcher;
use super::rights::merge;
use crate::Failure;
use crate::credentials::Session;
use crate::names::{RepositoryName, RobotName};
use crate::quay::{Right, Rights, Robot, agree};
use crate::registry::Probe;
use crate::web::ApiError;
use futures::future::join;
use secrecy::SecretString;

/// Rights that keep changing are given up on after so many rounds.
const ROUNDS: usize = 5;

/// The robot and its bridge, as Quay has them.
pub(super) struct Twins<'a> {
    pub session: &'a Session,
    pub robot: RobotName,
    pub bridge: RobotName,
    /// What the robot could do when it was last compared with its bridge, where that is known.
    pub before: Option<Rights>,
    /// What the robot's credential is tried for.
    pub repositories: Vec<String>,
    pub watcher: &'a dyn Watcher,
}

/// What a comparison came to.
pub(super) struct Compared {
    /// What both may do.
    pub rights: Rights,
    /// Whether that is other than what was known before, and is known now.
    pub is_news: bool,
}

impl<'a> Twins<'a> {
    /// The robot and its bridge, in this order.
    pub fn new(
        session: &'a Session,
        robots: (RobotName, RobotName),
        before: Option<Rights>,
        repositories: Vec<String>,
        watcher: &'a dyn Watcher,
    ) -> Self {
        let (robot, bridge) = robots;
        Self {
            session,
            robot,
            bridge,
            before,
            repositories,
            watcher,
        }
    }

    /// The failure of a request to Quay about `object`.
    pub fn failed(&self, object: impl std::fmt::Display) -> impl FnOnce(ApiError) -> Failure {
        let object = object.to_string();
        let endpoint = &self.session.endpoint;
        move |error| error.failure(object, endpoint)
    }

    /// The robot as Quay has it now.
    pub async fn read(&self, robot: &RobotName) -> Result<Robot, Failure> {
        let found = self.session.quay.robot(robot).await;
        found.map_err(self.failed(format!("robot `{robot}`")))
    }

    /// The bridge as Quay has it now.
    ///
    /// # Errors
    /// Somebody took it away, which the failure says.
    pub async fn read_bridge(&self) -> Result<Robot, Failure> {
        let bridge = &self.bridge;
        match self.session.quay.robot(bridge).await {
            Err(ApiError::NotFound) => Err(Failure::new(format!(
                "the bridge {bridge} no longer \
                                                                 exists"
            ))),
            found => found.map_err(self.failed(format!("bridge `{bridge}`"))),
        }
    }

    /// Whether somebody took the bridge away. A Quay that does not answer has not lost it.
    pub async fn bridge_is_gone(&self) -> bool {
        matches!(
            self.session.quay.robot(&self.bridge).await,
            Err(ApiError::NotFound)
        )
    }

    /// Gives a bridge that was just made what the robot could do, reads both back, and tries
    /// it. Roles and default permissions are proved by Quay's answers.
    ///
    /// # Errors
    /// A right could not be given, or the registry does not see it.
    pub async fn give_to_new(&mut self, bridge: &Robot) -> Result<Compared, Failure> {
        let Some(rights) = self.before.clone() else {
            let compared = self.compare().await?;
            self.prove_pulls(bridge).await?;
            return Ok(compared);
        };
        let quay = &self.session.quay;
        let object = format!("the rights of `{}`", self.bridge);
        let given = quay.give_all(&self.bridge, &rights).await;
        given.map_err(self.failed(&object))?;
        let robots = quay.robots(self.robot.namespace(), true);
        let (robots, tried) = join(robots, self.try_pulls(bridge)).await;
        let robots = robots.map_err(self.failed(&object))?;
        if agree(&robots, &self.robot, &self.bridge) {
            self.judge_pulls(bridge, tried?).await?;
            return Ok(Compared {
                rights,
                is_news: false,
            });
        }
        // Somebody changed the robot since it was looked at.
        let compared = self.compare().await?;
        self.prove_pulls(bridge).await?;
        Ok(compared)
    }

    /// Follows whatever was given to robot or bridge, or taken from them, since they were
    /// compared last.
    ///
    /// # Errors
    /// Their rights cannot be read or written, or keep changing.
    pub async fn compare(&mut self) -> Result<Compared, Failure> {
        let (robot, bridge) = (self.robot.clone(), self.bridge.clone());
        let quay = &self.session.quay;
        let object = |robot: &RobotName| format!("the rights of `{robot}`");
        for _ in 0..ROUNDS {
            let rights = quay.rights(&[&robot, &bridge], &self.repositories).await;
            let rights = rights.map_err(self.failed(object(&robot)))?;
            let merged = merge(self.before.as_ref(), &rights[0], &rights[1]);
            if merged.to_robot.is_empty() && merged.to_bridge.is_empty() {
                self.warn_of_unclear(&merged.unclear);
                self.repositories = rights[0].repositories();
                let is_news = merged.unclear.is_empty() && self.before.as_ref() != Some(&rights[0]);
                if is_news {
                    self.before = Some(rights[0].clone());
                }
                return Ok(Compared {
                    rights: rights[0].clone(),
                    is_news,
                });
            }
            for (right, degree) in &merged.to_robot {
                let what = if degree.is_some() { "gained" } else { "lost" };
                self.watcher.warn(&format!(
                    "{bridge} {what} {right} during the rotation: {robot} gets the same change"
                ));
            }
            let given = quay.set_rights(&robot, &merged.to_robot).await;
            given.map_err(self.failed(object(&robot)))?;
            let given = quay.set_rights(&bridge, &merged.to_bridge).await;
            given.map_err(self.failed(object(&bridge)))?;
        }
        Err(Failure::new(format!(
            "the rights of {robot} and {bridge} keep changing"
        )))
    }

    fn warn_of_unclear(&self, rights: &[Right]) {
        let (robot, bridge) = (&self.robot, &self.bridge);
        for right in rights {
            self.watcher.warn(&format!(
                "only {bridge} has {right}, and this machine does not know whether {robot} had \
                 it before; if {robot} needs it, grant it by hand"
            ));
        }
    }

    /// The registry accepts the robot's credential and lets it pull from each of its
    /// repositories.
    ///
    /// # Errors
    /// Where it does not: then it must not be written anywhere.
    pub async fn prove_pulls(&mut self, robot: &Robot) -> Result<(), Failure> {
        let answer = self.try_pulls(robot).await?;
        self.judge_pulls(robot, answer).await
    }

    async fn try_pulls(&self, robot: &Robot) -> Result<Probe, Failure> {
        let registry = &self.session.registry;
        registry
            .probe(robot.name.as_str(), &robot.token, &self.repositories)
            .await
    }

    /// The robot with its token, and what the registry says of it: as `answered`, or, where
    /// somebody regenerated it after that answer, as Quay has it now.
    pub async fn try_current(&self, answered: Option<Robot>) -> Result<(Robot, Probe), Failure> {
        if let Some(robot) = answered {
            let answer = self.try_pulls(&robot).await?;
            if !matches!(answer, Probe::Refused { .. }) {
                return Ok((robot, answer));
            }
        }
        let robot = self.read(&self.robot).await?;
        let answer = self.try_pulls(&robot).await?;
        Ok((robot, answer))
    }

    /// As [`Twins::prove_pulls`], from what the registry said.
    pub async fn judge_pulls(&mut self, robot: &Robot, answer: Probe) -> Result<(), Failure> {
        let registry = &self.session.endpoint.registry;
        let name = &robot.name;
        let problem = match answer {
            Probe::Accepted { refused, .. } => {
                let held = self.still_held(name, refused).await?.join(", ");
                if held.is_empty() {
                    return Ok(());
                }
                format!("{registry} does not let {name} pull {held}, although it has a role there")
            }
            Probe::Refused { reason } => {
                format!("{registry} refuses the credential of {name}: {reason}")
            }
        };
        Err(Failure::new(problem))
    }

    /// Those of the repositories where the robot has a role now: one may have been taken
    /// away since the rights were read.
    async fn still_held(
        &mut self,
        robot: &RobotName,
        repositories: Vec<String>,
    ) -> Result<Vec<String>, Failure> {
        let mut held = Vec::new();
        for repository in repositories {
            let name = RepositoryName::of(robot.namespace(), &repository);
            let name = name.map_err(Failure::new)?;
            let role = self.session.quay.role_on(robot, &name).await;
            if role
                .map_err(self.failed(format!("repository `{name}`")))?
                .is_some()
            {
                held.push(repository);
            } else {
                self.repositories.retain(|known| *known != repository);
            }
        }
        Ok(held)
    }

    /// Whether the registry refuses the credential, and what it said.
    ///
    /// # Errors
    /// It gives no answer.
    pub async fn is_dead(
        &self,
        account: &str,
        token: &SecretString,
    ) -> Result<(bool, &'static str), Failure> {
        let answer = self.session.registry.probe(account, token, &[]).await?;
        Ok(match answer {
            Probe::Refused { .. } => (true, "401"),
            Probe::Accepted { .. } => (false, "the registry still accepts it"),
        })
    }
}
