//! Who says what a robot's token is: Quay where there is a login, otherwise the user, and then the
//! registry has to accept it.

use super::current_tokens::{Bridge, CurrentTokens, RegistryTokens, RobotToken};
use super::robot_tokens::standing_bridge;
use crate::Failure;
use crate::cli::Console;
use crate::cluster::ClusterArgs;
use crate::credentials::{QuayArgs, Session, Settings, endpoint, names, robot_token, try_sign_in};
use crate::dockerconfig::RegistryNames;
use crate::hint;
use crate::names::{RegistryHost, RobotName};
use crate::registry::{Probe, Registry};
use crate::web::{ApiError, Endpoint};
use futures::future::join3;
use secrecy::SecretString;

/// Who says what a robot's token is.
pub enum TokenSource {
    /// Quay, signed in.
    Quay(Box<Session>),
    /// The user: there is no login.
    User {
        /// The registry.
        endpoint: Endpoint,
        /// Whether the token comes from stdin.
        stdin: bool,
    },
}

/// A robot's current credential, and whatever stands in for it.
#[derive(Clone)]
pub struct RobotCredential {
    pub registry: RegistryHost,
    /// The hosts that its `auths` keys may have, and what it claims beyond them.
    pub names: RegistryNames,
    /// The robot's token.
    pub token: SecretString,
    /// The bridge of a rotation that is under way.
    pub bridge: Option<Bridge>,
}

impl TokenSource {
    /// Chooses: Quay where there is a login or an API token, unless the robot's token comes from
    /// stdin. Nothing is asked yet.
    ///
    /// # Errors
    /// No registry is named, or the login cannot be read.
    pub async fn open(
        quay: &QuayArgs,
        cluster: &ClusterArgs,
        stdin: bool,
        console: &Console,
    ) -> Result<Self, Failure> {
        let endpoint = endpoint(quay, &Settings::load()?)?;
        let session = match stdin {
            true => None,
            false => try_sign_in(quay, cluster, endpoint.clone(), console).await?,
        };
        Ok(match session {
            Some(session) => Self::Quay(Box::new(session)),
            None => Self::User { endpoint, stdin },
        })
    }

    /// The registry it is about.
    pub fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Quay(session) => &session.endpoint,
            Self::User { endpoint, .. } => endpoint,
        }
    }

    /// The session, where Quay is asked.
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Quay(session) => Some(session),
            Self::User { .. } => None,
        }
    }

    /// What the robot's credential is now.
    ///
    /// # Errors
    /// There is no such robot, no token, or the registry refuses a token given by hand.
    pub async fn ask(&self, robot: &RobotName) -> Result<RobotCredential, Failure> {
        match self {
            Self::Quay(session) => from_quay(session, robot).await,
            Self::User { endpoint, stdin } => from_user(endpoint, robot, *stdin).await,
        }
    }

    /// The same, without asking the registry, which may be out of reach from here.
    ///
    /// # Errors
    /// There is no such robot, or no token.
    pub async fn ask_untried(&self, robot: &RobotName) -> Result<RobotCredential, Failure> {
        match self {
            Self::Quay(session) => from_quay(session, robot).await,
            Self::User { endpoint, stdin } => Ok(RobotCredential {
                registry: endpoint.registry.clone(),
                names: RegistryNames::of(endpoint.registry.clone(), &endpoint.aliases),
                token: given(endpoint, robot, *stdin).await?,
                bridge: None,
            }),
        }
    }

    /// Asks the registry whether it takes the robot's token that Quay told. One given by hand
    /// was tried when it was asked for.
    ///
    /// # Errors
    /// It does not, or gives no answer.
    pub async fn check(&self, robot: &RobotName, token: &SecretString) -> Result<(), Failure> {
        let Self::Quay(session) = self else {
            return Ok(());
        };
        match session.registry.probe(robot.as_str(), token, &[]).await? {
            Probe::Accepted { .. } => Ok(()),
            Probe::Refused { reason } => Err(Failure::new(format!(
                "{} does not accept the token of `{robot}`, so nothing was written: {reason}",
                session.endpoint.registry
            ))
            .next(hint::robot("describe").arg(robot))),
        }
    }
}

impl RobotCredential {
    /// The same as what a secret's credentials should be.
    pub fn wanted(&self, robot: &RobotName) -> CurrentTokens {
        let token = RobotToken::Current(self.token.clone());
        CurrentTokens {
            registries: vec![RegistryTokens {
                registry: self.registry.clone(),
                names: self.names.clone(),
                robots: [(robot.clone(), token)].into(),
                bridges: self.bridge.iter().cloned().collect(),
            }],
            only: Some(robot.clone()),
        }
    }
}

async fn from_quay(session: &Session, robot: &RobotName) -> Result<RobotCredential, Failure> {
    let registry = &session.endpoint.registry;
    let (found, bridge, names) = join3(
        session.quay.robot(robot),
        standing_bridge(&session.quay, robot),
        names(&session.registry, &session.endpoint),
    )
    .await;
    let token = match found {
        Ok(found) => found.token,
        Err(ApiError::NotFound) => {
            let message = format!("robot `{robot}` does not exist at {registry}");
            return Err(Failure::new(message).next(hint::robot("create").arg(robot)));
        }
        Err(error) => {
            let object = format!("the token of robot `{robot}`");
            return Err(error.failure(object, &session.endpoint));
        }
    };
    let bridge = bridge.map_err(|error| {
        let object = format!("the bridge of robot `{robot}`");
        error.failure(object, &session.endpoint)
    })?;
    Ok(RobotCredential {
        registry: registry.clone(),
        names,
        token,
        bridge,
    })
}

/// The token that the user gives.
async fn given(
    endpoint: &Endpoint,
    robot: &RobotName,
    stdin: bool,
) -> Result<SecretString, Failure> {
    robot_token(endpoint, robot, stdin).await?.ok_or_else(|| {
        Failure::new(format!(
            "you are not logged in to {}, and there is no token of `{robot}`",
            endpoint.registry
        ))
        .next(log_in(endpoint).say(", or set QUAY_ROBOT_TOKEN, or pass --robot-token-stdin"))
    })
}

fn log_in(endpoint: &Endpoint) -> hint::Command {
    hint::robot("login --registry").arg(&endpoint.registry)
}

async fn from_user(
    endpoint: &Endpoint,
    robot: &RobotName,
    stdin: bool,
) -> Result<RobotCredential, Failure> {
    let token = given(endpoint, robot, stdin).await?;
    let registry = Registry::connect(endpoint)?;
    if let Probe::Refused { reason } = registry.probe(robot.as_str(), &token, &[]).await? {
        return Err(Failure::new(format!(
            "{} does not accept the token given for `{robot}`, so nothing was written: {reason}",
            endpoint.registry
        ))
        .next(log_in(endpoint).say(", and let Quay tell the robot's token")));
    }
    Ok(RobotCredential {
        registry: endpoint.registry.clone(),
        names: names(&registry, endpoint).await,
        token,
        bridge: None,
    })
}
