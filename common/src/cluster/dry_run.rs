//! `--dry-run`, as kubectl has it.

use super::connection::WriteMode;
use clap::{Args, ValueEnum};

/// Show what would be done, and store nothing anywhere.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DryRun {
    /// Only show what would be done; `server` lets the API server check every write
    #[arg(long = "dry-run", value_enum, value_name = "MODE", num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    mode: Option<Mode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Plan only
    Client,
    /// Send every write with dryRun=All
    Server,
    /// No dry run
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
