//! Reading, comparing and giving everything a robot may do.

use super::client::Quay;
use super::details::Prototype;
use super::permissions::Grant;
use super::right::{DefaultRight, Degree, Party, Right, Rights};
use super::robots::ListedRobot;
use super::role::Role;
use crate::names::{RepositoryName, RobotName};
use crate::web::{ApiError, Repeat};
use futures::future::{join, try_join_all};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Requests prepared ahead of the transport's own limit.
const AHEAD: usize = 8;

const NEEDS: &str = "org:admin repo:admin";

impl Prototype {
    fn seen_by(&self, robot: &RobotName) -> Option<DefaultRight> {
        let party = |name: &str, kind: &str| match kind {
            _ if name == robot.as_str() => Party::Itself,
            "team" => Party::Team(name.to_owned()),
            _ => Party::User(name.to_owned()),
        };
        let delegate = party(&self.delegate.name, &self.delegate.kind);
        let activating = self.activating_user.as_ref();
        let activating = activating.map(|user| party(&user.name, "user"));
        let concerns = delegate == Party::Itself || activating == Some(Party::Itself);
        concerns.then_some(DefaultRight {
            role: self.role,
            delegate,
            activating,
        })
    }
}

/// The robots of a namespace, and its default permissions.
pub struct Roster {
    robots: Vec<ListedRobot>,
    prototypes: Vec<Prototype>,
}

/// Who has which role on one repository.
pub struct RolesOn {
    repository: RepositoryName,
    permissions: BTreeMap<String, PermissionOf>,
}

impl Roster {
    /// The robot, as the list has it: with its description, without its token.
    pub fn find(&self, robot: &RobotName) -> Option<&ListedRobot> {
        let mut robots = self.robots.iter();
        robots.find(|listed| listed.name == robot.as_str())
    }

    /// The robots, as the list has them.
    pub fn robots(&self) -> &[ListedRobot] {
        &self.robots
    }

    fn teams_and_defaults(&self, robot: &RobotName, listed: &ListedRobot) -> Rights {
        let teams = listed.teams.iter().flatten();
        let teams = teams.map(|team| (Right::Team(team.clone()), Degree::Member));
        let mut rights = Rights::from(teams.collect::<Vec<_>>());
        for right in self
            .prototypes
            .iter()
            .filter_map(|entry| entry.seen_by(robot))
        {
            let times = match rights.degree(&Right::Default(right.clone())) {
                Some(Degree::Times(times)) => times + 1,
                _ => 1,
            };
            rights.set(Right::Default(right), Some(Degree::Times(times)));
        }
        rights
    }
}

/// Whether both robots have the same repositories and teams; `robots` is a list with both.
pub fn agree(robots: &[ListedRobot], one: &RobotName, other: &RobotName) -> bool {
    let given = |robot: &RobotName| {
        let mut robots = robots.iter();
        let listed = robots.find(|listed| listed.name == robot.as_str())?;
        let sorted = |names: &Option<Vec<String>>| -> BTreeSet<String> {
            names.iter().flatten().cloned().collect()
        };
        Some((sorted(&listed.repositories), sorted(&listed.teams)))
    };
    given(one).is_some() && given(one) == given(other)
}

#[derive(Deserialize)]
struct PermissionMap {
    permissions: BTreeMap<String, PermissionOf>,
}

#[derive(Deserialize)]
struct PermissionOf {
    role: Role,
}

impl Quay {
    /// The robots of a namespace with their repositories and teams, and what the organization
    /// gives on new repositories: two requests, side by side.
    ///
    /// # Errors
    /// [`ApiError::MissingScope`] where the token may not list them.
    pub async fn roster(&self, namespace: &str) -> Result<Roster, ApiError> {
        let prototypes = async {
            match self.is_own(namespace).await? {
                true => Ok(Vec::new()),
                false => self.prototypes(namespace).await,
            }
        };
        let (robots, prototypes) = join(self.robots(namespace, true), prototypes).await;
        Ok(Roster {
            robots: robots?,
            prototypes: prototypes?,
        })
    }

    /// Everything each of these robots of one namespace may do. The roles on the repositories
    /// in `likely` (`org/name`) are asked for at once; others follow once the robots are listed.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if there is no such robot.
    pub async fn rights(
        &self,
        robots: &[&RobotName],
        likely: &[String],
    ) -> Result<Vec<Rights>, ApiError> {
        let Some(namespace) = robots.first().map(|robot| robot.namespace()) else {
            return Ok(Vec::new());
        };
        let is_own = self.is_own(namespace).await?;
        let likely = async {
            match is_own {
                true => Ok(Vec::new()),
                false => self.roles_on(likely.iter().cloned().collect()).await,
            }
        };
        let (roster, known) = join(self.roster(namespace), likely).await;
        self.rights_in(&roster?, robots, known?).await
    }

    /// The same from a roster that was just read, and the roles that are known already.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if there is no such robot, [`ApiError::MissingScope`] where their
    /// roles may not be read.
    pub async fn rights_in(
        &self,
        roster: &Roster,
        robots: &[&RobotName],
        mut known: Vec<RolesOn>,
    ) -> Result<Vec<Rights>, ApiError> {
        let Some(namespace) = robots.first().map(|robot| robot.namespace()) else {
            return Ok(Vec::new());
        };
        let mut repositories = BTreeSet::new();
        let mut all = Vec::new();
        for robot in robots {
            let listed = roster.find(robot).ok_or(ApiError::NotFound)?;
            let names = listed.repositories.as_ref();
            let names = names.ok_or(ApiError::MissingScope { needs: NEEDS })?;
            repositories.extend(names.iter().map(|name| format!("{namespace}/{name}")));
            all.push(roster.teams_and_defaults(robot, listed));
        }
        known.retain(|roles| repositories.contains(roles.repository.as_str()));
        for roles in &known {
            repositories.remove(roles.repository.as_str());
        }
        let is_own = self.is_own(namespace).await?;
        // Of many repositories, one request for each robot is worth trying.
        let direct = match is_own || repositories.len() > AHEAD {
            true => self.direct_grants_of_each(robots).await?,
            false => None,
        };
        let Some(direct) = direct else {
            known.extend(self.roles_on(repositories).await?);
            for (robot, rights) in robots.iter().zip(&mut all) {
                for roles in &known {
                    if let Some(found) = roles.permissions.get(robot.as_str()) {
                        let right = Right::Repository(roles.repository.as_str().to_owned());
                        rights.set(right, Some(Degree::Role(found.role)));
                    }
                }
            }
            return Ok(all);
        };
        for (grants, rights) in direct.into_iter().zip(&mut all) {
            for grant in grants {
                let right = Right::Repository(grant.repository);
                rights.set(right, Some(Degree::Role(grant.role)));
            }
        }
        Ok(all)
    }

    /// Each robot's roles with one request for each, where the token may.
    async fn direct_grants_of_each(
        &self,
        robots: &[&RobotName],
    ) -> Result<Option<Vec<Vec<Grant>>>, ApiError> {
        let asked = robots
            .iter()
            .map(|robot| self.direct_grants_if_allowed(robot));
        let answers = try_join_all(asked).await?;
        Ok(answers.into_iter().collect())
    }

    /// The direct roles of these robots of one namespace, from its list of robots and the
    /// repositories that this list names.
    pub(super) async fn listed_grants(
        &self,
        robots: Vec<RobotName>,
    ) -> Vec<(RobotName, Result<Vec<Grant>, ApiError>)> {
        let namespace = robots.first().map_or("", |robot| robot.namespace());
        let listed = self.robots(namespace, true).await;
        let named = |robot: &RobotName| -> Result<Vec<String>, ApiError> {
            let mut listed = listed.as_ref().map_err(Clone::clone)?.iter();
            let listed = listed.find(|listed| listed.name == robot.as_str());
            let names = listed.ok_or(ApiError::NotFound)?.repositories.as_ref();
            let names = names.ok_or(ApiError::MissingScope { needs: NEEDS })?;
            Ok(names
                .iter()
                .map(|name| format!("{namespace}/{name}"))
                .collect())
        };
        let repositories = robots.iter().filter_map(|robot| named(robot).ok());
        let roles = self.roles_on(repositories.flatten().collect()).await;
        let grants = |robot: &RobotName| -> Result<Vec<Grant>, ApiError> {
            named(robot)?;
            let roles = roles.as_ref().map_err(Clone::clone)?.iter();
            let grants = roles.filter_map(|roles| {
                let role = roles.permissions.get(robot.as_str())?.role;
                let repository = roles.repository.as_str().to_owned();
                Some(Grant { repository, role })
            });
            Ok(grants.collect())
        };
        let grants: Vec<_> = robots.iter().map(grants).collect();
        robots.into_iter().zip(grants).collect()
    }

    /// Who has which role on each of these repositories, `org/name`.
    async fn roles_on(&self, names: BTreeSet<String>) -> Result<Vec<RolesOn>, ApiError> {
        let names = names.into_iter().filter_map(|name| {
            let (namespace, _) = name.split_once('/')?;
            RepositoryName::of(namespace, &name).ok()
        });
        stream::iter(names)
            .map(|repository| async move {
                let path = format!("/api/v1/repository/{repository}/permissions/user/");
                match self.get::<PermissionMap>(&path, &[], "repo:admin").await {
                    Ok(map) => Ok(Some(RolesOn {
                        repository,
                        permissions: map.permissions,
                    })),
                    // It went while it was asked about.
                    Err(ApiError::NotFound) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .buffered(AHEAD)
            .try_filter_map(async |roles| Ok(roles))
            .try_collect()
            .await
    }

    /// Gives a robot that has nothing yet all of these rights, side by side.
    ///
    /// # Errors
    /// The first right that could not be given.
    pub async fn give_all(&self, robot: &RobotName, rights: &Rights) -> Result<(), ApiError> {
        let organization = robot.namespace();
        let path = format!("/api/v1/organization/{organization}/prototypes");
        let others = rights
            .iter()
            .filter(|(right, _)| !matches!(right, Right::Default(_)));
        let others = stream::iter(others)
            .map(|(right, degree)| self.set_right(robot, right, Some(degree)))
            .buffered(AHEAD)
            .try_collect::<Vec<()>>();
        let defaults = async {
            for (right, degree) in rights.iter() {
                let (Right::Default(right), Degree::Times(times)) = (right, degree) else {
                    continue;
                };
                for _ in 0..times {
                    let body = Some(new_prototype(robot, right));
                    self.write(Method::POST, &path, body, Repeat::Refused, "org:admin")
                        .await?;
                }
            }
            Ok::<(), ApiError>(())
        };
        let (others, defaults) = join(others, defaults).await;
        others.map(drop).and(defaults)
    }

    /// Brings each right of the robot to the degree named; `None` takes it away. What is
    /// so already is no failure.
    pub async fn set_rights(
        &self,
        robot: &RobotName,
        changes: &[(Right, Option<Degree>)],
    ) -> Result<(), ApiError> {
        let (defaults, others): (Vec<_>, Vec<_>) = changes
            .iter()
            .partition(|(right, _)| matches!(right, Right::Default(_)));
        let written: Vec<()> = stream::iter(others)
            .map(|(right, degree)| self.set_right(robot, right, *degree))
            .buffered(AHEAD)
            .try_collect()
            .await?;
        drop(written);
        // One after the other: nothing tells a default permission from its double.
        for (right, degree) in defaults {
            if let Right::Default(right) = right {
                self.set_default(robot, right, *degree).await?;
            }
        }
        Ok(())
    }

    async fn set_right(
        &self,
        robot: &RobotName,
        right: &Right,
        degree: Option<Degree>,
    ) -> Result<(), ApiError> {
        match (right, degree) {
            (Right::Repository(name), degree) => {
                let name =
                    RepositoryName::of(robot.namespace(), name).map_err(ApiError::InvalidName)?;
                match degree {
                    Some(Degree::Role(role)) => self.grant(robot, &name, role).await,
                    _ => match self.revoke(robot, &name).await {
                        Err(ApiError::NotFound) => Ok(()),
                        result => result,
                    },
                }
            }
            (Right::Team(team), Some(_)) => self.join_team(robot, team).await,
            (Right::Team(team), None) => self.leave_team(robot, team).await,
            (Right::Default(_), _) => Ok(()),
        }
    }

    /// Creates or deletes default permissions until there are as many as wanted.
    async fn set_default(
        &self,
        robot: &RobotName,
        right: &DefaultRight,
        degree: Option<Degree>,
    ) -> Result<(), ApiError> {
        let organization = robot.namespace();
        let path = format!("/api/v1/organization/{organization}/prototypes");
        let all = self.prototypes(organization).await?;
        let mut present: Vec<&Prototype> = all
            .iter()
            .filter(|entry| entry.seen_by(robot).as_ref() == Some(right))
            .collect();
        let wanted = match degree {
            Some(Degree::Times(times)) => times,
            _ => 0,
        };
        while present.len() > wanted
            && let Some(surplus) = present.pop()
        {
            self.remove(&format!("{path}/{}", surplus.id), "org:admin")
                .await?;
        }
        for _ in present.len()..wanted {
            let body = Some(new_prototype(robot, right));
            self.write(Method::POST, &path, body, Repeat::Refused, "org:admin")
                .await?;
        }
        Ok(())
    }

    async fn join_team(&self, robot: &RobotName, team: &str) -> Result<(), ApiError> {
        let path = member_path(robot, team);
        match self
            .write(Method::PUT, &path, None, Repeat::Safe, "org:admin")
            .await
        {
            Err(ApiError::Refused(text)) if text.contains("already a member") => Ok(()),
            result => result.map(drop),
        }
    }

    async fn leave_team(&self, robot: &RobotName, team: &str) -> Result<(), ApiError> {
        match self.remove(&member_path(robot, team), "org:admin").await {
            Err(ApiError::NotFound) => Ok(()),
            Err(ApiError::Refused(text)) if text.contains("does not belong") => Ok(()),
            result => result,
        }
    }
}

fn member_path(robot: &RobotName, team: &str) -> String {
    let organization = robot.namespace();
    format!("/api/v1/organization/{organization}/team/{team}/members/{robot}")
}

fn new_prototype(robot: &RobotName, right: &DefaultRight) -> serde_json::Value {
    let name = |party: &Party| match party {
        Party::Itself => robot.to_string(),
        Party::User(name) | Party::Team(name) => name.clone(),
    };
    let kind = match right.delegate {
        Party::Team(_) => "team",
        Party::Itself | Party::User(_) => "user",
    };
    let mut body = json!({
        "role": right.role,
        "delegate": {"name": name(&right.delegate), "kind": kind},
    });
    if let Some(activating) = &right.activating {
        body["activating_user"] = json!({"name": name(activating)});
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_permission_looks_the_same_for_a_robot_and_its_double() {
        let prototype: Prototype = serde_json::from_value(json!({
            "id": "1", "role": "write",
            "delegate": {"name": "devs", "kind": "team"},
            "activating_user": {"name": "myorg+deploy", "kind": "user"}
        }))
        .unwrap();
        let robot: RobotName = "myorg+deploy".parse().unwrap();
        let right = prototype.seen_by(&robot).unwrap();
        assert_eq!(right.activating, Some(Party::Itself));
        let double: RobotName = "myorg+deploy-bridge".parse().unwrap();
        assert_eq!(prototype.seen_by(&double), None);
        assert_eq!(
            new_prototype(&double, &right),
            json!({"role": "write", "delegate": {"name": "devs", "kind": "team"},
                "activating_user": {"name": "myorg+deploy-bridge"}})
        );
    }
}
