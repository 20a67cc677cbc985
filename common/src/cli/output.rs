//! Results on stdout, in the form the user asked for.

use super::exit::Exit;
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
    /// A table
    #[default]
    Table,
    /// A table with all columns
    Wide,
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
    /// One object name on each line
    Name,
}

/// A result that can be shown in every output format.
pub trait Report: Serialize {
    /// The columns; `wide` asks for all of them.
    fn table(&self, wide: bool) -> Table;
    /// One name a line, as `kubectl -o name` prints them: `secret/quay-pull-secret`.
    fn names(&self) -> Vec<String>;

    /// What people are shown in place of tables, ended by a line break.
    fn text(&self) -> Option<String> {
        None
    }

    /// More tables below the first, as kubectl shows several kinds of objects.
    fn more_tables(&self, _wide: bool) -> Vec<Table> {
        Vec::new()
    }

    /// How the command ends that reports this.
    fn exit(&self) -> Exit {
        Exit::Success
    }

    /// What people are told where the table would be empty.
    fn nothing(&self) -> Option<String> {
        None
    }

    /// What could not be looked at: no row of a table about what was.
    fn gaps(&self) -> Gaps {
        Gaps::default()
    }
}

/// What a report lacks.
#[derive(Debug, Default)]
pub struct Gaps {
    /// What people are told of it, below the tables.
    pub warnings: Vec<String>,
    /// The failure that left nothing to report. People are shown it as the command's own;
    /// programs get the report, which holds it too.
    pub only_failure: Option<Failure>,
}

impl OutputFormat {
    /// The report's text in this format, ended by a line break unless empty.
    pub fn render(self, report: &impl Report) -> Result<String, Failure> {
        match self {
            Self::Table => Ok(tables(report, false)),
            Self::Wide => Ok(tables(report, true)),
            Self::Json | Self::Yaml => self.document(report),
            Self::Name => Ok(report
                .names()
                .iter()
                .map(|name| format!("{name}\n"))
                .collect()),
        }
    }

    /// The value as YAML, or else as JSON, ended by a line break.
    pub(super) fn document(self, value: &impl Serialize) -> Result<String, Failure> {
        match self {
            Self::Yaml => to_yaml(value),
            _ => serde_json::to_string_pretty(value)
                .map(|text| text + "\n")
                .map_err(|error| Failure::new(format!("cannot write the result as JSON: {error}"))),
        }
    }

    /// Whether it is one document, JSON or YAML.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }

    /// Whether people read it (tables), rather than programs.
    pub fn is_for_people(self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }
}

fn tables(report: &impl Report, wide: bool) -> String {
    if let Some(text) = report.text() {
        return text;
    }
    let first = match report.nothing() {
        Some(_) => None,
        None => Some(report.table(wide)),
    };
    let tables = first.into_iter().chain(report.more_tables(wide));
    let texts: Vec<String> = tables.map(|table| table.render()).collect();
    texts.join("\n")
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
