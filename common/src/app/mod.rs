//! What stands above every command: from `main` to an exit code, completion, examples in help.

mod completion;
mod help;
mod matches;
mod run;

pub use help::{examples, help_problems};
pub use run::{Plugin, command, run};
