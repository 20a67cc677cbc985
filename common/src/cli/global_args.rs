//! The flags every command has.

use clap::{ArgAction, Args};

/// Flags every command of every plugin has.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Log progress to stderr; -vv also logs every request
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 900)]
    pub verbose: u8,

    /// Print no messages, only results, warnings and errors
    #[arg(short, long, global = true, display_order = 901)]
    pub quiet: bool,
}
