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
/// All clusters of the account share this pull secret. Each cluster keeps the old one until you
/// run `update --from-ocm` for it. Red Hat processes requests four times a day; to wait for
/// yours, run `ocm status --wait`.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Show which clusters will need the new pull secret
  oc quay-global ocm rotate --dry-run

  # Request the rotation and wait until Red Hat has done it
  oc quay-global ocm rotate --yes && oc quay-global ocm status --wait
")]
pub struct RotateArgs {
    /// Do not ask for confirmation
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
            "a rotation of {}'s pull secret is already requested; to wait for it: {wait}",
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
        return Err(Failure::new("nothing was requested: you answered no"));
    }
    ocm.rotate(&account, &record).await?;
    console.note(format!(
        "requested the rotation; Red Hat processes requests four times a day. Next: {wait}, \
         then {} for every cluster of the account",
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
            "every cluster with {user}'s pull secret will need the new one; Red Hat lists no cluster"
        )),
        Ok(clusters) => console.warn(format!(
            "every cluster with {user}'s pull secret will need the new one; Red Hat lists {}:{}",
            clusters.len(),
            names(&clusters)
        )),
        Err(error) => console.warn(format!(
            "every cluster with {user}'s pull secret will need the new one; cannot list the clusters: {error}"
        )),
    }
}

/// A line for each.
fn names(clusters: &[AccountCluster]) -> String {
    let name = |cluster: &AccountCluster| match cluster.display_name.is_empty() {
        true => format!("\n  {}", cluster.external_cluster_id),
        false => format!(
            "\n  {} ({})",
            cluster.display_name, cluster.external_cluster_id
        ),
    };
    clusters.iter().map(name).collect()
}
