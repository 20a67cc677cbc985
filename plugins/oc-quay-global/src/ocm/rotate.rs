//! `ocm rotate`: ask Red Hat for a new pull secret.

use super::{pull_secret, signed_in};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::ocm::{Account, AccountCluster, Ocm, OcmArgs, RotationRecord, status};

/// Ask Red Hat to rotate the account's pull secret
///
/// All clusters of the account share it: each keeps the old one until it is updated. Red
/// Hat works off requests four times a day; `ocm status --wait` tells when it is done.
#[derive(Args)]
pub struct RotateArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    ocm: OcmArgs,
}

pub async fn run(args: RotateArgs, console: &Console) -> Result<Exit, Failure> {
    let ocm = signed_in(&args.ocm, console).await?;
    let account = ocm.account().await;
    let account = account.map_err(|error| error.failure("find the account"))?;
    let requested = ocm.rotations(&account).await;
    let requested = requested.map_err(|error| error.failure("ask for rotations"))?;
    let typed = console.invocation().typed();
    if requested
        .iter()
        .any(|rotation| rotation.status == "pending")
    {
        console.note(format!(
            "a rotation of {}'s pull secret is requested already; follow it: {typed} ocm status --wait",
            account.username
        ));
        return report(&args, &ocm, &account, console).await;
    }
    warn(&ocm, &account, console).await;
    let record = RotationRecord::new(&account, &pull_secret(&ocm).await?);
    if args.dry_run {
        console.note("Nothing was requested: this was a dry run.");
        return Ok(Exit::Success);
    }
    let question = format!("Rotate the pull secret of {}?", account.username);
    if !args.yes && !console.confirm(&question, "--yes")? {
        return Err(Failure::new("nothing was requested: the answer was no"));
    }
    let older = RotationRecord::load(&account)?;
    record.store()?;
    if let Err(error) = ocm.request_rotation(&account).await {
        let failure = error.failure("request the rotation");
        if error.is_doubtful() {
            // It may have been carried out, and once is enough.
            return Err(failure.next(format!(
                "see whether it arrived before you ask again: {typed} ocm status"
            )));
        }
        RotationRecord::withdraw(older.as_ref())?;
        return Err(failure);
    }
    console.note(format!(
        "requested; Red Hat works off requests four times a day. Then: {typed} ocm status --wait, \
         and {typed} update --from-ocm for every cluster of the account"
    ));
    report(&args, &ocm, &account, console).await
}

async fn report(
    args: &RotateArgs,
    ocm: &Ocm,
    account: &Account,
    console: &Console,
) -> Result<Exit, Failure> {
    let record = RotationRecord::load(account)?;
    let status = status(ocm, account, record.as_ref()).await?;
    console.report(&status, args.output.output)?;
    Ok(Exit::Success)
}

/// Every cluster of the account is affected, known or not.
async fn warn(ocm: &Ocm, account: &Account, console: &Console) {
    let user = &account.username;
    match ocm.clusters(account).await {
        Ok(clusters) if clusters.is_empty() => console.warn(format!(
            "every cluster with {user}'s pull secret needs the new one; Red Hat knows of none"
        )),
        Ok(clusters) => console.warn(format!(
            "every cluster with {user}'s pull secret needs the new one; Red Hat knows of {}: {}",
            clusters.len(),
            names(&clusters)
        )),
        Err(error) => console.warn(format!(
            "every cluster with {user}'s pull secret needs the new one; they could not be listed: {error}"
        )),
    }
}

fn names(clusters: &[AccountCluster]) -> String {
    let name = |cluster: &AccountCluster| match cluster.display_name.is_empty() {
        true => cluster.external_cluster_id.clone(),
        false => format!("{} ({})", cluster.display_name, cluster.external_cluster_id),
    };
    clusters.iter().map(name).collect::<Vec<_>>().join(", ")
}
