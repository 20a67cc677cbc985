//! `quick`: what tells within a minute whether a change is worth a run of every test.

use crate::screen::Screen;
use crate::{cargo, process};
use anyhow::{Result, bail};
use clap::Args;
use std::time::Instant;

/// Check the format, run clippy, the unit tests, and the test of the layers
///
/// Needs no cluster and no plugin. The end-to-end tests are `cargo xtask test`.
#[derive(Args)]
pub struct QuickArgs {}

/// Each step is a call of cargo.
const STEPS: [&[&str]; 3] = [
    &["fmt", "--all", "--check"],
    &[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
        "--",
        "--deny=warnings",
    ],
    &[
        "test",
        "--locked",
        "--quiet",
        "--package=quay-common",
        "--package=kubectl-quay-*",
        "--package=oc-quay-global",
        "--lib",
        "--bins",
        "--test=rooms",
        "--test=documented",
    ],
];

pub fn run(screen: &Screen) -> Result<()> {
    for step in STEPS {
        let began = Instant::now();
        screen.heading(&format!("cargo {}", step.join(" ")));
        let mut command = cargo::command()?;
        command.args(step);
        if !process::show(command)?.success() {
            bail!("cargo {} failed", step[0]);
        }
        screen.line(&format!("{:.1} s", began.elapsed().as_secs_f64()));
    }
    Ok(())
}
