//! What stands above every command: from `main` to an exit code, completion, examples in help.

mod completion;
mod core_dumps;
mod flags_first;
mod help;
mod help_problems;
mod matches;
mod run;

pub use help::examples;
pub use help_problems::help_problems;
pub use run::{Plugin, command, run};
