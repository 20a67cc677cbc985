//! Asking the registry what a credential is worth.

use super::challenge::Challenge;
use super::claims::Claims;
use super::patience::Patience;
use super::scope;
use super::server_config::ServerConfig;
use super::well_known::hands_out_tokens_for;
use crate::Failure;
use crate::web::{
    Answer, ApiError, Auth, Call, Endpoint, Largest, NamedBy, Repeat, Transport, body, error_text,
    first_line, host_of, url,
};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The user name under which an OAuth token is a registry password.
const OAUTH_USER: &str = "$oauthtoken";

/// Asked about where no repository is at hand: a request without any scope is a login,
/// and every login is an entry in the usage log. It need not exist.
pub(super) const NO_REPOSITORY: &str = "kubectl-quay/no-repository";

/// A registry as a container runtime sees it.
#[derive(Clone)]
pub struct Registry {
    pub(super) transport: Arc<Transport>,
    /// Where tokens come from; asked for once, whoever shares this connection.
    challenge: Arc<OnceCell<(Url, String)>>,
    /// What the server says of itself; asked for once too.
    config: Arc<OnceCell<ServerConfig>>,
    /// How long it is waited for, besides the transport's own limits.
    patience: Arc<Patience>,
}

/// What the registry makes of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// The credential is good.
    Accepted {
        /// Who the registry says it is.
        subject: Option<String>,
        /// The repositories asked about that it may pull.
        pullable: Vec<String>,
        /// The repositories asked about that it may not pull, or that do not exist.
        refused: Vec<String>,
    },
    /// The credential is not accepted.
    Refused {
        /// The registry's own words.
        reason: String,
    },
}

#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    #[serde(alias = "access_token", deserialize_with = "crate::web::body::secret")]
    pub(super) token: SecretString,
}

impl Registry {
    /// Prepares to talk to the endpoint's registry; nothing is sent.
    pub fn connect(endpoint: &Endpoint) -> Result<Self, Failure> {
        Ok(Self::over(Arc::new(Transport::open(endpoint)?)))
    }

    pub(crate) fn over(transport: Arc<Transport>) -> Self {
        Self {
            transport,
            challenge: Arc::default(),
            config: Arc::default(),
            patience: Arc::default(),
        }
    }

    /// The same with patience of its own.
    pub(super) fn with(self, patience: Patience) -> Self {
        Self {
            patience: Arc::new(patience),
            ..self
        }
    }

    /// The same for many questions in a row: once it did not answer in time, it is not asked again.
    pub fn asked_until_silent(&self) -> Self {
        self.clone().with(Patience::default())
    }

    /// Whether the registry accepts the credential, and which repositories (`org/name`)
    /// it may pull. Quay answers 200 without any right, so the token's `access` counts.
    ///
    /// # Errors
    /// When the registry gives no answer that says so, one way or the other.
    pub async fn probe(
        &self,
        user: &str,
        password: &SecretString,
        repositories: &[String],
    ) -> Result<Probe, Failure> {
        self.try_probe(user, password, repositories)
            .await
            .map_err(|error| {
                let registry = &self.transport.endpoint().registry;
                error.without_answer(format!("{registry} about the credential of {user}"))
            })
    }

    async fn try_probe(
        &self,
        user: &str,
        password: &SecretString,
        repositories: &[String],
    ) -> Result<Probe, ApiError> {
        let nothing = [NO_REPOSITORY.to_owned()];
        let asked = if repositories.is_empty() {
            &nothing
        } else {
            repositories
        };
        let mut pullable = BTreeSet::new();
        let mut subject = None;
        for batch in scope::batches(asked) {
            let answer = self.ask(user, password, batch).await?;
            if answer.status == 401 {
                return Ok(Probe::Refused {
                    reason: reason(&answer),
                });
            }
            let claims = read_claims(&answer)?;
            subject = subject.or(claims.subject);
            pullable.extend(claims.pullable.unwrap_or_default());
        }
        let (pullable, refused) = repositories
            .iter()
            .cloned()
            .partition(|repository| pullable.contains(repository));
        Ok(Probe::Accepted {
            subject,
            pullable,
            refused,
        })
    }

    /// The user an OAuth token belongs to, whatever its scopes.
    ///
    /// # Errors
    /// [`ApiError::BadToken`] when it is wrong, expired or revoked.
    pub(crate) async fn token_owner(&self, token: &SecretString) -> Result<String, ApiError> {
        let answer = self
            .ask(OAUTH_USER, token, &[NO_REPOSITORY.to_owned()])
            .await?;
        if answer.status == 401 {
            return Err(ApiError::BadToken);
        }
        read_claims(&answer)?.subject.ok_or(ApiError::BadToken)
    }

    /// What the server tells anybody about itself. Whatever it says is only a claim.
    pub(crate) async fn server_config(&self) -> Result<ServerConfig, ApiError> {
        let config = self.config.get_or_try_init(|| self.ask_for_config());
        config.await.cloned()
    }

    async fn ask_for_config(&self) -> Result<ServerConfig, ApiError> {
        let api = &self.transport.endpoint().api;
        let answer = self
            .get(url(api, "/config", &[])?, Auth::None, Largest::Page)
            .await?;
        if answer.status != 200 {
            return Err(unexpected(&answer));
        }
        ServerConfig::parse(answer.status, &answer.body)
    }

    async fn ask(
        &self,
        user: &str,
        password: &SecretString,
        repositories: &[String],
    ) -> Result<Answer, ApiError> {
        self.ask_as(Auth::Basic(user, password), repositories).await
    }

    /// Asks for a token that is good for pulling these.
    pub(super) async fn ask_as(
        &self,
        auth: Auth<'_>,
        repositories: &[String],
    ) -> Result<Answer, ApiError> {
        let (realm, service) = self
            .challenge
            .get_or_try_init(|| self.patience.once(self.find_token_endpoint()))
            .await?;
        let mut url = realm.clone();
        url.query_pairs_mut()
            .append_pair("service", service)
            .extend_pairs(repositories.iter().map(|name| ("scope", scope::pull(name))));
        self.get(url, auth, Largest::Token).await
    }

    async fn get(&self, url: Url, auth: Auth<'_>, largest: Largest) -> Result<Answer, ApiError> {
        let call = Call {
            method: Method::GET,
            url,
            auth,
            body: None,
            accept: None,
            repeat: Repeat::Safe,
            largest,
        };
        self.send(&call).await
    }

    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, ApiError> {
        self.patience.wait_for(self.transport.send(call)).await
    }

    async fn find_token_endpoint(&self) -> Result<(Url, String), ApiError> {
        let origin = self.transport.endpoint().registry_origin();
        let asked = self.get(url(&origin, "/v2/", &[])?, Auth::None, Largest::Token);
        let answer = asked.await?;
        let challenge = answer.challenge.as_deref().and_then(Challenge::parse);
        let challenge = match (answer.status, challenge) {
            (401, Some(challenge)) => challenge,
            (200, _) => return Err(ApiError::AsksNoToken(origin)),
            (status, _) => {
                let text =
                    format!("{origin}/v2/ asks for no token: check that it is a Quay registry");
                return Err(ApiError::Unexpected { status, text });
            }
        };
        let realm = Url::parse(&challenge.realm).map_err(|_| distrust(&challenge.realm))?;
        if !self.trusts(&realm) {
            return Err(distrust(&challenge.realm));
        }
        Ok((realm, challenge.service))
    }

    /// A password goes to the registry's own host, the API's that the user named, an alias that
    /// was agreed to, or the registry's well-known token service; over https. Plain http is for
    /// this machine, or what the user accepted.
    fn trusts(&self, realm: &Url) -> bool {
        let endpoint = self.transport.endpoint();
        let Some(host) = host_of(realm.as_str()) else {
            return false;
        };
        let is_safe = match realm.scheme() {
            "https" => true,
            "http" => {
                endpoint.named_by == NamedBy::User && (endpoint.insecure || host.is_loopback())
            }
            _ => false,
        };
        is_safe
            && (endpoint.hosts().contains(&host)
                || endpoint.api_host().as_ref() == Some(&host)
                || hands_out_tokens_for(&host, &endpoint.registry))
    }
}

fn read_claims(answer: &Answer) -> Result<Claims, ApiError> {
    if answer.status != 200 {
        return Err(unexpected(answer));
    }
    let token: TokenAnswer = body::parse(answer.status, &answer.body)?;
    Claims::read(token.token.expose_secret()).ok_or_else(|| ApiError::Unexpected {
        status: answer.status,
        text: "the registry's token is not a JWT: check that it is a Quay registry".to_owned(),
    })
}

/// The registry's words: `{"errors":[{"message": …}]}`.
pub(super) fn reason(answer: &Answer) -> String {
    serde_json::from_slice::<serde_json::Value>(&answer.body)
        .ok()
        .and_then(|body| {
            Some(first_line(
                body.pointer("/errors/0/message")?.as_str()?.as_bytes(),
            ))
        })
        .unwrap_or_else(|| "no reason given".to_owned())
}

pub(super) fn unexpected(answer: &Answer) -> ApiError {
    ApiError::Unexpected {
        status: answer.status,
        text: error_text(&answer.body),
    }
}

fn distrust(realm: &str) -> ApiError {
    ApiError::TokenServiceElsewhere {
        service: first_line(realm.as_bytes()),
    }
}
