//! `detach`: the opposite of `attach`. Only the named secret's reference goes.

use crate::references::{self, Direction, ReferenceArgs};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};

/// Stop service accounts or workloads from using a pull secret
#[derive(Args)]
pub struct DetachArgs {
    #[command(flatten)]
    references: ReferenceArgs,
}

pub async fn run(args: DetachArgs, console: &Console) -> Result<Exit, Failure> {
    references::run(args.references, Direction::Detach, console).await
}
