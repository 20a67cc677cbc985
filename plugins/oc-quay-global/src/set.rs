//! `set`: any registry's credential for every node.

use crate::FIELD_MANAGER;
use crate::change::{ChangeArgs, DeadlineArgs, carry_out_planned};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::cluster::{ClusterArgs, InContext, connect};
use quay_common::credentials::{QuayArgs, other_registries, password};
use quay_common::dockerconfig::{Credential, Document, registry_of_key};
use quay_common::global::{AuthFile, Intent, observe_to_write, plan_all};
use quay_common::hint::{self, Command};
use quay_common::kubelet::Format;
use quay_common::registry::ProbeArgs;
use std::path::{Path, PathBuf};

/// Write any registry's credential into the secret
///
/// Set writes one entry, or the entries of a file that `podman login --authfile` wrote. Each
/// registry must accept its entry before anything is written. All other entries stay byte for
/// byte as they are. For robots of Quay, `update` finds the token by itself.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Pull from Docker Hub with an account; the password is asked for
  oc quay-global set docker.io --username acme

  # The same for one organization of a mirror, in a pipe
  vault read -field=token secret/mirror | oc quay-global set mirror.example.com:8443/ocp --username puller --password-stdin

  # One entry of a file, as it is
  oc quay-global set --from-file auth.json --key mirror.example.com:8443
")]
pub struct SetArgs {
    /// Key of the entry in `auths`: a registry's host, or a part of it such as quay.io/myorg
    #[arg(value_name = "KEY", required_unless_present = "from_file")]
    key: Option<String>,

    /// Account at the registry
    #[arg(long, value_name = "NAME", required_unless_present = "from_file")]
    username: Option<String>,

    /// Read the account's password from stdin
    #[arg(long, requires = "username")]
    password_stdin: bool,

    /// Take the entries of this file (`-` is stdin)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "username"])]
    from_file: Option<PathBuf>,

    /// With --from-file: take only this entry (repeat for several)
    #[arg(long = "key", id = "keys", value_name = "KEY", requires = "from_file")]
    keys: Vec<String>,

    /// Do not ask the registries whether they accept what is written
    #[arg(long)]
    skip_check: bool,

    #[command(flatten)]
    deadline: DeadlineArgs,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: SetArgs, console: &Console) -> Result<Exit, Failure> {
    let given = given(&args, console)?;
    let clusters = connect(&args.cluster, FIELD_MANAGER, console).await?;
    let seen = observe_to_write(&clusters, args.change.dry_run).await?;
    let contexts: Vec<&str> = seen.reached.iter().map(InContext::context).collect();
    let contexts = contexts.join(",");
    let request = args.change.request(Intent::Entries(given.clone()));
    let planned = plan_all(seen.request(&request), args.change.dry_run);
    if !args.skip_check {
        let others = other_registries(&args.quay, &args.probe)?;
        let tried = planned.try_entries(&given, &others, unchecked(&args)).await;
        tried.map_err(|failure| failure.at(&contexts))?;
    }
    let deadline = args.deadline.of(&args.cluster);
    carry_out_planned(&args.change, planned, deadline, console).await
}

/// The entries that the user gives.
fn given(args: &SetArgs, console: &Console) -> Result<Document, Failure> {
    match (&args.from_file, &args.key, &args.username) {
        (Some(file), ..) => of_file(file, &args.keys, console),
        (None, Some(key), Some(username)) => {
            if registry_of_key(key).is_none() {
                return Err(Failure::usage(format!(
                    "`{key}` names no registry: a key is a host such as quay.io, with its port, \
                     or a part of it such as quay.io/myorg"
                )));
            }
            let question = format!("Password of {username} at {key}");
            let password = password(args.password_stdin, &question, console)?;
            let mut document = Document::empty(Format::DockerConfigJson);
            document.set(key, &Credential::new(username, password));
            Ok(document)
        }
        _ => Err(Failure::usage("pass KEY and --username, or --from-file")),
    }
}

/// The entries of a file, or those of them that are named.
fn of_file(path: &Path, keys: &[String], console: &Console) -> Result<Document, Failure> {
    let file = AuthFile::open(path)?;
    if let Some(open) = file.warning() {
        console.warn_of(&open);
    }
    let document = file.content()?;
    if keys.is_empty() {
        return Ok(document.clone());
    }
    let mut named = Document::empty(Format::DockerConfigJson);
    for key in keys {
        if document.times(key) == 0 {
            let there: Vec<&str> = document.entries().map(|(key, _)| key).collect();
            return Err(
                Failure::usage(format!("{} has no entry `{key}`", file.name()))
                    .next(format!("pass --key with one of: {}", there.join(", "))),
            );
        }
        named.copy(key, document);
    }
    Ok(named)
}

/// The same command, without asking the registries.
fn unchecked(args: &SetArgs) -> Command {
    let set = hint::global("set");
    let set = match (&args.from_file, &args.key, &args.username) {
        (Some(file), ..) => set.words("--from-file").arg(file.display()),
        (None, Some(key), Some(username)) => set.arg(key).words("--username").arg(username),
        _ => set,
    };
    let set = args
        .keys
        .iter()
        .fold(set, |set, key| set.words("--key").arg(key));
    set.words("--skip-check")
}
