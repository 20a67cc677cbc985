//! `describe`: everything Quay knows about one robot.

use crate::connection::{Connection, failed_in};
use jiff::{SignedDuration, Timestamp};
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, Report, Table, age, escape_control};
use quay_common::names::{RegistryHost, RobotName};
use quay_common::quay::{DefaultPermission, FederatedSubject, Grant, Pull, RobotDetails};
use quay_common::web::ApiError;
use serde::Serialize;

/// How far back the usage log is searched for the last pull.
const LOG_DAYS: i64 = 30;

/// Show a robot's roles, its teams and its last pull
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Show what the robot can pull, and when it last did
  kubectl quay-robot describe myorg+puller

  # The same as YAML
  kubectl quay-robot describe myorg+puller -o yaml
")]
pub struct DescribeArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    registry: RegistryHost,
    /// What time it is at Quay.
    #[serde(skip)]
    now: Timestamp,
    name: String,
    description: String,
    created: Option<Timestamp>,
    last_used: Option<Timestamp>,
    last_pull: Part<Option<Pull>>,
    repositories: Part<Vec<Grant>>,
    teams: Vec<String>,
    default_permissions: Part<Vec<DefaultPermission>>,
    federation: Part<Vec<FederatedSubject>>,
}

/// What was asked for, or why the token may not see it.
#[derive(Serialize)]
#[serde(untagged)]
enum Part<T> {
    Known(T),
    Unknown { unknown: String },
}

impl<T> From<Result<T, ApiError>> for Part<T> {
    fn from(result: Result<T, ApiError>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(ApiError::MissingScope { needs }) => Self::Unknown {
                unknown: format!("the token needs {needs}"),
            },
            Err(error) => Self::Unknown {
                unknown: error.to_string(),
            },
        }
    }
}

impl<T> Part<T> {
    fn lines(&self, known: impl FnOnce(&T) -> Vec<String>) -> Vec<String> {
        match self {
            Self::Known(value) => known(value),
            Self::Unknown { unknown } => vec![format!("<unknown: {unknown}>")],
        }
    }
}

impl Description {
    fn new(registry: RegistryHost, now: Timestamp, details: RobotDetails) -> Self {
        let mut teams = details.listed.teams.unwrap_or_default();
        teams.sort();
        Self {
            registry,
            now,
            name: details.listed.name,
            description: details.listed.description,
            created: details.listed.created,
            last_used: details.listed.last_accessed,
            last_pull: details.last_pull.into(),
            repositories: details.grants.into(),
            teams,
            default_permissions: details.default_permissions.into(),
            federation: details.federation.into(),
        }
    }

    /// Label and lines, as `kubectl describe` lays them out.
    fn sections(&self) -> Vec<(&'static str, Vec<String>)> {
        let one = |text: &str| vec![text.to_owned()];
        let time = |time: Option<Timestamp>, never: &str| vec![when(time, never, self.now)];
        vec![
            ("Name", one(&self.name)),
            ("Registry", one(self.registry.as_str())),
            ("Description", one(&self.description)),
            ("Created", time(self.created, "<unknown>")),
            ("Last used", time(self.last_used, "never")),
            (
                "Last pull",
                self.last_pull
                    .lines(|pull| vec![pulled(pull.as_ref(), self.now)]),
            ),
            (
                "Repositories",
                self.repositories.lines(|grants| {
                    let line = |grant: &Grant| format!("{:<6} {}", grant.role, grant.repository);
                    grants.iter().map(line).collect()
                }),
            ),
            ("Teams", self.teams.clone()),
            (
                "Default permissions",
                self.default_permissions
                    .lines(|entries| entries.iter().map(default_permission).collect()),
            ),
            (
                "Federation",
                self.federation.lines(|subjects| {
                    let line =
                        |who: &FederatedSubject| format!("{} of {}", who.subject, who.issuer);
                    subjects.iter().map(line).collect()
                }),
            ),
        ]
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (label, mut lines) in self.sections() {
            lines.retain(|line| !line.is_empty());
            if lines.is_empty() {
                lines.push("<none>".to_owned());
            }
            for (at, line) in lines.iter().enumerate() {
                let label = if at == 0 {
                    format!("{label}:")
                } else {
                    String::new()
                };
                text.push_str(&format!("{label:<22}{}\n", escape_control(line)));
            }
        }
        text
    }
}

fn when(time: Option<Timestamp>, never: &str, now: Timestamp) -> String {
    time.map_or_else(
        || never.to_owned(),
        |time| format!("{time} ({} ago)", age(time, now)),
    )
}

fn pulled(pull: Option<&Pull>, now: Timestamp) -> String {
    let Some(pull) = pull else {
        return format!("none in the last {LOG_DAYS} days");
    };
    let mut text = when(Some(pull.at), "", now);
    if let Some(repository) = &pull.repository {
        text.push_str(&format!(", {repository}"));
    }
    if let Some(ip) = &pull.ip {
        text.push_str(&format!(", from {ip}"));
    }
    text
}

fn default_permission(entry: &DefaultPermission) -> String {
    let creator = entry.activating_user.as_deref().unwrap_or("anybody");
    format!(
        "{} for {} on repositories created by {creator}",
        entry.role, entry.delegate
    )
}

impl Report for Description {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.sections(), wide)
            .col("FIELD", |(label, _)| label)
            .col("VALUE", |(_, lines)| lines.join(", "))
            .table()
    }

    fn names(&self) -> Vec<String> {
        vec![format!("robot/{}", self.name)]
    }
}

/// Parts the token may not see are said to be unknown.
pub async fn run(args: DescribeArgs, console: &Console) -> Result<Exit, Failure> {
    let session = args.connection.open(console).await?;
    let robot = args.robot;
    let since = SignedDuration::from_hours(24 * LOG_DAYS);
    let details = match session.quay.describe(&robot, since).await {
        Ok(details) => details,
        Err(error) => {
            let object = format!("robot `{robot}`");
            return Err(failed_in(&session, robot.namespace(), object, error).await);
        }
    };
    let description = Description::new(
        session.endpoint.registry.clone(),
        session.quay.now(),
        details,
    );
    console.warn_each(session.quay.clock_difference().as_slice());
    if args.output.output.is_for_people() {
        console.data(description.text())?;
        return Ok(Exit::Success);
    }
    console.finish(&description, args.output.output)
}
