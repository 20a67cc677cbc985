//! `verify`: can everything that is pulled here be pulled?

use crate::FIELD_MANAGER;
use crate::verify_pull::{PullArgs, Verified};
use clap::Args;
use futures::future::join;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, NamespaceArgs, connect, parse_object_name};
use quay_common::credentials::{QuayArgs, SignIns, StateArgs, remember, sign_in_everywhere};
use quay_common::names::RobotName;
use quay_common::pullsecret::{
    alias_warnings, logins, look_up, note_held, observe_each_located, secrets,
};
use quay_common::verify::{Request, verify};

/// Check that everything that is pulled here can be pulled
///
/// Two things are checked: that robots' credentials are current and accepted by the registry,
/// and that each image of each pod is one that the registry hands out to what the pod has. What
/// could not be found out is said, and is no success. No cluster is written to, but for the pod
/// of `--pull` and the Secret of `--state`, and no right to push is ever asked for. Which places
/// hold a good token is remembered for `sync`.
#[derive(Args)]
pub struct VerifyArgs {
    /// Only this robot (org+name), which has to be in a secret
    #[arg(long, value_name = "ROBOT")]
    robot: Option<RobotName>,

    /// Only secrets of this name, of which there has to be one
    #[arg(long, value_name = "NAME", value_parser = parse_object_name)]
    secret: Option<String>,

    /// Take what cannot be known of registries without a login for good
    #[arg(long)]
    allow_unknown: bool,

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
    let seen = observe_each_located(&clusters, &args.scope);
    let (logins, seen) = join(logins(&sessions), seen).await;
    let seen = seen?;
    let mut wanted = look_up(&logins, &secrets(&seen), None).await;
    note_held(&secrets(&seen), &wanted, &mut memory);
    remember(&mut memory, console).await;
    wanted.only = args.robot.clone();
    let request = Request {
        robot: args.robot.as_ref(),
        secret: args.secret.as_deref(),
        allow_unknown: args.allow_unknown,
    };
    let proofs = verify(
        &seen,
        &request,
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
    let pulls = args.pull.run(&seen, args.robot.as_ref(), console).await;
    if !args.output.output.is_document() {
        for note in &proofs.notes {
            console.note(note.to_string());
        }
        console.note(proofs.summary());
    }
    console.finish(&Verified { proofs, pulls }, args.output.output)
}
