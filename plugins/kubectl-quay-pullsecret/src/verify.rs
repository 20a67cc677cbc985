//! `verify`: are the credentials in pull secrets still good?

use crate::FIELD_MANAGER;
use crate::list::warn_of;
use crate::verify_pull::{PullArgs, Verified};
use clap::Args;
use futures::future::join;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, OutputFormat};
use quay_common::cluster::{ClusterArgs, Scope, connect};
use quay_common::credentials::{QuayArgs, sessions};
use quay_common::names::RobotName;
use quay_common::pullsecret::{ClusterView, Proofs, existing_views, logins, verify, wanted};
use quay_common::pulltest::Pulls;
use quay_common::workload::{PodUse, running_pods_as_listed};
use std::collections::BTreeSet;

/// Check that robots' credentials are current, accepted by the registry and good for pulling
///
/// Nothing is written but the pod of `--pull`, and no right to push is ever asked for. With
/// a login the robot's own repositories are checked, otherwise the images that pods in the
/// namespace use.
#[derive(Args)]
pub struct VerifyArgs {
    /// Only this robot (org+name)
    #[arg(long, value_name = "ROBOT")]
    robot: Option<RobotName>,

    #[command(flatten)]
    pull: PullArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: VerifyArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?;
    let sessions = sessions(&args.quay, &args.cluster, console).await?;
    let (logins, observed) = join(logins(&sessions), existing_views(&clusters, &args.scope)).await;
    let (views, failures) = observed?;
    let secrets: Vec<_> = views
        .iter()
        .flat_map(|view| &view.observed.secrets)
        .collect();
    let mut wanted = wanted(&logins, &secrets, None).await;
    wanted.only = args.robot.clone();
    let mut pods = Vec::new();
    for view in &views {
        pods.push(pods_of(view, console).await);
    }
    let mut proofs = verify(
        &views,
        &logins,
        &wanted,
        &pods,
        |mut endpoint| {
            endpoint.ca = args.quay.registry_ca.clone();
            endpoint.insecure = args.quay.registry_insecure;
            endpoint
        },
        console.progress(),
    )
    .await;
    proofs.failures = failures;
    let pulls = args.pull.run(&views, args.robot.as_ref(), console).await;
    print(&proofs, &pulls, args.output.output, console)?;
    warn_of(&proofs.failures, console);
    Ok(match proofs.all_ok() && pulls.all_ok() {
        true => Exit::Success,
        false => Exit::Problem,
    })
}

fn print(
    proofs: &Proofs,
    pulls: &Pulls,
    format: OutputFormat,
    console: &Console,
) -> Result<(), Failure> {
    let verified = Verified {
        proofs,
        pulls: &pulls.items,
    };
    if !format.is_for_people() {
        return console.report(&verified, format);
    }
    if proofs.items.is_empty() {
        console.note("No pull secrets of robots found.");
    } else {
        console.report(&verified, format)?;
    }
    if pulls.items.is_empty() {
        return Ok(());
    }
    // Two tables, as kubectl shows two kinds of objects.
    if !proofs.items.is_empty() {
        console.data("\n")?;
    }
    console.report(pulls, format)
}

async fn pods_of(view: &ClusterView<'_>, console: &Console) -> Vec<PodUse> {
    let namespaces: BTreeSet<String> = view
        .observed
        .secrets
        .iter()
        .map(|secret| secret.namespace.clone())
        .collect();
    if namespaces.is_empty() {
        return Vec::new();
    }
    running_pods_as_listed(view.cluster, namespaces)
        .await
        .unwrap_or_else(|failure| {
            console.warn(format!(
                "the images that pods use are not checked: {failure}"
            ));
            Vec::new()
        })
}
