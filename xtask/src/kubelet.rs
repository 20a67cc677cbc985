//! `kubelet`: what a kubelet does with pull secrets, asked line by line.

use crate::process::Running;
use crate::screen::Screen;
use crate::{cargo, controlplane};
use anyhow::{Result, bail};
use clap::Args;
use std::process::Command;

/// Answer which credentials a kubelet tries for an image, in which order
///
/// Each line of stdin is a question, `{"secrets": [{"name": …, "type": …, "data": {KEY:
/// base64}}], "image": …}`; its answer is a line on stdout, `{"credentials": [{"username": …,
/// "password": …}], "error": …}`.
#[derive(Args)]
pub struct KubeletArgs {
    /// Ask the kubelet's own code instead of this project's
    #[arg(long)]
    oracle: bool,
}

pub fn run(args: &KubeletArgs, screen: &Screen) -> Result<()> {
    let command = match args.oracle {
        true => {
            let mut command = Command::new(controlplane::build(screen)?);
            command.arg("kubelet-credentials");
            command
        }
        false => {
            let mut command = cargo::command()?;
            command.args(["run", "--quiet", "--locked", "--package", "quay-kubelet"]);
            command
        }
    };
    if !Running::start(command)?.wait()?.success() {
        bail!("not every question was answered");
    }
    Ok(())
}
