//! `create`: a robot with its roles.

use crate::changes::Changes;
use crate::connection::{Connection, failed, failed_in};
use crate::repositories::not_begun;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::ClientDryRun;
use quay_common::credentials::Session;
use quay_common::hint::{self, Hint};
use quay_common::names::{RepositoryName, RobotName};
use quay_common::outcome::Verb;
use quay_common::quay::{Creation, GrantOutcome, GrantState, NotBegun, Role, create_robot};
use quay_common::web::ApiError;

/// Create a robot and grant it roles on repositories
///
/// Create first checks that every repository exists, so that a wrong name changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # A robot that can pull two repositories
  kubectl quay-robot create myorg+puller --grant my-app --grant backend-api

  # A robot for CI that can also push
  kubectl quay-robot create myorg+ci --description 'builds' --grant my-app=write

  # In a script: create it, or grant what it lacks
  kubectl quay-robot create myorg+puller --grant my-app --exists-ok
")]
pub struct CreateArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    /// What the robot is for (you cannot change it later)
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, value_parser = description)]
    description: String,

    /// Repository the robot can use, and the role if not read (repeat for several)
    #[arg(long = "grant", value_name = "REPO[=ROLE]")]
    grants: Vec<String>,

    /// If the robot exists, grant it the roles that it lacks
    #[arg(long)]
    exists_ok: bool,

    #[command(flatten)]
    dry_run: ClientDryRun,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

/// Quay's limit.
fn description(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0..=255 => Ok(text.to_owned()),
        length => Err(format!(
            "it has {length} characters, and Quay accepts at most 255"
        )),
    }
}

/// A robot that was created stays, even where a role could not be given.
pub async fn run(args: CreateArgs, console: &Console) -> Result<Exit, Failure> {
    let grants = parse_grants(&args.robot, &args.grants).map_err(Failure::usage)?;
    let creation = Creation {
        robot: args.robot,
        description: args.description,
        grants,
        exists_ok: args.exists_ok,
    };
    let session = args.connection.open(console).await?;
    let robot = &creation.robot;
    let created = match create_robot(&session.quay, &creation, args.dry_run.is_on()).await {
        Ok(created) => created,
        Err(NotBegun::Refused(error @ ApiError::MissingScope { .. })) => {
            let object = format!("robot `{robot}`");
            return Err(failed_in(&session, robot.namespace(), object, error).await);
        }
        Err(reason) => return Err(not_created(reason, robot, &session)),
    };
    let mut changes = Changes::new(&session, robot, args.dry_run);
    changes.robot(match created.existed {
        true => Verb::Exists,
        false => Verb::Created,
    });
    let rest = rest_of(robot, &created.grants);
    changes.repositories(created.grants, &session, console);
    let exit = console.finish(&changes, args.output.output)?;
    if let Some(rest) = rest {
        let there = if created.existed {
            "exists"
        } else {
            "was created"
        };
        let failure = Failure::new(format!(
            "robot `{robot}` {there}, but lacks roles that were asked for"
        ));
        console.failure(&failure.next(rest));
    }
    Ok(exit)
}

fn parse_grants(
    robot: &RobotName,
    texts: &[String],
) -> Result<Vec<(RepositoryName, Role)>, String> {
    let mut grants: Vec<(RepositoryName, Role)> = Vec::new();
    for text in texts {
        let (repository, role) = parse_grant(robot, text)?;
        if grants.iter().any(|(known, _)| *known == repository) {
            return Err(format!("--grant names `{repository}` twice"));
        }
        grants.push((repository, role));
    }
    Ok(grants)
}

fn parse_grant(robot: &RobotName, text: &str) -> Result<(RepositoryName, Role), String> {
    let (repository, role) = match text.split_once('=') {
        Some((repository, role)) => (repository, role.parse()?),
        None => (text, Role::Read),
    };
    Ok((RepositoryName::of(robot.namespace(), repository)?, role))
}

/// The commands that give the roles that could not be given, a command a role.
fn rest_of(robot: &RobotName, outcomes: &[GrantOutcome]) -> Option<Hint> {
    let commands = [Role::Read, Role::Write, Role::Admin].map(|role| {
        let lacking: Vec<&str> = outcomes
            .iter()
            .filter(|outcome| {
                let is_left = matches!(outcome.state, GrantState::Failed(_) | GrantState::Skipped);
                outcome.role == Some(role) && is_left
            })
            .map(|outcome| outcome.repository.name())
            .collect();
        let grant = hint::robot("grant").arg(robot);
        let grant = lacking.iter().fold(grant, |grant, name| grant.arg(name));
        (!lacking.is_empty()).then(|| Hint::from(grant.words("--role").arg(role)))
    });
    let commands = commands.into_iter().flatten();
    commands.reduce(|all, next| all.say(" && ").and(next))
}

fn not_created(reason: NotBegun, robot: &RobotName, session: &Session) -> Failure {
    match reason {
        NotBegun::Refused(ApiError::Exists) => Failure::new(format!(
            "robot `{robot}` already exists at {}",
            session.endpoint.registry
        ))
        .next(
            hint::robot("describe")
                .arg(robot)
                .say(", or pass --exists-ok to grant it the roles that it lacks"),
        ),
        NotBegun::Refused(error) if error.is_doubtful() => {
            failed(session, format!("robot `{robot}`"))(error)
                .next("run the same command with --exists-ok: Quay may have created the robot")
        }
        other => {
            let undone = format!("robot `{robot}` was not created");
            not_begun(other, &undone, robot, session)
        }
    }
}
