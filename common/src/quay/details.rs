//! Everything Quay knows about one robot.

use super::client::Quay;
use super::federation::FederatedSubject;
use super::logs::Pull;
use super::permissions::Grant;
use super::robots::ListedRobot;
use super::role::Role;
use crate::names::RobotName;
use crate::web::ApiError;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A robot with what it may do and what it was used for. Parts the token may not
/// read, or this Quay does not have, are errors of their own.
#[derive(Debug)]
pub struct RobotDetails {
    /// What the listing says of it.
    pub listed: ListedRobot,
    /// Its direct roles.
    pub grants: Result<Vec<Grant>, ApiError>,
    /// What it will be given on repositories created later.
    pub default_permissions: Result<Vec<DefaultPermission>, ApiError>,
    /// Who may sign in as it without its token.
    pub federation: Result<Vec<FederatedSubject>, ApiError>,
    /// Its last pull since the time asked for, if there was one.
    pub last_pull: Result<Option<Pull>, ApiError>,
}

/// What an organization gives to somebody on every repository created from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DefaultPermission {
    /// The role given.
    pub role: Role,
    /// Who it is given to, a user, a robot or a team.
    pub delegate: String,
    /// Only on repositories this user or robot creates; everybody's otherwise.
    #[serde(rename = "activatingUser", skip_serializing_if = "Option::is_none")]
    pub activating_user: Option<String>,
}

#[derive(Deserialize)]
struct Prototypes {
    prototypes: Vec<Prototype>,
}

/// A default permission as Quay lists it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Prototype {
    pub id: String,
    pub role: Role,
    pub delegate: Named,
    pub activating_user: Option<Named>,
}

/// Somebody a default permission names.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub name: String,
    /// `user` (robots included) or `team`.
    #[serde(default)]
    pub kind: String,
}

impl From<Prototype> for DefaultPermission {
    fn from(entry: Prototype) -> Self {
        Self {
            role: entry.role,
            delegate: entry.delegate.name,
            activating_user: entry.activating_user.map(|user| user.name),
        }
    }
}

impl Quay {
    /// Gathers what Quay knows about the robot; pulls are looked for so far back.
    ///
    /// # Errors
    /// Only when the robot itself cannot be read.
    pub async fn describe(
        &self,
        robot: &RobotName,
        back: SignedDuration,
    ) -> Result<RobotDetails, ApiError> {
        let listed = self
            .robots(robot.namespace(), true)
            .await?
            .into_iter()
            .find(|listed| listed.name == robot.as_str())
            .ok_or(ApiError::NotFound)?;
        let since = self.now() - back;
        let (grants, default_permissions, federation, last_pull) = futures::join!(
            self.grants(robot),
            self.default_permissions(robot),
            self.federation(robot),
            self.last_pull(robot, since),
        );
        Ok(RobotDetails {
            listed,
            grants,
            default_permissions,
            federation: federation.map(Option::unwrap_or_default),
            last_pull,
        })
    }

    /// The organization's default permissions that name the robot; a user has none.
    pub async fn default_permissions(
        &self,
        robot: &RobotName,
    ) -> Result<Vec<DefaultPermission>, ApiError> {
        if self.is_own(robot.namespace()).await? {
            return Ok(Vec::new());
        }
        let all = self.prototypes(robot.namespace()).await?;
        let concerns = |entry: &DefaultPermission| {
            entry.delegate == robot.as_str()
                || entry.activating_user.as_deref() == Some(robot.as_str())
        };
        Ok(all
            .into_iter()
            .map(DefaultPermission::from)
            .filter(concerns)
            .collect())
    }

    pub(super) async fn prototypes(&self, organization: &str) -> Result<Vec<Prototype>, ApiError> {
        let path = format!("/api/v1/organization/{organization}/prototypes");
        let answer: Prototypes = self.get(&path, &[], "org:admin").await?;
        Ok(answer.prototypes)
    }
}
