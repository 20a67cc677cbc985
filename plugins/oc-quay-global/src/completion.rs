//! `completion`: a script for the shell.

use crate::Cli;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use std::path::Path;

/// Print a completion script for a shell
#[derive(Args)]
pub struct CompletionArgs {
    /// The shell
    shell: Shell,
}

/// The script completes the executable under the name it was called by.
pub fn run(args: &CompletionArgs, console: &Console) -> Result<Exit, Failure> {
    let called = std::env::args().next().unwrap_or_default();
    let name = Path::new(&called)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("oc-quay_global");
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), name, &mut script);
    console.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
