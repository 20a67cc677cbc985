//! What stands above every command: from `main` to an exit code, completion, the command tree.

mod completion;
mod matches;
mod run;
mod tree;

pub use run::{Plugin, run};
