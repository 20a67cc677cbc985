//! `ocm rotate`: ask Red Hat for a new pull secret.

use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, command_text};
use quay_common::cluster::ClientDryRun;
use quay_common::hint;
use quay_common::ocm::{
    Account, AccountCluster, Ocm, OcmArgs, RotationRecord, RotationState, sign_in,
};

/// Ask Red Hat to rotate the account's pull secret
///
/// All clusters of the account share it: each keeps the old one until it is updated. Red
/// Hat works off requests four times a day; `ocm status --wait` tells when it is done.
#[derive(Args)]
pub struct RotateArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    #[command(flatten)]
    dry_run: ClientDryRun,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    ocm: OcmArgs,
}

pub async fn run(args: RotateArgs, console: &Console) -> Result<Exit, Failure> {
    let ocm = sign_in(&args.ocm).await?;
    let account = ocm.owner().await?;
    let wait = command_text(&hint::global("ocm status --wait"));
    let requested = ocm.requested(&account).await?;
    let mut states = requested.iter().map(|rotation| &rotation.status);
    if states.any(|state| *state == RotationState::Pending) {
        console.note(format!(
            "a rotation of {}'s pull secret is requested already; follow it: {wait}",
            account.username
        ));
        return report(&args, &ocm, &account, console).await;
    }
    warn(&ocm, &account, console).await;
    let record = RotationRecord::new(&account, &ocm.handed_out().await?);
    if args.dry_run.is_on() {
        console.note("Nothing was requested: this was a dry run.");
        return Ok(Exit::Success);
    }
    let question = format!("Rotate the pull secret of {}?", account.username);
    if !args.yes && !console.confirm(&question, "--yes")? {
        return Err(Failure::new("nothing was requested: the answer was no"));
    }
    ocm.rotate(&account, &record).await?;
    console.note(format!(
        "requested; Red Hat works off requests four times a day. Then: {wait}, and {} for every \
         cluster of the account",
        command_text(&hint::global("update --from-ocm"))
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
    let status = ocm.status(account, record.as_ref()).await?;
    console.finish(&status, args.output.output)
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
