//! Asking the registry what a credential is worth.

use super::answer::{read_token, reason, unexpected};
use super::challenge::Challenge;
use super::claims::Claims;
use super::patience::Patience;
use super::scope;
use super::server_config::ServerConfig;
use super::well_known::hands_out_tokens_for;
use crate::Failure;
use crate::web::{
    Answer, ApiError, Auth, Call, Endpoint, Largest, NamedBy, Repeat, Transport, first_line,
    host_of, url,
};
use reqwest::{Method, Url};
use rustls::pki_types::CertificateDer;
use secrecy::{ExposeSecret, SecretString};
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
    /// How it wants to be told who asks; asked for once, whoever shares this connection.
    way: Arc<OnceCell<Way>>,
    /// What the server says of itself; asked for once too.
    config: Arc<OnceCell<ServerConfig>>,
    /// How long it is waited for, besides the transport's own limits.
    patience: Arc<Patience>,
}

/// How a registry is told who asks.
enum Way {
    /// It hands out tokens there.
    Token { realm: Url, service: String },
    /// It takes the password itself, as docker's registry with a file of passwords does.
    Password,
}

/// What comes of asking for a token.
pub(super) enum Asked {
    /// This answer.
    Answer(Answer),
    /// The registry hands out none: the password goes with each request.
    NoTokens,
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

impl Registry {
    /// Prepares to talk to the endpoint's registry; nothing is sent.
    pub fn connect(endpoint: &Endpoint) -> Result<Self, Failure> {
        Self::connect_trusting(endpoint, Vec::new())
    }

    /// The same, trusting these authorities too.
    pub(super) fn connect_trusting(
        endpoint: &Endpoint,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<Self, Failure> {
        let transport = Transport::open_trusting(endpoint, authorities)?;
        Ok(Self::over(Arc::new(transport)))
    }

    pub(crate) fn over(transport: Arc<Transport>) -> Self {
        Self {
            transport,
            way: Arc::default(),
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
        if repositories.is_empty() {
            return self.try_login(user, password).await;
        }
        let mut pullable = BTreeSet::new();
        let mut subject = None;
        for batch in scope::batches(repositories) {
            let Asked::Answer(answer) = self.ask(user, password, batch).await? else {
                return Err(self.tells_no_rights(401));
            };
            if answer.status == 401 {
                return Ok(Probe::Refused {
                    reason: reason(&answer),
                });
            }
            let claims = Claims::read(read_token(&answer)?.expose_secret());
            let claims = claims.ok_or_else(|| self.tells_no_rights(answer.status))?;
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

    /// Whether the credential is accepted at all. A token is proof enough, whether it can be read
    /// or not; what it may pull is another question.
    async fn try_login(&self, user: &str, password: &SecretString) -> Result<Probe, ApiError> {
        let nothing = [NO_REPOSITORY.to_owned()];
        let asked = match self.ask(user, password, &nothing).await? {
            // Some registries mean only the repository by that.
            Asked::Answer(answer) if answer.status == 403 => self.ask(user, password, &[]).await?,
            other => other,
        };
        let (answer, subject) = match asked {
            Asked::NoTokens => (self.log_in(Auth::Basic(user, password)).await?, None),
            Asked::Answer(answer) if answer.status == 200 => {
                let claims = Claims::read(read_token(&answer)?.expose_secret());
                (answer, claims.and_then(|claims| claims.subject))
            }
            Asked::Answer(answer) => (answer, None),
        };
        match answer.status {
            200 => Ok(Probe::Accepted {
                subject,
                pullable: Vec::new(),
                refused: Vec::new(),
            }),
            401 | 403 => Ok(Probe::Refused {
                reason: reason(&answer),
            }),
            _ => Err(unexpected(&answer)),
        }
    }

    /// Shows the registry itself a credential.
    pub(super) async fn log_in(&self, auth: Auth<'_>) -> Result<Answer, ApiError> {
        let origin = self.transport.endpoint().registry_origin();
        self.get(url(&origin, "/v2/", &[])?, auth, Largest::Token)
            .await
    }

    fn tells_no_rights(&self, status: u16) -> ApiError {
        let registry = &self.transport.endpoint().registry;
        let text = format!("{registry} does not tell what a credential may pull");
        ApiError::Unexpected { status, text }
    }

    /// The user an OAuth token belongs to, whatever its scopes.
    ///
    /// # Errors
    /// [`ApiError::BadToken`] when it is wrong, expired or revoked.
    pub(crate) async fn token_owner(&self, token: &SecretString) -> Result<String, ApiError> {
        let nothing = [NO_REPOSITORY.to_owned()];
        let answer = match self.ask(OAUTH_USER, token, &nothing).await {
            Ok(Asked::Answer(answer)) => answer,
            Ok(Asked::NoTokens) => return Err(self.is_no_quay(401)),
            Err(ApiError::AsksNoToken(_)) => return Err(self.is_no_quay(200)),
            Err(error) => return Err(error),
        };
        if answer.status == 401 {
            return Err(ApiError::BadToken);
        }
        let claims = Claims::read(read_token(&answer)?.expose_secret());
        let claims = claims.ok_or_else(|| self.is_no_quay(answer.status))?;
        claims.subject.ok_or(ApiError::BadToken)
    }

    fn is_no_quay(&self, status: u16) -> ApiError {
        let origin = self.transport.endpoint().registry_origin();
        let text = format!("{origin} hands out no tokens as Quay does: check that it is Quay");
        ApiError::Unexpected { status, text }
    }

    /// Whether the registry answers, and says how it wants to be asked; nothing secret is sent.
    pub(crate) async fn answers(&self) -> Result<(), ApiError> {
        let asked = self.patience.once(self.find_way());
        self.way.get_or_try_init(|| asked).await.map(drop)
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
    ) -> Result<Asked, ApiError> {
        self.ask_as(Auth::Basic(user, password), repositories).await
    }

    /// Asks for a token that is good for pulling these.
    pub(super) async fn ask_as(
        &self,
        auth: Auth<'_>,
        repositories: &[String],
    ) -> Result<Asked, ApiError> {
        let way = self
            .way
            .get_or_try_init(|| self.patience.once(self.find_way()));
        let Way::Token { realm, service } = way.await? else {
            return Ok(Asked::NoTokens);
        };
        let mut url = realm.clone();
        url.query_pairs_mut()
            .append_pair("service", service)
            .extend_pairs(repositories.iter().map(|name| ("scope", scope::pull(name))));
        let answer = self.get(url, auth, Largest::Token).await?;
        Ok(Asked::Answer(answer))
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

    async fn find_way(&self) -> Result<Way, ApiError> {
        let answer = self.log_in(Auth::None).await?;
        let challenge = answer.challenge.as_deref().and_then(Challenge::parse);
        let origin = self.transport.endpoint().registry_origin();
        let (realm, service) = match (answer.status, challenge) {
            (401, Some(Challenge::Bearer { realm, service })) => (realm, service),
            (401, Some(Challenge::Basic)) => return Ok(Way::Password),
            (200, _) => return Err(ApiError::AsksNoToken(origin)),
            (status, _) => {
                let text = format!("{origin}/v2/ does not answer as a registry does");
                return Err(ApiError::Unexpected { status, text });
            }
        };
        let realm_url = Url::parse(&realm).map_err(|_| distrust(&realm))?;
        if !self.trusts(&realm_url) {
            return Err(distrust(&realm));
        }
        Ok(Way::Token {
            realm: realm_url,
            service,
        })
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

fn distrust(realm: &str) -> ApiError {
    ApiError::TokenServiceElsewhere {
        service: first_line(realm.as_bytes()),
    }
}
