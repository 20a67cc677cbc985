//! `federation`: workloads and pipelines that sign in as a robot with their own identity.

mod change;
mod check;
mod get;
mod subjects;

use clap::Subcommand;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum FederationCommand {
    Get(Box<get::GetArgs>),
    Set(Box<change::SetArgs>),
    Add(Box<change::AddArgs>),
    Remove(Box<change::RemoveArgs>),
    Check(Box<check::CheckArgs>),
}

pub async fn run(command: FederationCommand, console: &Console) -> Result<Exit, Failure> {
    match command {
        FederationCommand::Get(args) => get::run(*args, console).await,
        FederationCommand::Set(args) => change::set(*args, console).await,
        FederationCommand::Add(args) => change::add(*args, console).await,
        FederationCommand::Remove(args) => change::remove(*args, console).await,
        FederationCommand::Check(args) => check::run(*args, console).await,
    }
}
