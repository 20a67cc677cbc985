//! What stands above every command: from `main` to an exit code, completion, the command tree.

mod completion;
mod help;
mod matches;
mod run;
mod tree;

pub use help::help_problems;
pub use run::{Plugin, run};
