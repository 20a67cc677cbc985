//! The flags, output, progress, prompts and exit codes all plugins share.
//!
//! The only room that knows about terminals: nothing else prints or asks.

mod console;
mod escape;
mod exit;
mod global_args;
mod output;
mod progress;
mod prompt;
mod table;
mod tree;
mod typed;

pub use console::Console;
pub use escape::{escape_and_cut, escape_control};
pub use exit::Exit;
pub use global_args::GlobalArgs;
pub use output::{Gaps, OutputArgs, OutputFormat, Report, to_yaml};
pub use progress::Bars;
pub use table::{Columns, Table, age, detail, span};
pub use tree::Tree;
pub use typed::{Typed, command_text, hint_text, serialize_hint, serialize_next};
