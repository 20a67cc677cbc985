//! `completion`: a static completion script for a shell.

use crate::Cli;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};

/// Print a completion script for a shell
#[derive(Args)]
pub struct CompletionArgs {
    /// The shell
    shell: Shell,
}

pub fn run(args: &CompletionArgs, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let name = format!(
        "kubectl-{}",
        console.invocation().plugin().replace('-', "_")
    );
    clap_complete::generate(args.shell, &mut Cli::command(), name, &mut script);
    console.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
