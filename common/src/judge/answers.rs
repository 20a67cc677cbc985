//! What registries and Quay are asked about, and what they said.

use super::judgement::{Answer, RobotState};
use crate::Failure;
use crate::dockerconfig::{RegistryNames, owner_of, registry_of_key};
use crate::fingerprint::short_hash;
use crate::kubelet::{Attempt, ImageReference};
use crate::names::{RegistryHost, RobotAt, RobotName};
use crate::pullsecret::RobotToken;
use crate::quay::Grant;
use crate::registry::{Rights, served_at};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// Which registry is asked, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asker {
    pub at: RegistryHost,
    /// The account and the SHA-256 of its password; nobody's where there is none.
    pub who: Option<(String, String)>,
}

/// One pull to ask a registry about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Who is asked.
    pub asker: Asker,
    /// `org/name`.
    pub repository: String,
    /// The tag or digest.
    pub reference: String,
}

/// What was said.
#[derive(Debug, Default)]
pub struct Answers {
    /// By registries, of pulls.
    pub pulls: BTreeMap<Question, Answer>,
    /// By registries, of what may be pulled; or why they were not asked.
    pub rights: BTreeMap<Asker, Result<Rights, Failure>>,
    /// By Quay, of robots at a registry.
    pub robots: BTreeMap<RobotAt, RobotFacts>,
    /// By Quay, of repositories (`org/name`): whether there is one.
    pub repositories: BTreeMap<(RegistryHost, String), bool>,
}

/// What Quay says of a robot.
#[derive(Debug, Clone)]
pub struct RobotFacts {
    pub token: RobotToken,
    /// Its roles; `None` where Quay does not tell.
    pub roles: Option<Vec<Grant>>,
}

/// The user name that a registry is shown.
pub fn account_of(attempt: &Attempt) -> String {
    String::from_utf8_lossy(&attempt.login.username).into_owned()
}

/// The password, which only ever leaves towards the registry that its key names.
pub fn password_of(attempt: &Attempt) -> SecretString {
    let text = String::from_utf8_lossy(attempt.login.password.expose_secret());
    SecretString::from(text.into_owned())
}

impl Asker {
    /// Who is asked about a credential at this key, or about the key's registry alone. `known`
    /// are the registries with a login.
    ///
    /// # Errors
    /// It is not plain which registry the credential belongs to, so none is asked.
    pub fn of(
        key: &str,
        login: Option<(&str, &SecretString)>,
        known: &[RegistryNames],
    ) -> Result<Self, String> {
        let at = match owner_of(key, known) {
            Ok(Some(owner)) => owner.registry.clone(),
            Ok(None) => registry_of_key(key)
                .map(served_at)
                .ok_or_else(|| format!("its key `{key}` does not name exactly one registry"))?,
            Err(unclear) => return Err(unclear.to_string()),
        };
        let who = login.map(|(account, password)| {
            let digest = short_hash(password.expose_secret(), 32);
            (account.to_owned(), digest)
        });
        Ok(Self { at, who })
    }
}

impl Question {
    /// Who is asked about a pull with this entry, or with none. `known` are the registries with
    /// a login.
    ///
    /// # Errors
    /// It is not plain which registry the credential belongs to, so none is asked.
    pub fn of(
        attempt: Option<&Attempt>,
        image: &ImageReference,
        known: &[RegistryNames],
    ) -> Result<Self, String> {
        // A runtime that is given empty names asks without.
        let attempt = attempt.filter(|attempt| !attempt.login.is_empty());
        let key = attempt.map_or(image.registry(), |attempt| attempt.written.as_str());
        let login = attempt.map(|attempt| (account_of(attempt), password_of(attempt)));
        let login = login.as_ref();
        let login = login.map(|(account, password)| (account.as_str(), password));
        Ok(Self {
            asker: Asker::of(key, login, known)?,
            repository: image.repository().to_owned(),
            reference: image.reference().to_owned(),
        })
    }
}

impl Answers {
    /// What the registry said to a pull with this entry, or with none.
    pub fn to(
        &self,
        attempt: Option<&Attempt>,
        image: &ImageReference,
        known: &[RegistryNames],
    ) -> Answer {
        match Question::of(attempt, image, known) {
            Err(reason) => Answer::NotAsked { reason },
            Ok(question) => match self.pulls.get(&question) {
                Some(answer) => answer.clone(),
                None => self.right_to(&question),
            },
        }
    }

    /// What follows from what may be pulled: of the tag nothing is known then.
    fn right_to(&self, question: &Question) -> Answer {
        let not_asked = |reason: String| Answer::NotAsked { reason };
        let registry = &question.asker.at;
        match self.rights.get(&question.asker) {
            Some(Ok(Rights::Pullable(names))) if names.contains(&question.repository) => {
                Answer::Pulls
            }
            Some(Ok(Rights::Pullable(_))) => Answer::NotAllowed,
            Some(Ok(Rights::Refused(reason))) => Answer::Refused {
                reason: reason.clone(),
            },
            Some(Err(failure)) => not_asked(failure.message().to_owned()),
            Some(Ok(Rights::Untold)) | None => not_asked(format!("{registry} was not asked")),
        }
    }

    /// What Quay says of the robot whose credential this is.
    pub fn robot(&self, attempt: &Attempt, known: &[RegistryNames]) -> Option<&RobotFacts> {
        let robot: RobotName = account_of(attempt).parse().ok()?;
        let owner = owner_of(&attempt.written, known).ok().flatten()?;
        self.robots.get(&(owner.registry.clone(), robot))
    }

    /// Whether Quay says that there is no such repository.
    pub fn is_no_repository(&self, image: &ImageReference, known: &[RegistryNames]) -> bool {
        let owner = owner_of(image.registry(), known).ok().flatten();
        owner.is_some_and(|owner| {
            let key = (owner.registry.clone(), image.repository().to_owned());
            self.repositories.get(&key) == Some(&false)
        })
    }
}

impl RobotFacts {
    /// What the token in a secret is to the robot.
    pub fn state(&self, password: &SecretString) -> RobotState {
        match &self.token {
            RobotToken::Current(token) if token.expose_secret() == password.expose_secret() => {
                RobotState::Current
            }
            RobotToken::Current(_) => RobotState::Replaced,
            RobotToken::NoSuchRobot => RobotState::NoSuchRobot,
            RobotToken::Unreadable(_) => RobotState::Unknown,
        }
    }
}
