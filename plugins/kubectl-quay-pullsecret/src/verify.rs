//! `verify`: can everything that is pulled here be pulled?

use crate::FIELD_MANAGER;
use crate::verify_pull::{PullArgs, Verified};
use clap::Args;
use futures::future::join;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, NamespaceArgs, connect, parse_object_name};
use quay_common::credentials::{
    QuayArgs, SignIns, StateArgs, other_registries, remember, sign_in_everywhere,
};
use quay_common::names::RobotName;
use quay_common::pullsecret::{
    alias_warnings, logins, look_up, note_held, observe_each_located, secrets,
};
use quay_common::registry::ProbeArgs;
use quay_common::verify::{Request, verify};

/// Check that pods can pull their images
///
/// Verify checks two things: whether each robot's credential is current and its registry accepts
/// it, and whether the registry lets each pod pull each of its images. A check without an answer
/// counts as a failure. Verify writes nothing to a cluster except the pod of `--pull` and the
/// Secret of `--state`, and never asks a registry for the right to push. It remembers for `sync`
/// which secrets hold a working token.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Check every pull secret and every pod of the cluster
  kubectl quay-pullsecret verify -A

  # Check one robot, and start a pod that really pulls an image
  kubectl quay-pullsecret verify -n staging --robot myorg+puller --pull quay.io/myorg/my-app:v1

  # In a pipeline: a JSON document; exit code 1 if a check failed
  kubectl quay-pullsecret verify -A -o json
")]
pub struct VerifyArgs {
    /// Check only this robot (org+name); fail if no secret holds it
    #[arg(long, value_name = "ROBOT")]
    robot: Option<RobotName>,

    /// Check only secrets with this name; fail if there are none
    #[arg(long, value_name = "NAME", value_parser = parse_object_name)]
    secret: Option<String>,

    /// Do not fail for what is unknown because there is no login to its registry
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
    probe: ProbeArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: VerifyArgs, console: &Console) -> Result<Exit, Failure> {
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let SignIns { sessions, left_out } =
        sign_in_everywhere(&args.quay, &args.cluster, console).await?;
    let others = other_registries(&args.quay, &args.probe)?;
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
        &others,
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
