//! `token`: hand a robot's token to another tool.

use crate::connection::{Connection, failed_in};
use clap::ValueEnum;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::credentials::auth_json;
use quay_common::names::RobotName;
use quay_common::private_file;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};

/// Write a robot's current token to a pipe or a file
///
/// The token appears on a terminal only with --show. The output is the token alone, without a
/// line break except on a terminal.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Log podman in without a token on the command line
  kubectl quay-robot token myorg+ci | podman login -u myorg+ci --password-stdin quay.example.com

  # Write an auth file for skopeo
  kubectl quay-robot token myorg+ci --format auth-json -o auth.json
")]
pub struct TokenArgs {
    /// Robot, as Quay writes it: org+name
    #[arg(value_name = "ROBOT")]
    robot: RobotName,

    /// File to write to, created with mode 0600 or replaced in one step; `-` is stdout
    #[arg(short, long, value_name = "FILE", conflicts_with = "show")]
    output: Option<PathBuf>,

    /// Show the token on the terminal
    #[arg(long)]
    show: bool,

    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Token)]
    format: Format,

    #[command(flatten)]
    connection: Connection,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The token alone
    Token,
    /// An auth file for podman, skopeo and docker
    AuthJson,
}

/// Refuses a terminal before anything is asked of Quay.
pub async fn run(args: TokenArgs, console: &Console) -> Result<Exit, Failure> {
    let robot = &args.robot;
    let file = args
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    if file.is_none() && console.stdout_is_terminal() && !args.show {
        return Err(Failure::usage(format!(
            "the token of `{robot}` is a secret, and stdout is a terminal"
        ))
        .next("send it to a pipe, write it to a file with -o FILE, or pass --show"));
    }
    if let Some(path) = file {
        private_file::check_replaceable(path)?;
    }
    let session = args.connection.open(console).await?;
    let found = match session.quay.robot(robot).await {
        Ok(found) => found,
        Err(error) => {
            let object = format!("robot `{robot}`");
            return Err(failed_in(&session, robot.namespace(), object, error).await);
        }
    };
    let content = match args.format {
        Format::Token => found.token,
        Format::AuthJson => auth_json(&session.endpoint.registry, robot, &found.token),
    };
    match file {
        Some(path) => {
            private_file::replace(path, content.expose_secret().as_bytes())?;
            console.note(format!("wrote the token of {robot} to {}", path.display()));
        }
        None => {
            console.data(ended(&content, console).expose_secret())?;
            console.note(format!("wrote the token of {robot} to stdout"));
        }
    }
    Ok(Exit::Success)
}

fn ended(content: &SecretString, console: &Console) -> SecretString {
    let end = if console.stdout_is_terminal() {
        "\n"
    } else {
        ""
    };
    SecretString::from(format!("{}{end}", content.expose_secret()))
}
