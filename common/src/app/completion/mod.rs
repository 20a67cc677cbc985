//! `completion`: scripts for shells, and kubectl's and oc's own completion of plugins.

mod answer;
mod install;
mod kind;
mod live;
mod situation;

use crate::Failure;
use crate::cli::{Console, Exit};
use clap::{Args, Command, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;

/// Set up completion with TAB
///
/// kubectl and oc complete a plugin through a second executable. `install` creates it, as links
/// to the plugin. TAB then offers the robots, namespaces, contexts and repositories that exist at
/// that moment. With SHELL, the command prints a script for the plugin's own name instead.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_long_help = "Examples:
  # Let kubectl and oc complete the plugin
  PLUGIN completion install

  # Print a script for bash, which completes the plugin's own name
  PLUGIN completion bash
")]
pub(super) struct CompletionArgs {
    /// Print a completion script for this shell
    #[arg(value_enum, value_name = "SHELL", required = true)]
    shell: Option<Shell>,

    #[command(subcommand)]
    target: Option<Target>,
}

#[derive(Debug, Subcommand)]
enum Target {
    Install(install::InstallArgs),
}

/// Carries out `completion`; `command` is the plugin's whole command line.
pub(super) fn run(
    args: &CompletionArgs,
    command: Command,
    console: &Console,
) -> Result<Exit, Failure> {
    if let Some(Target::Install(args)) = &args.target {
        return install::run(args, console);
    }
    if let Some(shell) = args.shell {
        console.data(script(shell, command, &install::called_as()))?;
    }
    Ok(Exit::Success)
}

/// The script completes the executable under the name it was called by.
fn script(shell: Shell, mut command: Command, name: &str) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// What the completer prints for these words.
pub(super) fn answer(command: Command, words: Vec<OsString>) -> String {
    answer::answer(command, words)
}
