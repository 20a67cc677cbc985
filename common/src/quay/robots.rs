//! Robot accounts: read, list, create, delete.

use super::client::Quay;
use crate::names::RobotName;
use crate::web::{ApiError, Repeat, body};
use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// A robot with its token.
#[derive(Debug, Clone, Deserialize)]
pub struct Robot {
    /// `org+name`.
    pub name: RobotName,
    /// The token: 64 characters `[A-Z0-9]`.
    #[serde(deserialize_with = "body::secret")]
    pub token: SecretString,
    /// When it was created.
    #[serde(default, deserialize_with = "body::time")]
    pub created: Option<Timestamp>,
    /// Its last sign-in to the registry, to the minute; null before the first.
    #[serde(default, deserialize_with = "body::time")]
    pub last_accessed: Option<Timestamp>,
    /// What somebody wrote about it; empty rather than absent.
    #[serde(default, deserialize_with = "text")]
    pub description: String,
}

impl Robot {
    /// Holds the answer against what was asked for: what goes into secrets has to be a token, and
    /// that robot's own.
    fn checked(self, asked: &RobotName) -> Result<Self, ApiError> {
        let token = self.token.expose_secret();
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        let text = match (self.name == *asked, is_token) {
            (true, true) => return Ok(self),
            (true, false) => format!("the token of {asked} in the answer is not a token"),
            (false, _) => format!(
                "the answer is about {}, the question was about {asked}",
                self.name
            ),
        };
        Err(ApiError::Unexpected { status: 200, text })
    }
}

/// A robot as listings have it: no token.
#[derive(Debug, Clone, Deserialize)]
pub struct ListedRobot {
    /// `org+name`. Text, since Quay once accepted names it would refuse today.
    pub name: String,
    /// When it was created.
    #[serde(default, deserialize_with = "body::time")]
    pub created: Option<Timestamp>,
    /// Its last sign-in to the registry, to the minute; null before the first.
    #[serde(default, deserialize_with = "body::time")]
    pub last_accessed: Option<Timestamp>,
    /// What somebody wrote about it; empty rather than absent.
    #[serde(default, deserialize_with = "text")]
    pub description: String,
    /// Names of the repositories it has a direct role on, without the namespace;
    /// absent unless asked for, and for plain members of the organization.
    #[serde(default)]
    pub repositories: Option<Vec<String>>,
    /// Names of the teams it is in; absent like `repositories`.
    #[serde(default, deserialize_with = "team_names")]
    pub teams: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Listing {
    robots: Vec<ListedRobot>,
}

fn text<'de, D: serde::Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(source)?.unwrap_or_default())
}

fn team_names<'de, D: serde::Deserializer<'de>>(
    source: D,
) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    struct Team {
        name: String,
    }
    let teams = Option::<Vec<Team>>::deserialize(source)?;
    Ok(teams.map(|teams| teams.into_iter().map(|team| team.name).collect()))
}

impl Quay {
    /// The robot with its current token; Quay's answer is authoritative.
    ///
    /// # Errors
    /// [`ApiError::NotFound`]; [`ApiError::MissingScope`] also for an unknown organization.
    pub async fn robot(&self, robot: &RobotName) -> Result<Robot, ApiError> {
        let (path, needs) = self.robot_path(robot).await?;
        self.get::<Robot>(&path, &[], needs).await?.checked(robot)
    }

    /// All robots of an organization or of the signed-in user, sorted by name,
    /// without tokens; `permissions` adds repositories and teams.
    pub async fn robots(
        &self,
        namespace: &str,
        permissions: bool,
    ) -> Result<Vec<ListedRobot>, ApiError> {
        let (path, needs) = self.robots_path(namespace).await?;
        let permissions = if permissions { "true" } else { "false" };
        // A limit counts joined rows, not robots; 0 is none.
        let query = [
            ("token", "false"),
            ("permissions", permissions),
            ("limit", "0"),
        ];
        let mut robots = self.get::<Listing>(&path, &query, needs).await?.robots;
        // Quay matches with LIKE, where the `_` of `my_org` stands for any character.
        let own = format!("{namespace}+");
        robots.retain(|robot| robot.name.starts_with(&own));
        robots.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(robots)
    }

    /// The robots of several namespaces, each with its own success or failure, in the order given.
    pub async fn robots_of_each(
        &self,
        namespaces: &[String],
        permissions: bool,
    ) -> Vec<(String, Result<Vec<ListedRobot>, ApiError>)> {
        let asked = namespaces.iter().map(|namespace| async move {
            let robots = self.robots(namespace, permissions).await;
            (namespace.clone(), robots)
        });
        futures::future::join_all(asked).await
    }

    /// Creates the robot. Quay creates atomically: of two racing calls one gets [`ApiError::Exists`].
    pub async fn create(&self, robot: &RobotName, description: &str) -> Result<Robot, ApiError> {
        let (path, needs) = self.robot_path(robot).await?;
        let body = Some(json!({ "description": description }));
        let answer = self
            .write(Method::PUT, &path, body, Repeat::Refused, needs)
            .await?;
        body::parse::<Robot>(answer.status, &answer.body)?.checked(robot)
    }

    /// Creates a robot that nobody signs in as: its token is not even read from the answer.
    pub async fn put_up(&self, robot: &RobotName, description: &str) -> Result<(), ApiError> {
        let (path, needs) = self.robot_path(robot).await?;
        let body = Some(json!({ "description": description }));
        let made = self.write(Method::PUT, &path, body, Repeat::Refused, needs);
        made.await.map(drop)
    }

    /// Whether the robot exists. Its token is not read from the answer.
    pub async fn stands(&self, robot: &RobotName) -> Result<bool, ApiError> {
        let (path, needs) = self.robot_path(robot).await?;
        match self.get::<IgnoredAny>(&path, &[], needs).await {
            Ok(_) => Ok(true),
            Err(ApiError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Replaces the robot's token; the old one is dead at once. Of two racing calls both
    /// are told a token, and one of those is dead too: [`Quay::robot`] tells which counts.
    pub async fn regenerate(&self, robot: &RobotName) -> Result<Robot, ApiError> {
        let (path, needs) = self.robot_path(robot).await?;
        let path = format!("{path}/regenerate");
        let answer = self
            .write(Method::POST, &path, None, Repeat::Refused, needs)
            .await?;
        body::parse::<Robot>(answer.status, &answer.body)?.checked(robot)
    }

    /// Deletes the robot with its permissions, memberships and default permissions.
    ///
    /// # Errors
    /// [`ApiError::Refused`] while a repository mirror uses it.
    pub async fn delete(&self, robot: &RobotName) -> Result<(), ApiError> {
        let (path, needs) = self.robot_path(robot).await?;
        self.remove(&path, needs).await
    }

    /// Whether the namespace is the signed-in user's own.
    pub async fn is_own(&self, namespace: &str) -> Result<bool, ApiError> {
        Ok(self.whose().await? == namespace)
    }

    pub(super) async fn robot_path(
        &self,
        robot: &RobotName,
    ) -> Result<(String, &'static str), ApiError> {
        let (robots, needs) = self.robots_path(robot.namespace()).await?;
        Ok((format!("{robots}/{}", robot.short()), needs))
    }

    async fn robots_path(&self, namespace: &str) -> Result<(String, &'static str), ApiError> {
        if self.is_own(namespace).await? {
            Ok(("/api/v1/user/robots".to_owned(), "user:admin"))
        } else {
            let path = format!("/api/v1/organization/{namespace}/robots");
            Ok((path, "org:admin"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::body::parse;

    #[test]
    fn a_recorded_robot_is_read_and_its_token_never_shown() {
        let token = "NKTZTS2TGPW04WU3NMFPS3Z1OAHWIBC4G5S20J8EKNHXBX1KPPPKJWYOALRBLWKL";
        let text = json!({
            "name": "myorg+deploy", "created": "Sun, 22 Nov 2026 10:23:21 -0000",
            "last_accessed": null, "description": null, "token": token,
            "unstructured_metadata": {"n": 1}
        });
        let robot: Robot = parse(200, text.to_string().as_bytes()).unwrap();
        assert_eq!(robot.name.short(), "deploy");
        assert_eq!(robot.description, "");
        assert!(robot.created.is_some() && robot.last_accessed.is_none());
        assert!(!format!("{robot:?}").contains(token));
    }

    #[test]
    fn what_is_no_token_or_another_robots_is_refused() {
        let asked: RobotName = "myorg+deploy".parse().unwrap();
        let check = |name: &str, token: &str| {
            let text = json!({"name": name, "token": token}).to_string();
            parse::<Robot>(200, text.as_bytes())
                .unwrap()
                .checked(&asked)
        };
        assert!(check("myorg+deploy", &"K".repeat(64)).is_ok());
        for token in ["", "A\nB", "A B", "A\u{202e}B"] {
            assert!(check("myorg+deploy", token).is_err(), "{token:?}");
        }
        let other = check("myorg+admin", &"S3CRET".repeat(10)).unwrap_err();
        assert!(other.to_string().contains("myorg+admin"), "{other}");
        assert!(!other.to_string().contains("S3CRET"), "{other}");
    }

    #[test]
    fn a_plain_members_listing_has_no_teams_and_odd_names_are_kept() {
        let text = r#"{"robots": [
            {"name": "myorg+newline\n", "created": "x", "last_accessed": null, "description": ""},
            {"name": "myorg+b2", "teams": [{"name": "pullers"}], "repositories": ["a"]}]}"#;
        let robots = parse::<Listing>(200, text.as_bytes()).unwrap().robots;
        assert_eq!((&robots[0].teams, &robots[0].repositories), (&None, &None));
        assert_eq!(
            robots[1].teams.as_deref(),
            Some(&["pullers".to_owned()][..])
        );
    }
}
