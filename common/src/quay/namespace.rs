//! Users, organizations, repositories, and the server itself.

use super::robot_name::is_name;
use super::{ApiError, Quay, RepositoryName};
use serde::Deserialize;

/// The signed-in user.
#[derive(Debug, Clone, Deserialize)]
pub struct User {
    /// The name, also that of the user's own namespace.
    pub username: String,
    /// The organizations the user is a member of.
    #[serde(default)]
    pub organizations: Vec<Organization>,
}

/// An organization as the user's own record names it.
#[derive(Debug, Clone, Deserialize)]
pub struct Organization {
    /// The name.
    pub name: String,
}

/// What Quay tells anybody about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// The host in Quay's own image names; it may differ from the API's.
    pub server_hostname: Option<String>,
    /// The version, where told.
    pub version: Option<String>,
}

#[derive(Deserialize)]
struct ConfigAnswer {
    #[serde(default)]
    config: ConfigValues,
    #[serde(default, alias = "version")]
    version_number: Option<String>,
}

#[derive(Default, Deserialize)]
struct ConfigValues {
    #[serde(default, rename = "SERVER_HOSTNAME")]
    server_hostname: Option<String>,
}

#[derive(Deserialize)]
struct RepositoryPage {
    repositories: Vec<ListedRepository>,
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct ListedRepository {
    name: String,
}

/// Reads an organization's or user's name, as Quay allows them.
pub fn parse_namespace(text: &str) -> Result<String, String> {
    if is_name(text) {
        return Ok(text.to_owned());
    }
    let hint = text
        .split(['+', '/'])
        .next()
        .unwrap_or(text)
        .to_ascii_lowercase();
    if hint != text && is_name(&hint) {
        return Err(format!(
            "`{text}` is not an organization; did you mean `{hint}`?"
        ));
    }
    Err(format!(
        "`{text}` is not an organization: names are 2 to 255 lower-case letters and digits, \
         with single `.`, `_` or `-` between them"
    ))
}

impl ServerConfig {
    pub(crate) fn parse(status: u16, body: &[u8]) -> Result<Self, ApiError> {
        let answer: ConfigAnswer = super::body::parse(status, body)?;
        Ok(Self {
            server_hostname: answer.config.server_hostname,
            version: answer.version_number,
        })
    }
}

impl Quay {
    /// What the server tells about itself; needs no token.
    pub async fn server_config(&self) -> Result<ServerConfig, ApiError> {
        self.registry().server_config().await
    }

    /// The signed-in user; `None` where the token has neither `user:read` nor `user:admin`
    /// (or is not valid: the answer is the same, [`Quay::check_token`] tells).
    pub async fn current_user(&self) -> Result<Option<User>, ApiError> {
        match self.get("/api/v1/user/", &[], "user:read").await {
            Ok(user) => Ok(Some(user)),
            Err(ApiError::BadToken | ApiError::MissingScope { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the repository exists and the token's user may know it.
    pub async fn repository_exists(&self, repository: &RepositoryName) -> Result<bool, ApiError> {
        let path = format!("/api/v1/repository/{repository}");
        // The smallest answer Quay offers.
        let query = [("includeTags", "false")];
        match self
            .get::<serde::de::IgnoredAny>(&path, &query, "repo:read")
            .await
        {
            Ok(_) => Ok(true),
            Err(ApiError::NotFound) => Ok(false),
            // Reading takes `repo:read`; any token may list.
            Err(ApiError::MissingScope { .. }) => {
                let names = self.repositories(repository.namespace()).await?;
                Ok(names.iter().any(|name| name == repository.name()))
            }
            Err(error) => Err(error),
        }
    }

    /// The repositories of a namespace the user may see, without the namespace.
    pub async fn repositories(&self, namespace: &str) -> Result<Vec<String>, ApiError> {
        let mut names = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = self.repository_page(namespace, next.as_deref()).await?;
            let known = names.len();
            names.extend(page.repositories.into_iter().map(|listed| listed.name));
            // An expired page marker silently starts over at page 1.
            if known > 0 && names.get(known) == names.first() {
                names.truncate(known);
                return Ok(names);
            }
            match page.next_page {
                Some(marker) => next = Some(marker),
                None => return Ok(names),
            }
        }
    }

    /// Some repository of the namespace, if there is one.
    pub(super) async fn any_repository(&self, namespace: &str) -> Result<Option<String>, ApiError> {
        let page = self.repository_page(namespace, None).await?;
        Ok(page
            .repositories
            .into_iter()
            .next()
            .map(|listed| listed.name))
    }

    async fn repository_page(
        &self,
        namespace: &str,
        marker: Option<&str>,
    ) -> Result<RepositoryPage, ApiError> {
        let mut query = vec![("namespace", namespace)];
        query.extend(marker.map(|marker| ("next_page", marker)));
        self.get("/api/v1/repository", &query, "repo:read").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_robot_or_repository_given_as_organization_is_recognised() {
        assert_eq!(parse_namespace("my_org"), Ok("my_org".to_owned()));
        for wrong in ["myorg+deploy", "myorg/app", "MyOrg"] {
            assert!(
                parse_namespace(wrong).unwrap_err().contains("`myorg`"),
                "{wrong}"
            );
        }
        assert!(parse_namespace("..").is_err());
    }

    #[test]
    fn the_servers_own_name_is_read_from_its_configuration() {
        let text = br#"{"config":{"SERVER_HOSTNAME":"localhost:8080"},"version_number":"3.18.0"}"#;
        let config = ServerConfig::parse(200, text).unwrap();
        assert_eq!(config.server_hostname.as_deref(), Some("localhost:8080"));
        assert_eq!(config.version.as_deref(), Some("3.18.0"));
    }
}
