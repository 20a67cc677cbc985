//! `sync --robot`: which robot, and how its credential is written where it is new.

use clap::{Args, ValueEnum};
use quay_common::Failure;
use quay_common::cli::Console;
use quay_common::cluster::{ClusterArgs, parse_object_name};
use quay_common::credentials::{QuayArgs, Session};
use quay_common::dockerconfig::{RegistryNames, belongs_to, unused_at};
use quay_common::names::{RegistryHost, RobotName};
use quay_common::pullsecret::{Placement, RobotCredential, Source, TokenSource};
use quay_common::quay::RunMarker;
use quay_common::web::{ApiError, Endpoint};

/// The robot, and how its credential is written where it is new.
#[derive(Args)]
pub struct RobotArgs {
    /// Robot for the chosen namespaces (org+name); asks if no name follows
    #[arg(long, value_name = "ROBOT", num_args = 0..=1, default_missing_value = "")]
    robot: Option<String>,

    /// Read the robot's token from stdin; no login to Quay is needed
    #[arg(
        long,
        requires = "robot",
        conflicts_with = "token_stdin",
        hide_short_help = true
    )]
    robot_token_stdin: bool,

    /// Secret to create where no secret holds the robot
    #[arg(
        long,
        value_name = "NAME",
        env = "SECRET_NAME",
        default_value = "quay-pull-secret",
        value_parser = parse_object_name
    )]
    secret_name: String,

    /// Service account that uses the secret (repeat for several)
    #[arg(
        long,
        value_name = "NAME",
        requires = "robot",
        default_value = "default",
        value_parser = parse_object_name
    )]
    service_account: Vec<String>,

    /// Change no service account
    #[arg(long, requires = "robot")]
    no_attach: bool,

    /// Key of a new entry in `auths`, if not the registry's host
    #[arg(long, value_name = "KEY", hide_short_help = true)]
    registry_key: Option<String>,

    /// Whether a new entry covers the whole registry or only the robot's organization
    #[arg(
        long,
        value_enum,
        default_value_t,
        conflicts_with = "registry_key",
        hide_short_help = true
    )]
    scope: KeyScope,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum KeyScope {
    /// The whole registry, with key `host`
    #[default]
    Registry,
    /// Only the robot's organization, with key `host/org`
    Org,
}

impl RobotArgs {
    pub fn is_given(&self) -> bool {
        self.robot.is_some()
    }

    /// Which robot, who says what its token is, and how it is written where it is new.
    ///
    /// # Errors
    /// The robot or its token cannot be found, or `--registry-key` is at another host or of no use.
    pub async fn find(
        &self,
        quay: &QuayArgs,
        cluster: &ClusterArgs,
        console: &Console,
    ) -> Result<(Source, Placement), Failure> {
        let tokens = TokenSource::open(quay, cluster, self.robot_token_stdin, console).await?;
        let robot = robot_name(self, tokens.session(), console).await?;
        let endpoint = tokens.endpoint().clone();
        let source = Source::one(tokens);
        let credential = source.robot(&robot).await?;
        warn_of_another_name(&endpoint, &credential.names, console);
        if let Some(bridge) = &credential.bridge {
            console.note(format!(
                "a rotation of {robot} is in progress: until it ends, new secrets get its bridge {}",
                bridge.name
            ));
        }
        let placement = Placement {
            key: self.key(&robot, &endpoint, &credential)?,
            secret_name: self.secret_name.clone(),
            service_accounts: match self.no_attach {
                true => Vec::new(),
                false => self.service_account.clone(),
            },
            robot,
        };
        Ok((source, placement))
    }

    fn key(
        &self,
        robot: &RobotName,
        endpoint: &Endpoint,
        credential: &RobotCredential,
    ) -> Result<String, Failure> {
        match (&self.registry_key, self.scope) {
            (Some(key), _) => checked_key(key, credential),
            (None, KeyScope::Registry) => Ok(endpoint.registry.to_string()),
            (None, KeyScope::Org) => Ok(format!("{}/{}", endpoint.registry, robot.namespace())),
        }
    }
}

/// `--registry` with a forgotten `QUAY_URL` would write one Quay's token for another one.
fn warn_of_another_name(endpoint: &Endpoint, names: &RegistryNames, console: &Console) {
    let claimed = names.not_agreed.as_ref();
    if claimed.is_some() && claimed == endpoint.api_host().as_ref() {
        console.warn(format!(
            "the Quay at {} does not call itself {}: check --quay-url and QUAY_URL",
            endpoint.api, endpoint.registry
        ));
    }
    console.warn_each(names.warning.as_slice());
}

async fn robot_name(
    args: &RobotArgs,
    session: Option<&Session>,
    console: &Console,
) -> Result<RobotName, Failure> {
    let given = args.robot.as_deref().unwrap_or_default();
    if !given.is_empty() {
        return given.parse().map_err(Failure::usage);
    }
    let elsewhere = "pass --robot org+name";
    let Some(session) = session.filter(|_| console.can_ask()) else {
        return Err(Failure::usage("--robot needs the name of a robot").next(elsewhere));
    };
    let names = robots(session)
        .await
        .map_err(|error| error.failure("the list of robots", &session.endpoint))?;
    let chosen = console.choose("Robot", &names, elsewhere)?;
    names[chosen].parse().map_err(Failure::new)
}

/// Every robot of the user and of the user's organizations, as far as the token shows them.
async fn robots(session: &Session) -> Result<Vec<String>, ApiError> {
    let whose = session.quay.whose().await?;
    let organizations = session
        .quay
        .current_user()
        .await?
        .map(|user| user.organizations)
        .unwrap_or_default();
    let namespaces =
        std::iter::once(whose).chain(organizations.into_iter().map(|known| known.name));
    let mut names = Vec::new();
    for namespace in namespaces {
        match session.quay.robots(&namespace, false).await {
            Ok(robots) => {
                let robots = robots.into_iter().filter(|robot| !RunMarker::is_one(robot));
                names.extend(robots.map(|robot| robot.name));
            }
            Err(ApiError::MissingScope { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

/// A key at another host would hand the credential to that host, and `sync` would never find it
/// again; one that no kubelet uses would be there for nobody.
fn checked_key(key: &str, credential: &RobotCredential) -> Result<String, Failure> {
    if belongs_to(key, &credential.names.hosts) {
        return match unused_at(key, &credential.names.hosts) {
            None => Ok(key.to_owned()),
            Some(why) => Err(Failure::usage(format!("--registry-key `{key}` {why}"))),
        };
    }
    let hosts = credential.names.hosts.iter().map(RegistryHost::as_str);
    let hosts: Vec<&str> = hosts.collect();
    Err(Failure::usage(format!(
        "--registry-key `{key}` is not a key of this registry: its host must be {}",
        hosts.join(" or ")
    )))
}
