//! `--dry-run`, as kubectl has it.

use super::connection::WriteMode;
use clap::{Args, ValueEnum};

/// Show what would be done, and store nothing anywhere.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DryRun {
    /// Show what would change, without changing it; with `server`, API servers check each write
    #[arg(long = "dry-run", value_enum, value_name = "MODE", num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    mode: Option<Mode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Only plan the changes
    Client,
    /// Let the API server check each write without storing it
    Server,
    /// Make the changes
    None,
}

/// The same for commands that write to no cluster: nobody else knows a dry run.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ClientDryRun {
    /// Show what would change, without changing it
    #[arg(long = "dry-run", value_enum, value_name = "client", num_args = 0..=1, require_equals = true, default_missing_value = "client", hide_possible_values = true)]
    mode: Option<ClientMode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClientMode {
    /// Only plan the changes
    Client,
    /// Make the changes
    None,
}

impl DryRun {
    /// Whether the walk ends after the plan.
    pub fn is_client(self) -> bool {
        self.mode == Some(Mode::Client)
    }

    /// How writes are sent, if they are.
    pub fn write(self) -> WriteMode {
        match self.mode {
            Some(Mode::Client | Mode::Server) => WriteMode::DryRun,
            Some(Mode::None) | None => WriteMode::Persist,
        }
    }

    /// `client` or `server`, for the report.
    pub fn label(self) -> Option<&'static str> {
        match self.mode {
            Some(Mode::Client) => Some("client"),
            Some(Mode::Server) => Some("server"),
            Some(Mode::None) | None => None,
        }
    }
}

impl ClientDryRun {
    /// Whether nothing may be written.
    pub fn is_on(self) -> bool {
        self.mode == Some(ClientMode::Client)
    }

    /// `client`, for the report.
    pub fn label(self) -> Option<&'static str> {
        self.is_on().then_some("client")
    }
}
