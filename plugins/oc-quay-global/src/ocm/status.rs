//! `ocm status`: how far Red Hat is with a rotation.

use super::{pull_secret, signed_in};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, span};
use quay_common::cluster::parse_duration;
use quay_common::ocm::{Account, Ocm, OcmArgs, RotationRecord, RotationStatus, status};
use std::time::{Duration, Instant};

/// Red Hat is never asked more often.
const OFTEN: Duration = Duration::from_secs(1);

/// Show whether Red Hat hands out another pull secret than when its rotation was requested
#[derive(Args)]
pub struct StatusArgs {
    /// Wait until it does
    #[arg(long)]
    wait: bool,

    /// Wait no longer than this
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = parse_duration, requires = "wait")]
    timeout: Duration,

    /// Ask this often
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration, requires = "wait")]
    interval: Duration,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    ocm: OcmArgs,
}

pub async fn run(args: StatusArgs, console: &Console) -> Result<Exit, Failure> {
    let ocm = signed_in(&args.ocm, console).await?;
    let account = ocm.account().await;
    let account = account.map_err(|error| error.failure("find the account"))?;
    let record = RotationRecord::load(&account)?;
    let mut now = status(&ocm, &account, record.as_ref()).await?;
    if args.wait {
        now = wait(&args, &ocm, &account, record, now, console).await?;
    }
    console.report(&now, args.output.output)?;
    tell(&now, console);
    Ok(Exit::Success)
}

async fn wait(
    args: &StatusArgs,
    ocm: &Ocm,
    account: &Account,
    mut record: Option<RotationRecord>,
    mut now: RotationStatus,
    console: &Console,
) -> Result<RotationStatus, Failure> {
    let typed = console.invocation().typed();
    if !now.is_pending() && now.swapped.is_none() {
        return Err(Failure::new("no rotation is under way").next(format!("{typed} ocm rotate")));
    }
    if now.swapped.is_none() {
        // It was requested elsewhere: what is handed out now is what it is compared with.
        let seen = RotationRecord::new(account, &pull_secret(ocm).await?);
        seen.store()?;
        record = Some(seen);
    }
    let began = Instant::now();
    while now.is_pending() {
        if began.elapsed() > args.timeout {
            return Err(Failure::new(format!(
                "Red Hat did not rotate the pull secret within {}",
                span(args.timeout)
            ))
            .next(format!("{typed} ocm status")));
        }
        tokio::time::sleep(args.interval.max(OFTEN)).await;
        match status(ocm, account, record.as_ref()).await {
            Ok(later) => now = later,
            // Hours go by: a service that is away for a moment is asked again.
            Err(failure) => console.note(format!("asking again: {failure}")),
        }
    }
    Ok(now)
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
    let typed = console.invocation().typed();
    match now.swapped {
        Some(true) => console.note(format!(
            "the new pull secret is there; bring it to your clusters: {typed} update --from-ocm"
        )),
        _ if now.is_pending() => {
            console.note("not rotated yet; Red Hat works off requests four times a day");
        }
        _ => console.note("no rotation is under way"),
    }
}
