//! `ocm`: Red Hat's own pull secret.

mod download;
mod login;
mod logout;
mod rotate;
mod status;
mod whoami;

use clap::Subcommand;
use quay_common::Failure;
use quay_common::cli::{Console, Exit};

/// The subcommands.
#[derive(Subcommand)]
pub enum OcmCommand {
    Login(login::LoginArgs),
    Whoami(whoami::WhoamiArgs),
    Logout(logout::LogoutArgs),
    Rotate(rotate::RotateArgs),
    Status(status::StatusArgs),
    Download(download::DownloadArgs),
}

pub async fn run(command: OcmCommand, console: &Console) -> Result<Exit, Failure> {
    match command {
        OcmCommand::Login(args) => login::run(args, console).await,
        OcmCommand::Whoami(args) => whoami::run(args, console).await,
        OcmCommand::Logout(args) => logout::run(args, console).await,
        OcmCommand::Rotate(args) => rotate::run(args, console).await,
        OcmCommand::Status(args) => status::run(args, console).await,
        OcmCommand::Download(args) => download::run(args, console).await,
    }
}
