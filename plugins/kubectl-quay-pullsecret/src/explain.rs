//! `explain`: why does a pod not pull?

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{ClusterArgs, NamespaceArgs, connect};
use quay_common::credentials::{QuayArgs, SignIns, other_registries, sign_in_everywhere};
use quay_common::explain::{Request, explain};
use quay_common::kubelet::parse_image;
use quay_common::pullsecret::{alias_warnings, logins};
use quay_common::registry::ProbeArgs;
use quay_common::workload::{Target, TargetKind};

/// Explain why a pod can or cannot pull its images, and what to do about it
///
/// The answer says what is wrong and what to type. The evidence follows: the secrets that the
/// kubelet uses, each key and why it matches the image or not, the registry's answer to each
/// credential, and the kubelet's own message. This command writes nothing. It works without a
/// login; with one, it also asks Quay about the robots. To find out whether a tag exists, it
/// asks for the manifest as a container runtime does, and Quay logs that as a pull.
/// The exit code is 0 if the kubelet can pull every image, and 1 if it cannot or if that is
/// unknown.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Explain every pod in the namespace that cannot pull now
  kubectl quay-pullsecret explain -n staging

  # Explain one deployment
  kubectl quay-pullsecret explain deployment/shop -n staging

  # Ask before the deployment exists: could a new pod pull this image?
  kubectl quay-pullsecret explain serviceaccount/default -n staging --image quay.io/myorg/my-app:v1
")]
pub struct ExplainArgs {
    /// Pod, or TYPE/NAME such as deployment/shop; without one, every pod that cannot pull now
    #[arg(value_name = "TYPE/NAME")]
    target: Option<Target>,

    /// With serviceaccount/NAME: image that a new pod would pull (repeat for several)
    #[arg(long = "image", value_name = "IMAGE", value_parser = parse_image)]
    images: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: NamespaceArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: ExplainArgs, console: &Console) -> Result<Exit, Failure> {
    check(&args)?;
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let SignIns { sessions, left_out } =
        sign_in_everywhere(&args.quay, &args.cluster, console).await?;
    let others = other_registries(&args.quay, &args.probe)?;
    console.warn_each(&left_out);
    console.warn_each(&alias_warnings(&sessions).await);
    let logins = logins(&sessions).await;
    let request = Request {
        target: args.target.as_ref(),
        images: &args.images,
        scope: &args.scope,
    };
    let explained = explain(&clusters, &request, &logins, &others, console.progress()).await?;
    console.finish(&explained, args.output.output)
}

/// A service account pulls nothing by itself, and everything else says what it pulls.
fn check(args: &ExplainArgs) -> Result<(), Failure> {
    let is_account = args
        .target
        .as_ref()
        .is_some_and(|target| target.kind == TargetKind::ServiceAccount);
    match (is_account, args.images.is_empty()) {
        (true, true) => Err(Failure::usage("a service account names no image")
            .next("pass --image IMAGE, such as quay.io/myorg/my-app:v1")),
        (false, false) => Err(Failure::usage(
            "--image applies to service accounts only: other objects name their own images",
        )
        .next("pass serviceaccount/NAME, or leave --image out")),
        _ => Ok(()),
    }
}
