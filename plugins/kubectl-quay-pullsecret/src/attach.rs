//! `attach`: pods of a service account or workload use a pull secret from now on.

use crate::references::{self, Direction, ReferenceArgs};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};

/// Let service accounts or workloads use a pull secret
#[derive(Args)]
pub struct AttachArgs {
    #[command(flatten)]
    references: ReferenceArgs,
}

pub async fn run(args: AttachArgs, console: &Console) -> Result<Exit, Failure> {
    references::run(args.references, Direction::Attach, console).await
}
