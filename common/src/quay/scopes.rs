//! Which scopes a token seems to have, found out without side effects.

use super::client::Quay;
use crate::names::RobotName;
use crate::web::ApiError;
use serde::Serialize;

/// What a token is seen to be good for.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeReport {
    /// Whose token it is.
    pub user: String,
    /// The user's organizations; `None` where the token may not list them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organizations: Option<Vec<String>>,
    /// One entry a scope.
    pub scopes: Vec<OAuthScope>,
}

/// One scope and whether the token has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OAuthScope {
    /// The scope's name, such as `org:admin`.
    pub name: &'static str,
    /// Whether the token has it.
    pub held: Held,
    #[serde(rename = "neededFor")]
    pub needed_for: &'static str,
}

/// Whether a token has a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// A request that takes it was answered.
    Yes,
    /// A request that takes it was refused.
    No,
    /// There was nothing to try it on.
    Unknown,
}

impl Held {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    fn of<T>(result: Result<T, ApiError>) -> Result<Self, ApiError> {
        match result {
            // Getting as far as "not found" takes the right.
            Ok(_) | Err(ApiError::NotFound) => Ok(Self::Yes),
            Err(ApiError::MissingScope { .. }) => Ok(Self::No),
            Err(error) => Err(error),
        }
    }
}

impl Quay {
    /// Tries each scope with a GET; `organization` is where to try `org:admin` and
    /// `repo:admin` first.
    ///
    /// # Errors
    /// [`ApiError::BadToken`] when the token is wrong, expired or revoked.
    pub async fn scopes(&self, organization: Option<&str>) -> Result<ScopeReport, ApiError> {
        let user = self.check_token().await?;
        let record = self.current_user().await?;
        let organizations: Option<Vec<String>> = record.map(|user| {
            let mut names: Vec<String> = user.organizations.into_iter().map(|o| o.name).collect();
            names.sort();
            names
        });
        let listed = organizations.iter().flatten().map(String::as_str);
        // A user is the administrator of the namespace of their own name.
        let places: Vec<&str> = organization
            .into_iter()
            .chain(std::iter::once(user.as_str()))
            .chain(listed)
            .collect();
        let scopes = vec![
            OAuthScope {
                name: "org:admin",
                held: self
                    .held_somewhere(&places, &user, Probe::Organization)
                    .await?,
                needed_for: "robots of organizations",
            },
            OAuthScope {
                name: "repo:admin",
                held: self
                    .held_somewhere(&places, &user, Probe::Repository)
                    .await?,
                needed_for: "create --grant, grant, revoke, describe",
            },
            OAuthScope {
                name: "user:admin",
                held: self.has_user_admin().await?,
                needed_for: "your own robots",
            },
            OAuthScope {
                name: "user:read",
                held: if organizations.is_some() {
                    Held::Yes
                } else {
                    Held::No
                },
                needed_for: "list without ORG",
            },
        ];
        Ok(ScopeReport {
            user,
            organizations,
            scopes,
        })
    }

    /// The scopes a rotation of the robot takes and the token lacks, found out without side
    /// effects; `copies_rights` where a bridge is given the robot's rights.
    ///
    /// # Errors
    /// [`ApiError::BadToken`] when the token is wrong, expired or revoked.
    pub async fn missing_for_rotation(
        &self,
        robot: &RobotName,
        copies_rights: bool,
    ) -> Result<Vec<&'static str>, ApiError> {
        self.check_token().await?;
        let namespace = robot.namespace();
        let mut missing = Vec::new();
        if self.is_own(namespace).await? {
            if self.has_user_admin().await? == Held::No {
                missing.push("user:admin");
            }
        } else if self.held_at(namespace, Probe::Organization).await? == Held::No {
            missing.push("org:admin");
        }
        if copies_rights && self.held_at(namespace, Probe::Repository).await? == Held::No {
            missing.push("repo:admin");
        }
        Ok(missing)
    }

    /// Yes as soon as one place answers. A refusal in the user's own namespace alone
    /// proves nothing about organizations.
    async fn held_somewhere(
        &self,
        places: &[&str],
        user: &str,
        probe: Probe,
    ) -> Result<Held, ApiError> {
        let mut held = Held::Unknown;
        for place in places.iter().take(MOST_PLACES) {
            match self.held_at(place, probe).await? {
                Held::Yes => return Ok(Held::Yes),
                Held::No if *place != user => held = Held::No,
                Held::No | Held::Unknown => {}
            }
        }
        Ok(held)
    }

    async fn held_at(&self, place: &str, probe: Probe) -> Result<Held, ApiError> {
        match probe {
            Probe::Organization => Held::of(self.prototypes(place).await),
            Probe::Repository => {
                // Of a repository that does not exist an administrator is told: no permissions.
                let found = self.any_repository(place).await?;
                let repository = found.as_deref().unwrap_or("no-repository");
                let path = format!("/api/v1/repository/{place}/{repository}/permissions/user/");
                Held::of(
                    self.get::<serde::de::IgnoredAny>(&path, &[], "repo:admin")
                        .await,
                )
            }
        }
    }

    async fn has_user_admin(&self) -> Result<Held, ApiError> {
        let query = [("token", "false"), ("limit", "1")];
        let path = "/api/v1/user/robots";
        Held::of(
            self.get::<serde::de::IgnoredAny>(path, &query, "user:admin")
                .await,
        )
    }
}

/// Places to try a scope at; each costs a request.
const MOST_PLACES: usize = 6;

#[derive(Clone, Copy)]
enum Probe {
    Organization,
    Repository,
}
