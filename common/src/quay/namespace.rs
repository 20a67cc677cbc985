//! Users, organizations, repositories, and the server itself.

use super::client::Quay;
use super::pages::Pages;
use crate::names::RepositoryName;
use crate::registry::ServerConfig;
use crate::web::ApiError;
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
    pub name: String,
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
        let mut pages = Pages::default();
        loop {
            let page = self.repository_page(namespace, &mut pages).await?;
            let known = names.len();
            names.extend(page.repositories.into_iter().map(|listed| listed.name));
            // An expired page marker silently starts over at page 1.
            if known > 0 && names.get(known) == names.first() {
                names.truncate(known);
                return Ok(names);
            }
            if !pages.go_on(page.next_page)? {
                return Ok(names);
            }
        }
    }

    /// Some repository of the namespace, if there is one.
    pub(super) async fn any_repository(&self, namespace: &str) -> Result<Option<String>, ApiError> {
        let page = self
            .repository_page(namespace, &mut Pages::default())
            .await?;
        Ok(page
            .repositories
            .into_iter()
            .next()
            .map(|listed| listed.name))
    }

    async fn repository_page(
        &self,
        namespace: &str,
        pages: &mut Pages,
    ) -> Result<RepositoryPage, ApiError> {
        let query = [("namespace", namespace)];
        self.page(pages, "/api/v1/repository", &query, "repo:read")
            .await
    }
}
