//! `sync --robot`: which robot, and what its credential is.

use clap::{Args, ValueEnum};
use futures::future::join3;
use quay_common::Failure;
use quay_common::cli::Console;
use quay_common::cluster::{ClusterArgs, parse_object_name};
use quay_common::credentials::{QuayArgs, Session, Settings, endpoint, robot_token, session};
use quay_common::dockerconfig::Credential;
use quay_common::hint;
use quay_common::names::{RegistryHost, RobotName};
use quay_common::pullsecret::{
    Bridge, Ensure, RobotToken, Wanted, WantedRegistry, hosts, standing_bridge,
};
use quay_common::registry::{Probe, Registry};
use quay_common::web::{ApiError, Endpoint};
use secrecy::SecretString;

/// The robot, and how its credential is written where it is new.
#[derive(Args)]
pub struct RobotArgs {
    /// Robot whose credential every namespace shall have (org+name); asks which if no name follows
    #[arg(long, value_name = "ROBOT", num_args = 0..=1, default_missing_value = "")]
    robot: Option<String>,

    /// Read the robot's token from stdin; without a login to Quay
    #[arg(long, requires = "robot", conflicts_with = "token_stdin")]
    robot_token_stdin: bool,

    /// Secret to create where the robot is in none
    #[arg(
        long,
        value_name = "NAME",
        env = "SECRET_NAME",
        default_value = "quay-pull-secret",
        value_parser = parse_object_name
    )]
    secret_name: String,

    /// Service account to attach the secret to (repeat for several)
    #[arg(
        long,
        value_name = "NAME",
        requires = "robot",
        default_value = "default",
        value_parser = parse_object_name
    )]
    service_account: Vec<String>,

    /// Attach the secret to no service account
    #[arg(long, requires = "robot")]
    no_attach: bool,

    /// Key below `auths` for a new entry, where it is not the registry's host
    #[arg(long, value_name = "KEY")]
    registry_key: Option<String>,

    /// Whether a new entry is for the whole registry or for the robot's organization alone
    #[arg(long, value_enum, default_value_t, conflicts_with = "registry_key")]
    scope: KeyScope,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum KeyScope {
    /// Key `host`
    #[default]
    Registry,
    /// Key `host/org`
    Org,
}

/// What `--robot` comes to.
pub struct Named {
    pub wanted: Wanted,
    pub ensure: Ensure,
}

impl RobotArgs {
    pub fn is_given(&self) -> bool {
        self.robot.is_some()
    }
}

/// One robot, and who tells its token.
pub struct Robot {
    name: RobotName,
    endpoint: Endpoint,
    /// Quay, where there is a login.
    session: Option<Session>,
    /// Otherwise what the user gave, once the registry had accepted it.
    given: Option<Wanted>,
}

impl Robot {
    /// Finds the robot, and its token where there is no login to ask.
    pub async fn find(
        args: &RobotArgs,
        quay: &QuayArgs,
        cluster: &ClusterArgs,
        console: &Console,
    ) -> Result<Self, Failure> {
        let endpoint = endpoint(quay, &Settings::load()?)?;
        let session = match args.robot_token_stdin {
            true => None,
            false => session(quay, cluster, endpoint.clone(), console, false).await?,
        };
        let name = robot_name(args, session.as_ref(), console).await?;
        let given = match session {
            Some(_) => None,
            None => Some(from_user(&endpoint, &name, args.robot_token_stdin).await?),
        };
        Ok(Self {
            name,
            endpoint,
            session,
            given,
        })
    }

    /// Its current token: from Quay where there is a login, otherwise what the user gave.
    pub async fn ask(&self, args: &RobotArgs, console: &Console) -> Result<Named, Failure> {
        let wanted = match (&self.session, &self.given) {
            (Some(session), _) => from_quay(session, &self.name, console).await?,
            (None, given) => given.clone().unwrap_or_default(),
        };
        warn_of_another_quay(&self.endpoint, &wanted, console);
        let ensure = ensure(args, self.name.clone(), &self.endpoint, &wanted)?;
        Ok(Named { wanted, ensure })
    }
}

/// `--registry` with a forgotten `QUAY_URL` would write one Quay's token for another one.
fn warn_of_another_quay(endpoint: &Endpoint, wanted: &Wanted, console: &Console) {
    let hosts = wanted
        .registries
        .iter()
        .flat_map(|registry| &registry.hosts);
    let mut others = hosts.filter(|host| **host != endpoint.registry);
    if let Some(other) = others.find(|host| endpoint.api_host().as_ref() == Some(*host)) {
        console.warn(format!(
            "the Quay at {} calls itself {other}, not {}: is --quay-url or QUAY_URL meant for it?",
            endpoint.api, endpoint.registry
        ));
    }
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
    let elsewhere = "name it: --robot org+name";
    let Some(session) = session.filter(|_| console.can_ask()) else {
        return Err(Failure::usage("--robot names no robot").next(elsewhere));
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
            Ok(robots) => names.extend(robots.into_iter().map(|robot| robot.name)),
            Err(ApiError::MissingScope { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

async fn from_quay(
    session: &Session,
    robot: &RobotName,
    console: &Console,
) -> Result<Wanted, Failure> {
    let registry = &session.endpoint.registry;
    let (found, bridge, hosts) = join3(
        session.quay.robot(robot),
        standing_bridge(&session.quay, robot),
        hosts(&session.registry, &session.endpoint),
    )
    .await;
    let read = found.and_then(|found| Ok((found.token, bridge?)));
    let (token, bridge) = match read {
        Ok(read) => read,
        Err(ApiError::NotFound) => {
            return Err(
                Failure::new(format!("robot `{robot}` does not exist at {registry}"))
                    .next(hint::robot("create").arg(robot)),
            );
        }
        Err(error) => {
            let object = format!("the token of robot `{robot}`");
            return Err(error.failure(object, &session.endpoint));
        }
    };
    if let Some(bridge) = &bridge {
        console.note(format!(
            "a rotation of {robot} is under way: new secrets get its bridge {} for now",
            bridge.name
        ));
    }
    Ok(wanted(registry, hosts, robot, token, bridge))
}

fn wanted(
    registry: &RegistryHost,
    hosts: Vec<RegistryHost>,
    robot: &RobotName,
    token: SecretString,
    bridge: Option<Bridge>,
) -> Wanted {
    Wanted {
        registries: vec![WantedRegistry {
            registry: registry.clone(),
            hosts,
            robots: [(robot.clone(), RobotToken::Current(token))].into(),
            bridges: bridge.into_iter().collect(),
        }],
        only: Some(robot.clone()),
    }
}

async fn from_user(endpoint: &Endpoint, robot: &RobotName, stdin: bool) -> Result<Wanted, Failure> {
    let login = hint::robot("login --registry").arg(&endpoint.registry);
    let token: SecretString = robot_token(endpoint, robot, stdin).await?.ok_or_else(|| {
        Failure::new(format!(
            "there is neither a login for {} nor a token of `{robot}`",
            endpoint.registry
        ))
        .next(
            login
                .clone()
                .say(", or set QUAY_ROBOT_TOKEN, or pass --robot-token-stdin"),
        )
    })?;
    let registry = Registry::connect(endpoint)?;
    match registry.probe(robot.as_str(), &token, &[]).await? {
        Probe::Accepted { .. } => {}
        Probe::Refused { reason } => {
            return Err(Failure::new(format!(
                "{} does not accept the token given for `{robot}`, so nothing was written: {reason}",
                endpoint.registry
            ))
            .next(login.say(", which needs no robot token by hand")));
        }
    }
    let hosts = hosts(&registry, endpoint).await;
    Ok(wanted(&endpoint.registry, hosts, robot, token, None))
}

fn ensure(
    args: &RobotArgs,
    robot: RobotName,
    endpoint: &Endpoint,
    wanted: &Wanted,
) -> Result<Ensure, Failure> {
    let token = wanted
        .registries
        .iter()
        .find_map(|registry| match registry.robots.get(&robot) {
            Some(RobotToken::Current(token)) => Some(token.clone()),
            _ => None,
        });
    let token =
        token.ok_or_else(|| Failure::new(format!("the token of `{robot}` is not known")))?;
    let bridge = wanted
        .registries
        .iter()
        .flat_map(|registry| &registry.bridges)
        .find_map(Bridge::credential);
    let key = match (&args.registry_key, args.scope) {
        (Some(key), _) => checked_key(key, wanted)?,
        (None, KeyScope::Registry) => endpoint.registry.to_string(),
        (None, KeyScope::Org) => format!("{}/{}", endpoint.registry, robot.namespace()),
    };
    Ok(Ensure {
        credential: bridge.unwrap_or_else(|| Credential::new(robot.as_str(), token)),
        key,
        secret_name: args.secret_name.clone(),
        service_accounts: if args.no_attach {
            Vec::new()
        } else {
            args.service_account.clone()
        },
        robot,
    })
}

/// A key at another host would hand the credential to that host, and `sync` would never find it again.
fn checked_key(key: &str, wanted: &Wanted) -> Result<String, Failure> {
    if wanted.registry_of(key).is_some() {
        return Ok(key.to_owned());
    }
    let hosts: Vec<&str> = wanted
        .registries
        .iter()
        .flat_map(|registry| &registry.hosts)
        .map(|host| host.as_str())
        .collect();
    Err(Failure::usage(format!(
        "--registry-key `{key}` is not at this registry: its host has to be {}",
        hosts.join(" or ")
    )))
}
