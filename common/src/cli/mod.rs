//! The flags, output, progress, prompts and exit codes all plugins share.
//!
//! The only room that knows about terminals: nothing else prints or asks.

mod cluster_args;
mod completion;
mod console;
mod dry_run;
mod escape;
mod invocation;
mod output;
mod progress;
mod prompt;
mod quay_args;
mod run;
mod table;
mod tree;

pub use cluster_args::{ClusterArgs, parse_duration};
pub use console::Console;
pub use dry_run::DryRun;
pub use escape::escape_control;
pub use invocation::Invocation;
pub use output::{OutputArgs, OutputFormat, Report, to_yaml};
pub use progress::Bars;
pub use quay_args::QuayArgs;
pub use run::{Exit, GlobalArgs, Plugin, run};
pub use table::{ContextColumn, Table, age, detail, span};
