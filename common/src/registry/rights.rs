//! Which of several repositories somebody may pull, without a pull.

use super::answer::{read_token, reason, unexpected};
use super::claims::Claims;
use super::probe::{Asked, NO_REPOSITORY, Registry};
use super::scope;
use crate::Failure;
use crate::web::{ApiError, Auth};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;

/// What a registry lets somebody pull, of the repositories that it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// These.
    Pullable(BTreeSet<String>),
    /// Nothing: it does not accept the credential, in its own words.
    Refused(String),
    /// It does not tell: its token is none that can be read, or it asks for none. Only a pull
    /// shows it.
    Untold,
}

impl Registry {
    /// Which of the repositories (`org/name`) this account may pull, or anybody: what the
    /// registry's token says. No image is asked for, so no pull is noted.
    ///
    /// # Errors
    /// When the registry gives no answer that says so, one way or the other.
    pub async fn rights(
        &self,
        login: Option<(&str, &SecretString)>,
        repositories: &[String],
    ) -> Result<Rights, Failure> {
        let auth = login.map_or(Auth::None, |(user, password)| Auth::Basic(user, password));
        let nothing = [NO_REPOSITORY.to_owned()];
        let asked = match repositories.is_empty() {
            true => &nothing[..],
            false => repositories,
        };
        let mut pullable = BTreeSet::new();
        for batch in scope::batches(asked) {
            match self.rights_of(auth, batch).await {
                Ok(Rights::Pullable(some)) => pullable.extend(some),
                Ok(other) => return Ok(other),
                Err(error) => return Err(self.not_asked(error)),
            }
        }
        Ok(Rights::Pullable(pullable))
    }

    async fn rights_of(&self, auth: Auth<'_>, batch: &[String]) -> Result<Rights, ApiError> {
        let is_anybody = matches!(auth, Auth::None);
        let answer = match self.ask_as(auth, batch).await {
            Ok(Asked::Answer(answer)) => answer,
            Ok(Asked::NoTokens) => return self.rights_by_password(auth).await,
            Err(ApiError::AsksNoToken(_)) => return Ok(Rights::Untold),
            Err(ApiError::Redirected { .. }) if is_anybody => return Ok(Rights::Untold),
            Err(error) => return Err(error),
        };
        match answer.status {
            200 => {}
            401 if !is_anybody => return Ok(Rights::Refused(reason(&answer))),
            401 | 403 if batch.len() == 1 => return Ok(Rights::Pullable(BTreeSet::new())),
            // Of several it does not say which.
            401 | 403 => return Ok(Rights::Untold),
            _ => return Err(unexpected(&answer)),
        }
        let claims = Claims::read(read_token(&answer)?.expose_secret());
        let pullable = claims.and_then(|claims| claims.pullable);
        Ok(pullable.map_or(Rights::Untold, |names| {
            Rights::Pullable(names.into_iter().collect())
        }))
    }

    /// A registry that hands out no tokens tells only whether it accepts the credential.
    async fn rights_by_password(&self, auth: Auth<'_>) -> Result<Rights, ApiError> {
        if matches!(auth, Auth::None) {
            return Ok(Rights::Untold);
        }
        let answer = self.log_in(auth).await?;
        match answer.status {
            200 => Ok(Rights::Untold),
            401 | 403 => Ok(Rights::Refused(reason(&answer))),
            _ => Err(unexpected(&answer)),
        }
    }

    /// What a question about an image that was not answered comes to.
    pub(super) fn not_asked(&self, error: ApiError) -> Failure {
        let registry = &self.transport.endpoint().registry;
        error.without_answer(format!("{registry} for the image"))
    }
}
