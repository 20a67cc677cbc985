//! The whole command line of a plugin as data: manual pages and documentation are made
//! from it, and a recorded copy shows when a flag changes.

use super::help;
use crate::Failure;
use crate::cli::{Console, Exit};
use clap::{Arg, ArgAction, Command};
use serde::Serialize;

/// A command with all that is below it.
#[derive(Serialize)]
struct Node {
    name: String,
    about: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    details: String,
    usage: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<Argument>,
    /// A line that says what for, and the line to type, in turn.
    #[serde(skip_serializing_if = "String::is_empty")]
    examples: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<Node>,
}

/// A flag, an option, or a word by its position.
#[derive(Serialize)]
struct Argument {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<char>,
    /// As it is written, such as `<ROBOT>` or `[=MODE]`; empty for a flag.
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    heading: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    positional: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    required: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeatable: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    defaults: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<String>,
}

#[derive(Serialize)]
struct Choice {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    help: String,
}

/// Prints the tree as JSON.
pub(super) fn run(mut command: Command, console: &Console) -> Result<Exit, Failure> {
    command.build();
    let tree = serde_json::to_string_pretty(&node(&command))
        .map_err(|error| Failure::new(format!("cannot write the tree as JSON: {error}")))?;
    console.data(&(tree + "\n"))?;
    Ok(Exit::Success)
}

fn node(command: &Command) -> Node {
    let about = text(command.get_about());
    let long = text(command.get_long_about());
    let usage = command.clone().render_usage().to_string();
    Node {
        name: command.get_name().to_owned(),
        details: long
            .strip_prefix(&about)
            .unwrap_or(&long)
            .trim_start_matches('.')
            .trim()
            .to_owned(),
        about,
        usage: lines(usage.trim_start_matches("Usage:")),
        arguments: command
            .get_arguments()
            .filter(|arg| !arg.is_hide_set() && !is_everywhere(arg))
            .map(|arg| argument(command, arg))
            .collect(),
        examples: help::examples(command),
        commands: command
            .get_subcommands()
            .filter(|below| !below.is_hide_set() && below.get_name() != "help")
            .map(node)
            .collect(),
    }
}

/// The lines without what aligns them.
fn lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
    lines.join("\n")
}

/// `--help` and `--version`, which say nothing about a command.
fn is_everywhere(arg: &Arg) -> bool {
    matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

fn argument(command: &Command, arg: &Arg) -> Argument {
    let name = |arg: &Arg| match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => arg.get_id().to_string(),
    };
    let own = name(arg);
    let help = match arg.get_long_help() {
        Some(long) => text(Some(long)),
        None => text(arg.get_help()),
    };
    let shown = arg.to_string();
    let takes_value = arg.get_action().takes_values();
    let choices = arg.get_possible_values();
    let choices = choices.iter().filter(|_| takes_value);
    let mut conflicts: Vec<String> = command
        .get_arg_conflicts_with(arg)
        .into_iter()
        .map(name)
        .collect();
    conflicts.sort();
    Argument {
        value: match takes_value {
            true => shown.strip_prefix(&own).unwrap_or(&shown).trim().to_owned(),
            false => String::new(),
        },
        name: own,
        short: arg.get_short(),
        help,
        heading: arg.get_help_heading().map(str::to_owned),
        positional: arg.is_positional(),
        required: arg.is_required_set(),
        repeatable: matches!(arg.get_action(), ArgAction::Append | ArgAction::Count),
        choices: choices
            .filter(|value| !value.is_hide_set())
            .map(|value| Choice {
                name: value.get_name().to_owned(),
                help: text(value.get_help()),
            })
            .collect(),
        defaults: arg
            .get_default_values()
            .iter()
            .filter(|_| takes_value)
            .map(|value| value.to_string_lossy().into_owned())
            .collect(),
        environment: arg
            .get_env()
            .map(|name| name.to_string_lossy().into_owned()),
        conflicts,
    }
}

fn text(styled: Option<&clap::builder::StyledStr>) -> String {
    styled.map(ToString::to_string).unwrap_or_default()
}
