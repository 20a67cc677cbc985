//! Asking the registry for one image, as a container runtime does before it pulls.

use super::claims::Claims;
use super::probe::{Registry, TokenAnswer, reason, unexpected};
use crate::Failure;
use crate::web::{ApiError, Auth, Call, Repeat, body, url};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};

/// What a runtime takes for a manifest; registries deny those of another kind.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, */*";

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
        let registry = &self.transport.endpoint().registry;
        let asked = self.ask_for_image(login, repository, reference).await;
        asked.map_err(|error| {
            let failure = Failure::new(format!("cannot ask {registry} for the image: {error}"));
            match error {
                ApiError::TokenServiceElsewhere { .. } => failure.untrusted(),
                _ => failure,
            }
        })
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
            Ok(answer) => answer,
            // It asks nobody who he is.
            Err(ApiError::Unexpected { status: 200, .. }) => {
                return self.manifest(Auth::None, repository, reference).await;
            }
            Err(error) => return Err(error),
        };
        match answer.status {
            401 | 403 if login.is_none() => return Ok(Pull::NotAllowed),
            401 => return Ok(Pull::Refused(reason(&answer))),
            200 => {}
            _ => return Err(unexpected(&answer)),
        }
        let token: TokenAnswer = body::parse(answer.status, &answer.body)?;
        let claims = Claims::read(token.token.expose_secret());
        if claims.is_some_and(|claims| !claims.pullable.contains(&repositories[0])) {
            return Ok(Pull::NotAllowed);
        }
        let auth = Auth::Bearer(&token.token);
        self.manifest(auth, repository, reference).await
    }

    async fn manifest(
        &self,
        auth: Auth<'_>,
        repository: &str,
        reference: &str,
    ) -> Result<Pull, ApiError> {
        let origin = self.transport.endpoint().registry_origin();
        let path = format!("/v2/{repository}/manifests/{reference}");
        let call = Call {
            method: Method::HEAD,
            url: url(&origin, &path, &[])?,
            auth,
            body: None,
            accept: Some(MANIFESTS),
            repeat: Repeat::Safe,
        };
        let answer = self.transport.send(&call).await?;
        match answer.status {
            200 => Ok(Pull::Good),
            401 | 403 => Ok(Pull::NotAllowed),
            404 => Ok(Pull::NoSuchTag),
            _ => Err(unexpected(&answer)),
        }
    }
}
