//! What a robot's credential is, for the global pull secret.

use super::guard::red_hat_entry;
use super::plan::RobotIntent;
use crate::Failure;
use crate::cli::Console;
use crate::cluster::ClusterArgs;
use crate::credentials::{QuayArgs, Session, Settings, endpoint, robot_token, session, sessions};
use crate::dockerconfig::{Credential, belongs_to};
use crate::hint::{self, Hint};
use crate::names::{RegistryHost, RobotName};
use crate::pullsecret::{PullSecret, Wanted, hosts, logins, standing_bridge, wanted};
use crate::registry::{Probe, Registry};
use crate::web::{ApiError, Endpoint};
use secrecy::SecretString;

/// Which robot, and how its credential is found.
#[derive(Debug, Clone)]
pub struct RobotSource {
    /// The robot.
    pub robot: RobotName,
    /// The key to write; by default the registry's host, or `host/org` where the host's
    /// own entry is Red Hat's.
    pub key: Option<String>,
    /// Read the token from stdin.
    pub token_stdin: bool,
}

/// Finds the robot's current credential: from Quay where there is a login, otherwise from
/// the user. The registry has to accept it: nothing else goes to every node.
///
/// # Errors
/// There is no such robot, no token, or the registry refuses the token.
pub async fn robot_intent(
    source: RobotSource,
    quay: &QuayArgs,
    cluster: &ClusterArgs,
    console: &Console,
) -> Result<RobotIntent, Failure> {
    let endpoint = endpoint(quay, &Settings::load()?)?;
    let session = match source.token_stdin {
        true => None,
        false => session(quay, cluster, endpoint.clone(), console, false).await?,
    };
    let robot = source.robot;
    let (token, hosts) = match session {
        Some(session) => from_quay(&session, &robot).await?,
        None => from_user(&endpoint, &robot, source.token_stdin).await?,
    };
    let registry = &endpoint.registry;
    let default_key = match red_hat_entry(registry.as_str()) {
        Some(_) => format!("{registry}/{}", robot.namespace()),
        None => registry.to_string(),
    };
    if let Some(key) = source.key.as_ref().filter(|key| !belongs_to(key, &hosts)) {
        let hosts: Vec<&str> = hosts.iter().map(RegistryHost::as_str).collect();
        return Err(Failure::usage(format!(
            "--key `{key}` is not at this registry: its host has to be {}",
            hosts.join(" or ")
        )));
    }
    Ok(RobotIntent {
        credential: Credential::new(robot.as_str(), token),
        hosts,
        key: source.key,
        default_key,
        robot,
    })
}

/// The current tokens of every robot in `secrets` whose registry has a login.
///
/// # Errors
/// There is no login at all.
pub async fn refresh_intent(
    secrets: &[&PullSecret],
    quay: &QuayArgs,
    cluster: &ClusterArgs,
    console: &Console,
) -> Result<Wanted, Failure> {
    let sessions = sessions(quay, cluster, console).await?;
    if sessions.is_empty() {
        return Err(Failure::new(
            "there is no login, so nothing is known of any robot's current token",
        )
        .next(hint::robot("login --registry HOST")));
    }
    Ok(wanted(&logins(&sessions).await, secrets, None).await)
}

async fn from_quay(
    session: &Session,
    robot: &RobotName,
) -> Result<(SecretString, Vec<RegistryHost>), Failure> {
    let registry = &session.endpoint.registry;
    let token = match session.quay.robot(robot).await {
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
    let bridge = standing_bridge(&session.quay, robot).await;
    let bridge = bridge.map_err(|error| {
        let object = format!("the bridge of robot `{robot}`");
        error.failure(object, &session.endpoint)
    })?;
    if let Some(bridge) = bridge {
        // Its own token is about to die, or was just born: the rotation knows which.
        return Err(Failure::new(format!(
            "nothing was written: {robot} is being rotated, and {} stands in for it",
            bridge.name
        ))
        .next(
            Hint::from("let the rotation end: ")
                .run(hint::robot("rotate").arg(robot).words("--global")),
        ));
    }
    accepted(&session.registry, robot, &token).await?;
    let hosts = hosts(&session.registry, &session.endpoint).await;
    Ok((token, hosts))
}

async fn from_user(
    endpoint: &Endpoint,
    robot: &RobotName,
    stdin: bool,
) -> Result<(SecretString, Vec<RegistryHost>), Failure> {
    let token = robot_token(endpoint, robot, stdin).await?.ok_or_else(|| {
        Failure::new(format!(
            "there is neither a login for {} nor a token of `{robot}`",
            endpoint.registry
        ))
        .next(
            hint::robot("login --registry")
                .arg(&endpoint.registry)
                .say(", or set QUAY_ROBOT_TOKEN, or pass --robot-token-stdin"),
        )
    })?;
    let registry = Registry::connect(endpoint)?;
    accepted(&registry, robot, &token).await?;
    Ok((token, hosts(&registry, endpoint).await))
}

async fn accepted(
    registry: &Registry,
    robot: &RobotName,
    token: &SecretString,
) -> Result<(), Failure> {
    match registry.probe(robot.as_str(), token, &[]).await? {
        Probe::Accepted { .. } => Ok(()),
        Probe::Refused { reason } => Err(Failure::new(format!(
            "the registry does not accept the token of `{robot}`, so nothing was written: {reason}"
        ))
        .next(hint::robot("describe").arg(robot))),
    }
}
