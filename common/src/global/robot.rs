//! What a robot's credential is, for the global pull secret.

use super::plan::RobotIntent;
use super::protected::red_hat_entry;
use crate::Failure;
use crate::cli::Console;
use crate::cluster::ClusterArgs;
use crate::credentials::{QuayArgs, SignIns, sign_in_everywhere};
use crate::dockerconfig::{Credential, belongs_to};
use crate::failure::FailureKind;
use crate::hint::{self, Hint};
use crate::names::{RegistryHost, RobotName};
use crate::pullsecret::{
    Bridge, CurrentTokens, PullSecret, RobotCredential, TokenSource, alias_warnings, logins,
    look_up,
};

/// Which robot, and how its credential is found.
#[derive(Debug, Clone)]
pub struct RobotSource {
    pub robot: RobotName,
    /// The key to write; by default the registry's host, or `host/org` where the host's
    /// own entry is Red Hat's.
    pub key: Option<String>,
    /// Read the token from stdin.
    pub token_stdin: bool,
    /// Write the token without asking the registry whether it accepts it.
    pub skip_check: bool,
}

/// Finds the robot's current credential: from Quay where there is a login, otherwise from
/// the user. The registry has to accept it, unless that check is skipped: nothing else goes to
/// every node.
///
/// # Errors
/// There is no such robot, no token, or the registry refuses the token.
pub async fn robot_intent(
    source: RobotSource,
    quay: &QuayArgs,
    cluster: &ClusterArgs,
    console: &Console,
) -> Result<RobotIntent, Failure> {
    let tokens = TokenSource::open(quay, cluster, source.token_stdin, console).await?;
    let robot = source.robot;
    let RobotCredential {
        token,
        names,
        bridge,
        ..
    } = credential(&tokens, &robot, source.skip_check).await?;
    if let Some(bridge) = bridge {
        return Err(being_rotated(&robot, &bridge));
    }
    let endpoint = tokens.endpoint();
    let registry = &endpoint.registry;
    let default_key = match red_hat_entry(registry.as_str()) {
        Some(_) => format!("{registry}/{}", robot.namespace()),
        None => registry.to_string(),
    };
    console.warn_each(names.warning.as_slice());
    let hosts = &names.hosts;
    if let Some(key) = source.key.as_ref().filter(|key| !belongs_to(key, hosts)) {
        let hosts: Vec<&str> = hosts.iter().map(RegistryHost::as_str).collect();
        return Err(Failure::usage(format!(
            "--key `{key}` is not a key of this registry: its host must be {}",
            hosts.join(" or ")
        )));
    }
    Ok(RobotIntent {
        credential: Credential::new(robot.as_str(), token),
        names,
        key: source.key,
        default_key,
        robot,
    })
}

/// What the robot's credential is, as its registry accepts it.
async fn credential(
    tokens: &TokenSource,
    robot: &RobotName,
    skip_check: bool,
) -> Result<RobotCredential, Failure> {
    if skip_check {
        return tokens.ask_untried(robot).await;
    }
    let tried = async {
        let credential = tokens.ask(robot).await?;
        if credential.bridge.is_none() {
            tokens.check(robot, &credential.token).await?;
        }
        Ok(credential)
    };
    tried
        .await
        .map_err(|failure: Failure| match failure.next_step() {
            Some(_) => failure,
            None => unchecked(failure, robot, &tokens.endpoint().registry),
        })
}

/// The registry gave no answer.
fn unchecked(failure: Failure, robot: &RobotName, registry: &RegistryHost) -> Failure {
    let remedy = match failure.kind() {
        FailureKind::UnknownAuthority => {
            "pass the certificate of its authority with --registry-ca FILE".to_owned()
        }
        _ => format!("run the same command on a machine that can reach {registry}"),
    };
    failure.context("nothing was written").next(
        Hint::from(remedy)
            .say(", or write the token without asking: ")
            .run(
                hint::global("update --robot")
                    .arg(robot)
                    .words("--skip-check"),
            ),
    )
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
) -> Result<CurrentTokens, Failure> {
    let SignIns { sessions, left_out } = sign_in_everywhere(quay, cluster, console).await?;
    console.warn_each(&left_out);
    console.warn_each(&alias_warnings(&sessions).await);
    if sessions.is_empty() {
        return Err(Failure::new(
            "you are not logged in to a registry, so no robot's current token is known",
        )
        .next(hint::robot("login --registry HOST")));
    }
    Ok(look_up(&logins(&sessions).await, secrets, None).await)
}

/// Its own token is about to die, or was just born: the rotation knows which.
fn being_rotated(robot: &RobotName, bridge: &Bridge) -> Failure {
    Failure::new(format!(
        "nothing was written: a rotation of {robot} is in progress, and secrets hold its bridge \
         {}",
        bridge.name
    ))
    .next(
        Hint::from("finish the rotation: ").run(hint::robot("rotate").arg(robot).words("--global")),
    )
}
