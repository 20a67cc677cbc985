//! `ocm download`: the pull secret as Red Hat hands it out.

use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::ocm::{OcmArgs, sign_in};
use quay_common::private_file;
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};

/// Write the account's pull secret to a file or a pipe
///
/// The pull secret appears on a terminal only with --show.
#[derive(Args)]
#[command(after_long_help = "Examples:
  # Save the pull secret for an installation
  oc quay-global ocm download -o pull-secret.json

  # List its registries without showing a credential
  oc quay-global ocm download | jq '.auths|keys'
")]
pub struct DownloadArgs {
    /// File to write to, created with mode 0600 or replaced in one step; `-` is stdout
    #[arg(short, long, value_name = "FILE", conflicts_with = "show")]
    output: Option<PathBuf>,

    /// Show the pull secret on the terminal
    #[arg(long)]
    show: bool,

    #[command(flatten)]
    ocm: OcmArgs,
}

/// Refuses a terminal before anything is asked of Red Hat.
pub async fn run(args: DownloadArgs, console: &Console) -> Result<Exit, Failure> {
    let file = args.output.as_deref();
    let file = file.filter(|path| *path != Path::new("-"));
    if file.is_none() && console.stdout_is_terminal() && !args.show {
        return Err(
            Failure::usage("the pull secret holds credentials, and stdout is a terminal")
                .next("send it to a pipe, write it to a file with -o FILE, or pass --show"),
        );
    }
    if let Some(path) = file {
        private_file::check_replaceable(path)?;
    }
    let ocm = sign_in(&args.ocm).await?;
    let content = ocm.handed_out().await?.to_json();
    match file {
        Some(path) => {
            private_file::replace(path, content.expose_secret())?;
            console.note(format!("wrote the pull secret to {}", path.display()));
        }
        None => {
            console.data(content.expose_secret())?;
            console.data("\n")?;
            console.note("wrote the pull secret to stdout");
        }
    }
    Ok(Exit::Success)
}
