//! `ocm`: Red Hat's own pull secret.

mod download;
mod login;
mod logout;
mod rotate;
mod status;

use clap::Subcommand;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};
use quay_common::dockerconfig::Document;
use quay_common::ocm::{Ocm, OcmArgs, open};

/// The subcommands.
#[derive(Subcommand)]
pub enum OcmCommand {
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Rotate(rotate::RotateArgs),
    Status(status::StatusArgs),
    Download(download::DownloadArgs),
}

pub async fn run(command: OcmCommand, console: &Console) -> Result<Exit, Failure> {
    match command {
        OcmCommand::Login(args) => login::run(args, console).await,
        OcmCommand::Logout(args) => logout::run(args, console).await,
        OcmCommand::Rotate(args) => rotate::run(args, console).await,
        OcmCommand::Status(args) => status::run(args, console).await,
        OcmCommand::Download(args) => download::run(args, console).await,
    }
}

/// The login that a command needs.
pub async fn signed_in(args: &OcmArgs, console: &Console) -> Result<Ocm, Failure> {
    open(args).await?.ok_or_else(|| {
        Failure::new("there is no login to Red Hat's OpenShift Cluster Manager").next(format!(
            "{} ocm login, or set OCM_TOKEN to an offline token from \
             https://console.redhat.com/openshift/token",
            console.invocation().typed()
        ))
    })
}

/// What Red Hat hands out to the account now.
pub async fn pull_secret(ocm: &Ocm) -> Result<Document, Failure> {
    let downloaded = ocm.pull_secret().await;
    downloaded.map_err(|error| error.failure("download the pull secret"))
}
