//! `list`: the robots of an organization, or all of them.

use crate::connection::{Connection, failed, failed_in};
use jiff::Timestamp;
use quay_common::Failure;
use quay_common::cli::{
    Console, Exit, Gaps, OutputArgs, OutputFormat, Report, Table, age, escape_control,
};
use quay_common::credentials::Session;
use quay_common::hint;
use quay_common::names::{RegistryHost, parse_namespace};
use quay_common::quay::ListedRobot;
use quay_common::web::ApiError;
use serde::Serialize;

/// List the robots of one organization, or of you and all your organizations
///
/// LAST USED is the last sign-in to the registry. For the last pull, see `describe`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # List the robots of you and all your organizations
  kubectl quay-robot list

  # List one organization's robots, with repositories and teams
  kubectl quay-robot list myorg -o wide
")]
pub struct ListArgs {
    /// Organization, or your own user name
    #[arg(value_name = "ORG", value_parser = parse_namespace)]
    organization: Option<String>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Serialize)]
struct Listing {
    registry: RegistryHost,
    robots: Vec<Entry>,
    /// What time it is at Quay.
    #[serde(skip)]
    now: Timestamp,
    /// Nothing failed but for want of a scope.
    #[serde(skip)]
    is_complete: bool,
    /// Organizations whose robots are not shown, and why.
    #[serde(skip)]
    left_out: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    description: String,
    created: Option<Timestamp>,
    last_used: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repositories: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    teams: Option<Vec<String>>,
}

impl From<ListedRobot> for Entry {
    fn from(robot: ListedRobot) -> Self {
        let sorted = |names: Option<Vec<String>>| {
            names.map(|mut names| {
                names.sort();
                names
            })
        };
        Self {
            name: robot.name,
            description: robot.description,
            created: robot.created,
            last_used: robot.last_accessed,
            repositories: sorted(robot.repositories),
            teams: sorted(robot.teams),
        }
    }
}

impl Report for Listing {
    fn table(&self, wide: bool) -> Table {
        let since = |time: Option<Timestamp>, never: &str| {
            time.map_or_else(|| never.to_owned(), |time| age(time, self.now))
        };
        Table::of(&self.robots, wide)
            .col("NAME", |robot| &robot.name)
            .col("CREATED", |robot| since(robot.created, "<unknown>"))
            .col("LAST USED", |robot| since(robot.last_used, "never"))
            .col("DESCRIPTION", |robot| &robot.description)
            .wide("REPOSITORIES", |robot| shown(&robot.repositories))
            .wide("TEAMS", |robot| shown(&robot.teams))
            .table()
    }

    fn exit(&self) -> Exit {
        Exit::of(self.is_complete)
    }

    fn gaps(&self) -> Gaps {
        Gaps {
            warnings: self.left_out.clone(),
            ..Gaps::default()
        }
    }

    fn names(&self) -> Vec<String> {
        let names = self.robots.iter();
        // Quay once took names with a line break at the end.
        names
            .map(|robot| format!("robot/{}", escape_control(&robot.name)))
            .collect()
    }
}

fn shown(names: &Option<Vec<String>>) -> String {
    names
        .as_ref()
        .map_or_else(|| "<unknown>".to_owned(), |names| names.join(","))
}

/// An organization that refuses does not hide the others.
pub async fn run(args: ListArgs, console: &Console) -> Result<Exit, Failure> {
    let session = args.connection.open(console).await?;
    let is_typed = args.organization.is_some();
    let namespaces = match args.organization {
        Some(organization) => vec![organization],
        None => own_namespaces(&session).await?,
    };
    let format = args.output.output;
    // Repositories and teams cost Quay a join for every robot.
    let details = !matches!(format, OutputFormat::Table | OutputFormat::Name);
    let mut listing = Listing {
        registry: session.endpoint.registry.clone(),
        robots: Vec::new(),
        now: session.quay.now(),
        is_complete: true,
        left_out: Vec::new(),
    };
    let mut failures = Vec::new();
    for (namespace, answer) in session.quay.robots_of_each(&namespaces, details).await {
        match answer {
            Ok(robots) => listing.robots.extend(robots.into_iter().map(Entry::from)),
            Err(error) => {
                listing.is_complete &= matches!(error, ApiError::MissingScope { .. });
                let object = format!("the robots of `{namespace}`");
                failures.push(match is_typed {
                    true => failed_in(&session, &namespace, object, error).await,
                    false => failed(&session, object)(error),
                });
            }
        }
    }
    if failures.len() == namespaces.len()
        && let Some(first) = failures.first()
    {
        return Err(first.clone());
    }
    listing.now = session.quay.now();
    let left_out = failures.iter();
    listing.left_out = left_out
        .map(|failure| format!("left out: {failure}"))
        .collect();
    console.warn_each(session.quay.clock_difference().as_slice());
    console.finish(&listing, format)
}

async fn own_namespaces(session: &Session) -> Result<Vec<String>, Failure> {
    let user = session
        .quay
        .current_user()
        .await
        .map_err(failed(session, "your organizations"))?;
    let Some(user) = user else {
        // An expired token is refused like one without the scope.
        session
            .quay
            .check_token()
            .await
            .map_err(failed(session, "your organizations"))?;
        return Err(Failure::new(format!(
            "the API token cannot list your organizations at {}: it lacks the scope `user:read`",
            session.endpoint.registry
        ))
        .next(hint::robot("list ORG")));
    };
    let mut names: Vec<String> = user.organizations.into_iter().map(|org| org.name).collect();
    names.push(user.username);
    names.sort();
    Ok(names)
}
