//! Reading, comparing and giving everything a robot may do.

use super::client::Quay;
use super::details::Prototype;
use super::right::{DefaultRight, Degree, Party, Right, Rights};
use super::role::Role;
use crate::names::{RepositoryName, RobotName};
use crate::web::{ApiError, Repeat};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Requests prepared ahead of the transport's own limit.
const AHEAD: usize = 8;

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

#[derive(Deserialize)]
struct PermissionMap {
    permissions: BTreeMap<String, PermissionOf>,
}

#[derive(Deserialize)]
struct PermissionOf {
    role: Role,
}

impl Quay {
    /// The rights of several robots of one namespace, in the order asked, with as few
    /// requests as the token allows: without `user:admin` each repository is asked once
    /// for all of them (`org:admin repo:admin`).
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if one of the robots does not exist.
    pub async fn rights(&self, robots: &[&RobotName]) -> Result<Vec<Rights>, ApiError> {
        let Some(namespace) = robots.first().map(|robot| robot.namespace()) else {
            return Ok(Vec::new());
        };
        let listed = self.robots(namespace, true).await?;
        let needs = "org:admin repo:admin";
        let mut all = Vec::new();
        let mut repositories = BTreeSet::new();
        for robot in robots {
            let listed = listed
                .iter()
                .find(|listed| listed.name == robot.as_str())
                .ok_or(ApiError::NotFound)?;
            let missing = || ApiError::MissingScope { needs };
            repositories.extend(listed.repositories.clone().ok_or_else(missing)?);
            let teams = listed.teams.iter().flatten();
            let teams = teams.map(|team| (Right::Team(team.clone()), Degree::Member));
            all.push(Rights::from(teams.collect::<Vec<_>>()));
        }
        self.add_roles(robots, &repositories, &mut all).await?;
        if !self.is_own(namespace).await? {
            let prototypes = self.prototypes(namespace).await?;
            for (robot, rights) in robots.iter().zip(&mut all) {
                for right in prototypes.iter().filter_map(|entry| entry.seen_by(robot)) {
                    let times = match rights.degree(&Right::Default(right.clone())) {
                        Some(Degree::Times(times)) => times + 1,
                        _ => 1,
                    };
                    rights.set(Right::Default(right), Some(Degree::Times(times)));
                }
            }
        }
        Ok(all)
    }

    async fn add_roles(
        &self,
        robots: &[&RobotName],
        repositories: &BTreeSet<String>,
        all: &mut [Rights],
    ) -> Result<(), ApiError> {
        let may_ask = |robot: &RobotName| {
            let robot = robot.clone();
            async move { self.direct_grants_if_allowed(&robot).await }
        };
        if let Some(first) = may_ask(robots[0]).await? {
            let mut answers = vec![first];
            for robot in &robots[1..] {
                let answer = may_ask(robot).await?;
                answers.push(answer.ok_or(ApiError::MissingScope {
                    needs: "org:admin repo:admin",
                })?);
            }
            for (grants, rights) in answers.into_iter().zip(all) {
                for grant in grants {
                    let right = Right::Repository(grant.repository);
                    rights.set(right, Some(Degree::Role(grant.role)));
                }
            }
            return Ok(());
        }
        let namespace = robots[0].namespace();
        let names = repositories
            .iter()
            .filter_map(|name| RepositoryName::of(namespace, &format!("{namespace}/{name}")).ok());
        let maps: Vec<(RepositoryName, PermissionMap)> = stream::iter(names)
            .map(|name| async move {
                let path = format!("/api/v1/repository/{name}/permissions/user/");
                let map = self.get(&path, &[], "repo:admin").await?;
                Ok::<_, ApiError>((name, map))
            })
            .buffered(AHEAD)
            .try_collect()
            .await?;
        for (name, map) in maps {
            for (robot, rights) in robots.iter().zip(all.iter_mut()) {
                if let Some(found) = map.permissions.get(robot.as_str()) {
                    let right = Right::Repository(name.as_str().to_owned());
                    rights.set(right, Some(Degree::Role(found.role)));
                }
            }
        }
        Ok(())
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
