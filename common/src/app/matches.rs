//! What stands on a command line, whichever command it is.

use clap::{ArgMatches, Command};

/// The subcommand that a command line leads to.
pub(super) fn leaf<'a>(
    command: &'a Command,
    matches: &'a ArgMatches,
) -> (&'a Command, &'a ArgMatches) {
    match matches.subcommand() {
        Some((name, below)) => match command.find_subcommand(name) {
            Some(command) => leaf(command, below),
            None => (command, matches),
        },
        None => (command, matches),
    }
}

/// An argument's values as they were typed; none where the command has no such argument.
pub(super) fn texts(matches: &ArgMatches, id: &str) -> Vec<String> {
    let values = matches.try_get_raw(id).ok().flatten();
    let values = values.into_iter().flatten();
    values
        .filter_map(|value| value.to_str().map(str::to_owned))
        .collect()
}

/// The last of them.
pub(super) fn text(matches: &ArgMatches, id: &str) -> Option<String> {
    texts(matches, id).pop()
}
