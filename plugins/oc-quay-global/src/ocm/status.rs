//! `ocm status`: how far Red Hat is with a rotation.

use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, command_text};
use quay_common::cluster::parse_duration;
use quay_common::hint;
use quay_common::ocm::{OcmArgs, RotationPace, RotationRecord, RotationStatus, sign_in};
use std::time::Duration;

/// Show whether Red Hat's pull secret has changed since you requested its rotation
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Ask once
  oc quay-global ocm status

  # Wait, then write the new pull secret to a cluster
  oc quay-global ocm status --wait && oc quay-global update --from-ocm
")]
pub struct StatusArgs {
    /// Wait until the pull secret has changed
    #[arg(long)]
    wait: bool,

    /// With --wait: wait at most this long
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = parse_duration, requires = "wait")]
    timeout: Duration,

    /// With --wait: ask this often
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration, requires = "wait")]
    interval: Duration,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    ocm: OcmArgs,
}

pub async fn run(args: StatusArgs, console: &Console) -> Result<Exit, Failure> {
    let ocm = sign_in(&args.ocm).await?;
    let account = ocm.owner().await?;
    let record = RotationRecord::load(&account)?;
    let mut now = ocm.status(&account, record.as_ref()).await?;
    if args.wait {
        let pace = RotationPace {
            timeout: args.timeout,
            interval: args.interval,
        };
        let again = |failure: &Failure| console.note(format!("will ask again: {failure}"));
        now = ocm.wait(&account, now, pace, again).await?;
    }
    let exit = console.finish(&now, args.output.output)?;
    tell(&now, console);
    Ok(exit)
}

fn tell(now: &RotationStatus, console: &Console) {
    for rotation in &now.rotations {
        let requested = rotation.created_at.map(|at| format!(", requested {at:.0}"));
        console.note(format!(
            "rotation {} is {}{}",
            rotation.id,
            rotation.status,
            requested.unwrap_or_default()
        ));
    }
    match now.swapped {
        Some(true) => console.note(format!(
            "the new pull secret is ready; to write it to your clusters: {}",
            command_text(&hint::global("update --from-ocm"))
        )),
        _ if now.is_pending() => {
            console.note("not rotated yet; Red Hat processes requests four times a day");
        }
        _ => console.note("no rotation is in progress"),
    }
}
