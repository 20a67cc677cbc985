//! Results on stdout, in the form the user asked for.

use super::table::Table;
use crate::Failure;
use clap::{Args, ValueEnum};
use serde::Serialize;

/// The flag every reporting command has.
#[derive(Debug, Clone, Copy, Args)]
pub struct OutputArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Columns for people
    #[default]
    Table,
    /// Columns for people, all of them
    Wide,
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
    /// One object name a line
    Name,
}

/// A result that can be shown in every output format.
pub trait Report: Serialize {
    /// The columns; `wide` asks for all of them.
    fn table(&self, wide: bool) -> Table;
    /// One name a line, as `kubectl -o name` prints them: `secret/quay-pull-secret`.
    fn names(&self) -> Vec<String>;
}

impl OutputFormat {
    /// The report's text in this format, ended by a line break unless empty.
    pub fn render(self, report: &impl Report) -> Result<String, Failure> {
        match self {
            Self::Table => Ok(report.table(false).render()),
            Self::Wide => Ok(report.table(true).render()),
            Self::Json => serde_json::to_string_pretty(report)
                .map(|text| text + "\n")
                .map_err(|error| Failure::new(format!("cannot write the result as JSON: {error}"))),
            Self::Yaml => to_yaml(report),
            Self::Name => Ok(report
                .names()
                .iter()
                .map(|name| format!("{name}\n"))
                .collect()),
        }
    }

    /// Whether people read it (tables), rather than programs.
    pub fn is_for_people(self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }
}

/// YAML as kubectl writes it: long strings stay on one line.
pub fn to_yaml(value: &impl Serialize) -> Result<String, Failure> {
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    let mut text = String::new();
    serde_yaml::to_fmt_writer_with_options(&mut text, value, options)
        .map_err(|error| Failure::new(format!("cannot write the result as YAML: {error}")))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}
