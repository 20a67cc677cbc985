//! `verify`: is every entry good?

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{Cluster, ClusterArgs, Seen, connect};
use quay_common::credentials::{QuayArgs, SignIns, other_registries, sign_in_everywhere};
use quay_common::dockerconfig::Document;
use quay_common::global::{AuthFile, Reference, verify, verify_file};
use quay_common::kubelet::ImageReference;
use quay_common::ocm::{OcmArgs, open};
use quay_common::pullsecret::{alias_warnings, logins};
use quay_common::registry::ProbeArgs;
use std::path::PathBuf;
use std::str::FromStr;

/// Check every entry: is it readable, accepted by its registry, and current
///
/// Verify sends each credential only to its own registry. A check without an answer counts as a
/// failure: the exit code is 0 only if every check of every entry succeeded.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Check every entry of the current cluster's secret
  oc quay-global verify

  # Accept entries of registries that you have no login to
  oc quay-global verify --allow-unknown

  # Before a new pull secret goes to the nodes: does it pull?
  oc quay-global verify --authfile new.json --image registry.redhat.io/ubi8/ubi:latest
")]
pub struct VerifyArgs {
    /// Check this file instead of clusters; `-` is stdin
    ///
    /// With --context, verify judges the file as the secret of that cluster: which entries the
    /// cluster needs, and which authorities its nodes trust. Without --context, no cluster is
    /// asked.
    #[arg(long, value_name = "FILE")]
    authfile: Option<PathBuf>,

    /// Also ask for this image's manifest, as a pull begins (repeat for several)
    ///
    /// That a registry accepts a credential does not prove a pull. With --image, verify asks for
    /// the manifest with the entry that is for the image. Verify always does that for the
    /// cluster's release image.
    #[arg(long, value_name = "IMAGE", value_parser = ImageReference::from_str)]
    image: Vec<ImageReference>,

    /// Do not fail for what is unknown because there is no login to its registry
    #[arg(long)]
    allow_unknown: bool,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    ocm: OcmArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// What is checked.
enum Subject {
    Secrets(Seen<Cluster>),
    /// A file, maybe as the secret of these clusters.
    File(AuthFile, Option<Seen<Cluster>>),
}

pub async fn run(args: VerifyArgs, console: &Console) -> Result<Exit, Failure> {
    let subject = subject(&args, console).await?;
    let SignIns { sessions, left_out } =
        sign_in_everywhere(&args.quay, &args.cluster, console).await?;
    let others = other_registries(&args.quay, &args.probe)?;
    console.warn_each(&left_out);
    console.warn_each(&alias_warnings(&sessions).await);
    let logins = logins(&sessions).await;
    let red_hat = handed_out(&args.ocm, console).await;
    let reference = Reference {
        logins: &logins,
        red_hat: red_hat.as_ref(),
        others: &others,
        allow_unknown: args.allow_unknown,
        images: &args.image,
    };
    let checks = match &subject {
        Subject::Secrets(clusters) => verify(clusters, &reference).await?,
        Subject::File(file, clusters) => verify_file(file, clusters.as_ref(), &reference).await?,
    };
    console.finish(&checks, args.output.output)
}

async fn subject(args: &VerifyArgs, console: &Console) -> Result<Subject, Failure> {
    let Some(path) = &args.authfile else {
        let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
        return Ok(Subject::Secrets(clusters));
    };
    let file = AuthFile::open(path)?;
    if let Some(open) = file.warning() {
        console.warn_of(&open);
    }
    let is_chosen = !args.cluster.contexts.is_empty() || args.cluster.all_contexts;
    let clusters = match is_chosen {
        true => Some(connect(&args.cluster, FIELD_MANAGER, console).await?),
        false => None,
    };
    Ok(Subject::File(file, clusters))
}

/// What Red Hat hands out to the account, where somebody is logged in.
async fn handed_out(args: &OcmArgs, console: &Console) -> Option<Document> {
    let found = match open(args).await {
        Ok(None) => return None,
        Ok(Some(ocm)) => ocm.handed_out().await,
        Err(failure) => Err(failure),
    };
    match found {
        Ok(document) => Some(document),
        Err(failure) => {
            console.warn(format!("cannot compare Red Hat's entries: {failure}"));
            None
        }
    }
}
