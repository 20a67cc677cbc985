//! `verify`: are the credentials in pull secrets still good?

use crate::FIELD_MANAGER;
use crate::verify_pull::{PullArgs, Verified};
use clap::Args;
use futures::future::{join, join_all};
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, NamespaceArgs, Seen, connect};
use quay_common::credentials::{QuayArgs, SignIns, StateArgs, remember, sign_in_everywhere};
use quay_common::names::RobotName;
use quay_common::pullsecret::{
    ClusterView, alias_warnings, locate, logins, look_up, note_held, observe_each, secrets, sites,
    unseen_or_missing, verify,
};

/// Check that robots' credentials are current, accepted by the registry and good for pulling
///
/// No cluster is written to, but for the pod of `--pull` and the Secret of `--state`, and no right
/// to push is ever asked for. Which places hold a good token is remembered for `sync`. With
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
    scope: NamespaceArgs,
    #[command(flatten)]
    state: StateArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: VerifyArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let SignIns { sessions, left_out } =
        sign_in_everywhere(&args.quay, &args.cluster, console).await?;
    console.warn_each(&left_out);
    console.warn_each(&alias_warnings(&sessions).await);
    let mut memory = args.state.memory(&args.cluster, console).await?;
    let (logins, seen) = join(logins(&sessions), observe_each(&clusters, &args.scope)).await;
    let mut seen = seen?;
    let seen_secrets = secrets(&seen);
    let (mut wanted, sites) = join(look_up(&logins, &seen_secrets, None), sites(&seen)).await;
    locate(&mut seen, sites);
    note_held(&secrets(&seen), &wanted, &mut memory);
    remember(&mut memory, console).await;
    wanted.only = args.robot.clone();
    look_at_pods(&mut seen, console).await;
    let mut proofs = verify(
        &seen.reached,
        &logins,
        &wanted,
        |mut endpoint| {
            endpoint.ca = args.quay.registry_ca.clone();
            endpoint.insecure = args.quay.registry_insecure;
            endpoint
        },
        console.progress(),
    )
    .await;
    proofs.failures = unseen_or_missing(&seen);
    let pulls = args.pull.run(&seen, args.robot.as_ref(), console).await;
    console.finish(&Verified { proofs, pulls }, args.output.output)
}

async fn look_at_pods(seen: &mut Seen<ClusterView<'_>>, console: &Console) {
    let looks = seen.reached.iter_mut().map(ClusterView::look_at_pods);
    for failure in join_all(looks).await.into_iter().flatten() {
        console.warn(format!(
            "the images that pods use are not checked: {}",
            failure.message
        ));
    }
}
