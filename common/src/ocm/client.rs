//! The account API as one login sees it.

use super::args::Services;
use super::error::{OcmError, said};
use super::sso;
use super::sso::Grant;
use crate::Failure;
use crate::dockerconfig::Document;
use crate::kubelet::Format;
use crate::web::{
    Answer, Auth, Body, Call, Endpoint, Largest, Repeat, Transport, Trust, certificates, host_of,
    url,
};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use tokio::sync::Mutex;

const ACCOUNTS: &str = "/api/accounts_mgmt/v1";
/// Clusters on one page.
const CLUSTERS: usize = 100;
/// Pages of one list: nobody has a million clusters.
const MOST_PAGES: usize = 10_000;
/// The clusters that are not gone. `Deprovisioned` ones were deleted, `Archived` ones put away.
const IN_USE: &str = "status in ('Active', 'Stale', 'Disconnected', 'Reserved')";

/// Red Hat's account API for one login.
pub struct Ocm {
    transport: Transport,
    services: Services,
    grant: Grant,
    access: Mutex<Option<SecretString>>,
}

/// Somebody's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: String,
    /// Its name.
    pub username: String,
    /// Its address, which the entries of its pull secret carry.
    #[serde(default)]
    pub email: String,
    /// Whose members' account it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Organization>,
}

/// A customer of Red Hat's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: String,
    #[serde(default)]
    pub name: String,
}

/// A request to rotate the account's pull secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase"))]
pub struct Rotation {
    pub id: String,
    /// How far Red Hat says it is.
    #[serde(default)]
    pub status: RotationState,
    /// When it was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// How far Red Hat says a rotation is: it documents one word, and may use others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum RotationState {
    /// Its turn has not come yet.
    Pending,
    /// Anything else, in Red Hat's own word.
    Other(String),
}

/// A cluster that the account registered, and that has its pull secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountCluster {
    #[serde(default)]
    pub display_name: String,
    /// Its own id, as its ClusterVersion has it.
    #[serde(default)]
    pub external_cluster_id: String,
}

impl Default for RotationState {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl From<String> for RotationState {
    fn from(word: String) -> Self {
        match word.as_str() {
            "pending" => Self::Pending,
            _ => Self::Other(word),
        }
    }
}

impl From<RotationState> for String {
    fn from(state: RotationState) -> Self {
        state.to_string()
    }
}

impl fmt::Display for RotationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Other(word) => word,
        })
    }
}

#[derive(Deserialize)]
struct List<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
    /// How many there are on all pages.
    #[serde(default)]
    total: usize,
}

impl Ocm {
    pub(super) fn new(services: Services, grant: Grant) -> Result<Self, Failure> {
        Ok(Self {
            transport: transport(&services)?,
            services,
            grant,
            access: Mutex::default(),
        })
    }

    /// Whose login it is.
    pub async fn account(&self) -> Result<Account, OcmError> {
        let path = format!("{ACCOUNTS}/current_account");
        parse(&self.get(&path, &[]).await?)
    }

    /// The account's pull secret as Red Hat hands it out now.
    pub async fn pull_secret(&self) -> Result<Document, OcmError> {
        let path = format!("{ACCOUNTS}/access_token");
        let answer = self.post(&path, Repeat::Safe).await?;
        Document::parse(Format::DockerConfigJson, &answer.body).map_err(|error| {
            OcmError::Unexpected {
                status: answer.status,
                text: format!("the answer is not a pull secret: {error}"),
            }
        })
    }

    /// The rotations that were requested; none is answered with nothing at all.
    pub async fn rotations(&self, account: &Account) -> Result<Vec<Rotation>, OcmError> {
        let answer = self.get(&rotation_path(account), &[]).await?;
        if answer.status == 204 || answer.body.is_empty() {
            return Ok(Vec::new());
        }
        parse::<List<Rotation>>(&answer).map(|list| list.items)
    }

    /// Asks for a rotation. Not to be repeated: each request is one more rotation.
    pub async fn request_rotation(&self, account: &Account) -> Result<Rotation, OcmError> {
        parse(&self.post(&rotation_path(account), Repeat::Limited).await?)
    }

    /// All clusters that the account registered and that are not gone.
    pub async fn clusters(&self, account: &Account) -> Result<Vec<AccountCluster>, OcmError> {
        let search = format!(
            "creator.username = '{}' and {IN_USE}",
            account.username.replace('\'', "''")
        );
        let size = CLUSTERS.to_string();
        let mut clusters = Vec::new();
        for page in 1..=MOST_PAGES {
            let page = page.to_string();
            let query = [
                ("search", search.as_str()),
                ("size", size.as_str()),
                ("page", page.as_str()),
            ];
            let path = format!("{ACCOUNTS}/subscriptions");
            let list: List<AccountCluster> = parse(&self.get(&path, &query).await?)?;
            let is_last = list.items.is_empty();
            clusters.extend(list.items);
            if is_last || clusters.len() >= list.total {
                return Ok(clusters);
            }
        }
        Err(OcmError::Unexpected {
            status: 200,
            text: "the list of clusters has no end".to_owned(),
        })
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, OcmError> {
        let url = url(&self.services.api, path, query)?;
        self.authorized(Method::GET, url, None, Repeat::Safe).await
    }

    async fn post(&self, path: &str, repeat: Repeat) -> Result<Answer, OcmError> {
        let url = url(&self.services.api, path, &[])?;
        self.authorized(Method::POST, url, Some(json!({})), repeat)
            .await
    }

    /// Access tokens live for minutes: one that is refused is exchanged once.
    async fn authorized(
        &self,
        method: Method,
        url: Url,
        body: Option<Value>,
        repeat: Repeat,
    ) -> Result<Answer, OcmError> {
        let mut access = self.access.lock().await;
        let mut fresh = false;
        loop {
            let token = match &*access {
                Some(token) => token.clone(),
                None => {
                    fresh = true;
                    sso::exchange(&self.transport, &self.services.token_url, &self.grant).await?
                }
            };
            *access = Some(token.clone());
            let call = Call {
                method: method.clone(),
                url: url.clone(),
                auth: Auth::Bearer(&token),
                body: body.clone().map(Body::Json),
                accept: None,
                repeat,
                largest: Largest::Page,
            };
            let answer = self.transport.send(&call).await?;
            match answer.status {
                200..300 => return Ok(answer),
                401 if fresh => return Err(OcmError::Unauthorized),
                401 => *access = None,
                403 => return Err(OcmError::Forbidden(said(&answer))),
                404 => return Err(OcmError::NotFound(said(&answer))),
                409 => return Err(OcmError::Conflict(said(&answer))),
                status => {
                    return Err(OcmError::Unexpected {
                        status,
                        text: said(&answer),
                    });
                }
            }
        }
    }
}

/// Reads the certificate authority and prepares the client; nothing is sent.
fn transport(services: &Services) -> Result<Transport, Failure> {
    let mut given = Vec::new();
    if let Some(path) = &services.ca {
        let unusable = |reason: &str| Failure::usage(format!("{}: {reason}", path.display()));
        let pem = std::fs::read(path).map_err(|error| unusable(&error.to_string()))?;
        given = certificates(&pem);
        if given.is_empty() {
            return Err(unusable("it holds no certificate in PEM form"));
        }
    }
    let host = host_of(&services.api)
        .ok_or_else(|| Failure::usage(format!("{} is not an address", services.api)))?;
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(ACCEPT, json)]);
    Transport::build(Endpoint::of(host), Trust::Certified(given), headers)
}

fn rotation_path(account: &Account) -> String {
    // An id comes from the server, and must not become another path.
    let id: String = account
        .id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{ACCOUNTS}/accounts/{id}/pull_secret_rotation")
}

fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, OcmError> {
    let unexpected = |text: String| OcmError::Unexpected {
        status: answer.status,
        text,
    };
    // Nothing of it is quoted: it may hold what was sent.
    let value: Value = serde_json::from_slice(&answer.body).map_err(|_| OcmError::NotJson)?;
    serde_json::from_value(value)
        .map_err(|_| unexpected("the answer is not the JSON that the API promises".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mangled_account_leads_to_no_other_path() {
        let sample = r#"{"id":"1Ab2","username":"alice","email":"alice@example.com"}"#;
        crate::mangled::each(&[sample], |text| {
            let account: Result<Account, _> = serde_json::from_str(text);
            if let Ok(account) = account {
                let path = rotation_path(&account);
                let id = path
                    .strip_prefix(ACCOUNTS)
                    .and_then(|rest| rest.strip_prefix("/accounts/"));
                let id = id.and_then(|rest| rest.strip_suffix("/pull_secret_rotation"));
                let plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric());
                assert!(id.is_some_and(plain), "{path}");
            }
        });
    }
}
