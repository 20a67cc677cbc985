//! `kubelet`: what a kubelet does with pull secrets, asked line by line.

use crate::process::Running;
use crate::screen::Screen;
use crate::{cargo, controlplane};
use anyhow::{Result, bail};
use clap::Args;
use std::process::Command;

/// Print which credentials a kubelet tries for an image, in order
///
/// Each line of stdin is a question, `{"secrets": [{"name": …, "type": …, "data": {KEY:
/// base64}}], "image": …}`; its answer is a line on stdout, `{"credentials": [{"username": …,
/// "password": …}], "error": …}`.
///
/// With --merges, the command reads no questions. It generates contents and edits, and checks that each
/// edit changes only what it may change. The kubelet's own code checks one of fifty too, if this machine
/// can build it.
#[derive(Args)]
pub struct KubeletArgs {
    /// Ask the kubelet's own code instead of this project's
    #[arg(long)]
    oracle: bool,

    /// Check this many generated merges, with optimized code
    #[arg(long, value_name = "COUNT", conflicts_with = "oracle")]
    merges: Option<u64>,

    /// Seed of the merges; the same number generates the same merges
    #[arg(long, value_name = "NUMBER", requires = "merges", default_value_t = 0)]
    seed: u64,
}

/// The test of merges; see `tests/kubelet`.
const MERGES: &str = "no_merge_loses_or_gains_anything_and_none_does_more_the_second_time";

pub fn run(args: &KubeletArgs, screen: &Screen) -> Result<()> {
    if let Some(merges) = args.merges {
        return hold(merges, args.seed, screen);
    }
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

/// Runs the test of merges, with so many of them.
fn hold(merges: u64, seed: u64, screen: &Screen) -> Result<()> {
    let mut command = cargo::command()?;
    command
        .args(["test", "--quiet", "--locked", "--release"])
        .args(["--package", "quay-kubelet", "--test", "oracle"])
        .args(["--", "--nocapture", "--exact", MERGES])
        .env("QUAY_TEST_MERGES", merges.to_string())
        .env("QUAY_TEST_MERGES_SEED", seed.to_string());
    match controlplane::build(screen) {
        Ok(binary) => {
            command.env("QUAY_TEST_CONTROLPLANE", binary);
        }
        Err(why) => screen.progress(&format!(
            "not held to the kubelet's own code, which cannot be built: {why:#}"
        )),
    }
    if !Running::start(command)?.wait()?.success() {
        bail!("not every merge holds");
    }
    Ok(())
}
