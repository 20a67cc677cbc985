//! `explain`: why does a pod not pull?

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, NamespaceArgs, connect};
use quay_common::credentials::{QuayArgs, SignIns, sign_in_everywhere};
use quay_common::explain::{Request, Target, TargetKind, explain};
use quay_common::kubelet::parse_image;
use quay_common::pullsecret::{alias_warnings, logins};

/// Say why a pod does or does not pull its images, and what to do about it
///
/// Shows what is wrong, what to type, and the evidence: the secrets that count, each key and why
/// it matches or not, what the registry says to each credential, and what the kubelet said.
/// Nothing is written. A login is not needed; with one, Quay is asked about the robots too.
/// Whether a tag exists is asked for as a runtime does, which Quay notes as a pull.
/// The exit code is 0 if the images will be pulled, 1 if they will not or that is not known.
#[derive(Args)]
pub struct ExplainArgs {
    /// Pod, or TYPE/NAME such as deployment/shop; without one every pod that cannot pull now
    #[arg(value_name = "TYPE/NAME")]
    target: Option<Target>,

    /// What a new pod of a service account would pull (repeat for several)
    #[arg(long = "image", value_name = "IMAGE", value_parser = parse_image)]
    images: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: NamespaceArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: ExplainArgs, console: &Console) -> Result<Exit, Failure> {
    check(&args)?;
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let SignIns { sessions, left_out } =
        sign_in_everywhere(&args.quay, &args.cluster, console).await?;
    console.warn_each(&left_out);
    console.warn_each(&alias_warnings(&sessions).await);
    let logins = logins(&sessions).await;
    let request = Request {
        target: args.target.as_ref(),
        images: &args.images,
        scope: &args.scope,
    };
    let explained = explain(
        &clusters,
        &request,
        &logins,
        |mut endpoint| {
            endpoint.ca = args.quay.registry_ca.clone();
            endpoint.insecure = args.quay.registry_insecure;
            endpoint
        },
        console.progress(),
    )
    .await?;
    console.finish(&explained, args.output.output)
}

/// A service account pulls nothing by itself, and everything else says what it pulls.
fn check(args: &ExplainArgs) -> Result<(), Failure> {
    let is_account = args
        .target
        .as_ref()
        .is_some_and(|target| target.kind == TargetKind::ServiceAccount);
    match (is_account, args.images.is_empty()) {
        (true, true) => Err(Failure::usage("which image shall its pods pull?")
            .next("pass --image IMAGE, such as quay.io/myorg/my-app:v1")),
        (false, false) => Err(Failure::usage(
            "--image goes with a service account; other objects name their images themselves",
        )
        .next("pass serviceaccount/NAME, or leave --image out")),
        _ => Ok(()),
    }
}
