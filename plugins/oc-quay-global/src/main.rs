//! `oc quay-global`: the global pull secret of an OpenShift cluster. Not built yet.

use clap::Parser;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, GlobalArgs, Plugin};
use std::ffi::OsString;
use std::process::ExitCode;

/// The global pull secret of an OpenShift cluster
///
/// Not built yet: this version answers --help and --version, and nothing else.
#[derive(Parser)]
#[command(name = "quay-global", version)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,

    /// Whatever is asked, it gets the same answer.
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    asked: Vec<OsString>,
}

impl Plugin for Cli {
    const NAME: &'static str = "quay-global";

    fn global(&self) -> &GlobalArgs {
        &self.global
    }
}

fn main() -> ExitCode {
    quay_common::cli::run::<Cli>(async |_, console| not_built(console))
}

fn not_built(console: &Console) -> Result<Exit, Failure> {
    let typed = console.invocation().typed();
    let pullsecret = console.invocation().sibling("quay-pullsecret");
    Err(Failure::new(format!(
        "`{typed}` is not built yet; nothing was read or changed"
    ))
    .next(format!(
        "{pullsecret} --help, for the pull secrets of namespaces"
    )))
}
