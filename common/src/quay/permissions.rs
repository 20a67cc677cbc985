//! Roles of robots on repositories.

use super::client::Quay;
use super::role::Role;
use crate::names::{RepositoryName, RobotName};
use crate::web::body::parse;
use crate::web::{ApiError, Repeat};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

const NEEDS: &str = "repo:admin";

/// Requests prepared ahead of the transport's own limit.
const AHEAD: usize = 8;

/// A direct role on a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Grant {
    /// `org/name`.
    pub repository: String,
    /// What the robot may do to it.
    pub role: Role,
}

#[derive(Deserialize)]
struct PermissionsAnswer {
    permissions: Vec<PermissionEntry>,
}

#[derive(Deserialize)]
struct PermissionEntry {
    repository: RepositoryEntry,
    role: Role,
}

#[derive(Deserialize)]
struct RepositoryEntry {
    name: String,
}

#[derive(Deserialize)]
struct RoleAnswer {
    role: Role,
}

impl Quay {
    /// The robot's direct roles, sorted by repository; roles that come from teams are not among them.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if there is no such robot, [`ApiError::MissingScope`] where its roles
    /// may not be read.
    pub async fn grants(&self, robot: &RobotName) -> Result<Vec<Grant>, ApiError> {
        let mut all = self.grants_of_each(vec![robot.clone()]).await;
        all.pop()
            .map_or(Err(ApiError::NotFound), |(_, grants)| grants)
    }

    /// The direct roles of several robots, each with its own success or failure.
    ///
    /// With `user:admin` that is one request for each robot. Without, it is one for each namespace
    /// and one for each repository, however many robots there are; this takes `org:admin repo:admin`.
    pub async fn grants_of_each(
        &self,
        robots: Vec<RobotName>,
    ) -> Vec<(RobotName, Result<Vec<Grant>, ApiError>)> {
        let mut namespaces: BTreeMap<String, Vec<RobotName>> = BTreeMap::new();
        for robot in robots {
            let namespace = robot.namespace().to_owned();
            namespaces.entry(namespace).or_default().push(robot);
        }
        let mut namespaces = namespaces.into_values();
        let mut all = Vec::new();
        // What the first one shows of the token, the others need not find out again.
        if let Some(robots) = namespaces.next() {
            all.extend(self.grants_in_namespace(robots).await);
        }
        let others = namespaces.map(|robots| self.grants_in_namespace(robots));
        all.extend(join_all(others).await.into_iter().flatten());
        all
    }

    /// The same for robots of one namespace. The first one shows whether the token may ask for each.
    async fn grants_in_namespace(
        &self,
        robots: Vec<RobotName>,
    ) -> Vec<(RobotName, Result<Vec<Grant>, ApiError>)> {
        let mut robots = robots.into_iter();
        let Some(first) = robots.next() else {
            return Vec::new();
        };
        match self.direct_grants_if_allowed(&first).await.transpose() {
            Some(grants) => {
                let others = robots.map(async |robot| {
                    let grants = self.direct_grants(&robot).await;
                    (robot, grants)
                });
                let mut all = vec![(first, grants)];
                all.extend(join_all(others).await);
                all
            }
            None => {
                let robots: Vec<RobotName> = std::iter::once(first).chain(robots).collect();
                self.listed_grants(robots).await
            }
        }
    }

    /// The role on each repository of the robot's namespace, asked one by one.
    pub(super) async fn roles_of(
        &self,
        robot: &RobotName,
        repositories: &[String],
    ) -> Result<Vec<Grant>, ApiError> {
        let found: Vec<Option<Grant>> = stream::iter(repositories)
            .map(|name| self.listed_role(robot, name))
            .buffered(AHEAD)
            .try_collect()
            .await?;
        let mut grants: Vec<Grant> = found.into_iter().flatten().collect();
        grants.sort();
        Ok(grants)
    }

    async fn listed_role(&self, robot: &RobotName, name: &str) -> Result<Option<Grant>, ApiError> {
        let namespace = robot.namespace();
        let Ok(repository) = RepositoryName::of(namespace, &format!("{namespace}/{name}")) else {
            return Ok(None);
        };
        let role = self.role_on(robot, &repository).await?;
        Ok(role.map(|role| Grant {
            repository: repository.into(),
            role,
        }))
    }

    /// The robot's direct role on one repository; none also where either is unknown.
    pub async fn role_on(
        &self,
        robot: &RobotName,
        repository: &RepositoryName,
    ) -> Result<Option<Role>, ApiError> {
        let path = permission_path(robot, repository);
        match self.get::<RoleAnswer>(&path, &[], NEEDS).await {
            Ok(answer) => Ok(Some(answer.role)),
            Err(ApiError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The direct roles in one request; `None` where the token lacks `user:admin` for it.
    pub(super) async fn direct_grants_if_allowed(
        &self,
        robot: &RobotName,
    ) -> Result<Option<Vec<Grant>>, ApiError> {
        let own = self.is_own(robot.namespace()).await?;
        if !own && self.permissions_refused.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match self.direct_grants(robot).await {
            Err(ApiError::MissingScope { .. }) if !own => {
                self.permissions_refused.store(true, Ordering::Relaxed);
                Ok(None)
            }
            result => result.map(Some),
        }
    }

    async fn direct_grants(&self, robot: &RobotName) -> Result<Vec<Grant>, ApiError> {
        let (path, _) = self.robot_path(robot).await?;
        let needs = "user:admin org:admin";
        let answer: PermissionsAnswer =
            self.get(&format!("{path}/permissions"), &[], needs).await?;
        let mut grants: Vec<Grant> = answer
            .permissions
            .into_iter()
            .map(|entry| Grant {
                repository: format!("{}/{}", robot.namespace(), entry.repository.name),
                role: entry.role,
            })
            .collect();
        grants.sort();
        Ok(grants)
    }

    /// Gives the robot a role on a repository of its own namespace, whatever it had there.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for an unknown repository, [`ApiError::Refused`] for an unknown robot.
    pub async fn grant(
        &self,
        robot: &RobotName,
        repository: &RepositoryName,
        role: Role,
    ) -> Result<(), ApiError> {
        let path = permission_path(robot, repository);
        let body = Some(json!({ "role": role }));
        let written = self
            .write(Method::PUT, &path, body, Repeat::Safe, NEEDS)
            .await;
        match written {
            // Quay answers with the permission as it is now.
            Ok(answer) => match parse::<RoleAnswer>(answer.status, &answer.body)?.role {
                given if given == role => Ok(()),
                given => Err(ApiError::Refused(format!(
                    "Quay set the role {} instead",
                    given.as_str()
                ))),
            },
            // Quay's code raises for a repository that does not exist.
            Err(error @ ApiError::Unexpected { status: 500, .. }) => {
                match self.repository_exists(repository).await {
                    Ok(false) => Err(ApiError::NotFound),
                    _ => Err(error),
                }
            }
            Err(ApiError::Refused(text)) if text.starts_with("Invalid username") => {
                Err(no_such_robot(robot))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes the robot's direct role on a repository away.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] when it has none, or robot or repository are unknown.
    pub async fn revoke(
        &self,
        robot: &RobotName,
        repository: &RepositoryName,
    ) -> Result<(), ApiError> {
        self.remove(&permission_path(robot, repository), NEEDS)
            .await
    }
}

/// Said of a robot while asking for something else.
pub(super) fn no_such_robot(robot: &RobotName) -> ApiError {
    ApiError::Refused(format!("robot `{robot}` does not exist"))
}

fn permission_path(robot: &RobotName, repository: &RepositoryName) -> String {
    format!("/api/v1/repository/{repository}/permissions/user/{robot}")
}
