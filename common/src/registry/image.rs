//! Asking the registry for one image, as a container runtime does before it pulls.

use super::answer::{read_token, reason, unexpected};
use super::claims::Claims;
use super::probe::{Asked, Registry};
use super::well_known::is_well_known;
use crate::Failure;
use crate::web::{Answer, ApiError, Auth, Call, Largest, NamedBy, Repeat, host_of, url};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};

/// What a runtime takes for a manifest; registries deny those of another kind.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, */*";

/// How often an image may be somewhere else.
const REDIRECTS: usize = 4;

/// What becomes of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pull {
    /// The image is handed out.
    Good,
    /// The credential is not accepted, in the registry's own words.
    Refused(String),
    /// Whoever asks may not pull this repository, or it does not exist.
    NotAllowed,
    /// The repository may be pulled; it has no such tag or digest.
    NoSuchTag,
}

impl Registry {
    /// Whether the image would be handed out to this account, or to anybody. The manifest is
    /// only asked for (HEAD) where the token says that the repository may be pulled; Quay notes
    /// that in its usage log as a pull.
    ///
    /// # Errors
    /// When the registry gives no answer that says so, one way or the other.
    pub async fn try_pull(
        &self,
        login: Option<(&str, &SecretString)>,
        repository: &str,
        reference: &str,
    ) -> Result<Pull, Failure> {
        let asked = self.ask_for_image(login, repository, reference).await;
        asked.map_err(|error| self.not_asked(error))
    }

    async fn ask_for_image(
        &self,
        login: Option<(&str, &SecretString)>,
        repository: &str,
        reference: &str,
    ) -> Result<Pull, ApiError> {
        let auth = login.map_or(Auth::None, |(user, password)| Auth::Basic(user, password));
        let repositories = [repository.to_owned()];
        let answer = match self.ask_as(auth, &repositories).await {
            Ok(Asked::Answer(answer)) => answer,
            Ok(Asked::NoTokens) if login.is_none() => return Ok(Pull::NotAllowed),
            Ok(Asked::NoTokens) => {
                let answer = self.log_in(auth).await?;
                return match answer.status {
                    401 => Ok(Pull::Refused(reason(&answer))),
                    _ => self.manifest(auth, repository, reference).await,
                };
            }
            // It asks nobody who he is.
            Err(ApiError::AsksNoToken(_)) => {
                return self.manifest(Auth::None, repository, reference).await;
            }
            Err(ApiError::Redirected { .. }) if login.is_none() => {
                return self.manifest_elsewhere(repository, reference).await;
            }
            Err(error) => return Err(error),
        };
        match answer.status {
            401 | 403 if login.is_none() => return Ok(Pull::NotAllowed),
            401 => return Ok(Pull::Refused(reason(&answer))),
            200 => {}
            _ => return Err(unexpected(&answer)),
        }
        let token = read_token(&answer)?;
        let claims = Claims::read(token.expose_secret());
        let pullable = claims.and_then(|claims| claims.pullable);
        if pullable.is_some_and(|names| !names.contains(&repositories[0])) {
            return Ok(Pull::NotAllowed);
        }
        let auth = Auth::Bearer(&token);
        self.manifest(auth, repository, reference).await
    }

    async fn manifest(
        &self,
        auth: Auth<'_>,
        repository: &str,
        reference: &str,
    ) -> Result<Pull, ApiError> {
        let answer = self.head(self.manifest_url(repository, reference)?, auth);
        let answer = answer.await?;
        match answer.status {
            200 => Ok(Pull::Good),
            401 | 403 => Ok(Pull::NotAllowed),
            404 => Ok(Pull::NoSuchTag),
            _ => Err(unexpected(&answer)),
        }
    }

    /// The same where the registry sends everybody to another host, as registry.k8s.io does.
    /// There nobody shows a credential; a host that wants one is not asked further.
    async fn manifest_elsewhere(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Pull, ApiError> {
        let mut url = self.manifest_url(repository, reference)?;
        for _ in 0..REDIRECTS {
            match self.head(url.clone(), Auth::None).await {
                Ok(Answer { status: 200, .. }) => return Ok(Pull::Good),
                Ok(Answer { status: 404, .. }) => return Ok(Pull::NoSuchTag),
                Ok(answer) => return Err(unexpected(&answer)),
                Err(ApiError::Redirected { to }) => match url.join(&to) {
                    Ok(next) if self.may_send_to(&next) => url = next,
                    _ => return Err(ApiError::Redirected { to }),
                },
                Err(error) => return Err(error),
            }
        }
        Err(ApiError::Redirected {
            to: url.to_string(),
        })
    }

    /// Where a registry may send those who ask: over https, and to this machine only from there.
    /// One that nobody but a pull secret names sends nobody anywhere, unless everybody knows it.
    fn may_send_to(&self, url: &Url) -> bool {
        let endpoint = self.transport.endpoint();
        if endpoint.named_by == NamedBy::PullSecret && !is_well_known(&endpoint.registry) {
            return false;
        }
        let from_here = endpoint.registry.is_loopback();
        let host = host_of(url.as_str());
        url.scheme() == "https" && host.is_some_and(|host| from_here || !host.is_loopback())
    }

    fn manifest_url(&self, repository: &str, reference: &str) -> Result<Url, ApiError> {
        let origin = self.transport.endpoint().registry_origin();
        let path = format!("/v2/{repository}/manifests/{reference}");
        url(&origin, &path, &[])
    }

    async fn head(&self, url: Url, auth: Auth<'_>) -> Result<Answer, ApiError> {
        let call = Call {
            method: Method::HEAD,
            url,
            auth,
            body: None,
            accept: Some(MANIFESTS),
            repeat: Repeat::Safe,
            largest: Largest::Token,
        };
        self.send(&call).await
    }
}
