//! `docs`: the pages of every command, written by `docs/generator`.

use crate::screen::Screen;
use crate::{cargo, process};
use anyhow::{Result, bail};
use clap::Args;

/// Write the pages of docs/commands from the plugins' own definitions
#[derive(Args)]
pub struct DocsArgs {
    /// Write nothing, and fail if a page differs from what would be written
    #[arg(long)]
    check: bool,
}

pub fn run(args: &DocsArgs, screen: &Screen) -> Result<()> {
    let mut command = cargo::command()?;
    command.args(["run", "--quiet", "--locked", "--package=quay-pages", "--"]);
    if args.check {
        command.arg("--check");
    }
    match process::show(command)?.success() {
        true => {
            screen.line("docs/commands is up to date");
            Ok(())
        }
        false => bail!("the pages were not written"),
    }
}
