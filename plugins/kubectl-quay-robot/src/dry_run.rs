//! `--dry-run`, as kubectl has it; Quay itself knows no dry run.

/// Look, and write nothing.
#[derive(Debug, Clone, clap::Args)]
pub struct DryRun {
    /// Only say what would be done
    #[arg(
        long = "dry-run",
        value_name = "client",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "client",
        value_parser = ["client", "none"],
        hide_possible_values = true
    )]
    mode: Option<String>,
}

impl DryRun {
    /// Whether nothing may be written.
    pub fn is_on(&self) -> bool {
        self.mode.as_deref() == Some("client")
    }

    /// `client`, for the report.
    pub fn label(&self) -> Option<&'static str> {
        self.is_on().then_some("client")
    }
}
