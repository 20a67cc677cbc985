//! Help that shows examples in the words the user typed, and a summary that fits one screen.
//!
//! A command's examples are its `after_long_help`, written with the plugins' usual names. They
//! begin with [`HEADING`]; each is a line that says what for, after `#`, and the line to type.

use crate::invocation::Invocation;
use clap::Command;

/// What stands above the examples.
const HEADING: &str = "Examples:";
/// The last line of `-h`, which leaves out examples and what is rarely needed.
const MORE: &str = "See --help for all options and for examples.";
/// The plugins, which examples name as they are usually called.
const PLUGINS: [&str; 3] = ["quay-robot", "quay-pullsecret", "quay-global"];
/// The plugin itself, in the examples of a command that every plugin has.
const ITSELF: &str = "PLUGIN";

/// The command and all below it, with examples as the user would type them.
pub(super) fn in_words_typed(command: Command, invocation: &Invocation) -> Command {
    let plugins = PLUGINS.map(|plugin| {
        let usual = Invocation::from_executable("", plugin).typed();
        (usual, invocation.words_of(plugin))
    });
    let itself = (ITSELF.to_owned(), invocation.typed());
    let words: Vec<(String, String)> = [itself].into_iter().chain(plugins).collect();
    with_words(command, &words)
}

/// The same, where each first text is typed as the second.
fn with_words(command: Command, words: &[(String, String)]) -> Command {
    let command = command.mut_subcommands(|below| with_words(below, words));
    let Some(text) = command.get_after_long_help().map(ToString::to_string) else {
        return command;
    };
    let header = command.get_styles().get_header();
    let heading = format!("{header}{HEADING}{header:#}");
    let text = words
        .iter()
        .fold(text, |text, (usual, typed)| text.replace(usual, typed));
    command
        .after_help(MORE)
        .after_long_help(text.replacen(HEADING, &heading, 1))
}

/// A command's examples without heading and indentation; empty if it has none.
pub fn examples(command: &Command) -> String {
    let text = command.get_after_long_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    let lines: Vec<&str> = text
        .trim_start_matches(HEADING)
        .lines()
        .map(str::trim)
        .collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    fn command() -> Command {
        Command::new("quay-robot").subcommand(
            Command::new("token")
                .arg(Arg::new("robot"))
                .after_long_help("Examples:\n  # Why\n  kubectl quay-robot token a+b > file\n"),
        )
    }

    #[test]
    fn examples_show_what_the_user_typed() {
        let invocation = Invocation::from_executable("oc-quay-robot", "quay-robot");
        let command = in_words_typed(command(), &invocation);
        let token = command.find_subcommand("token").unwrap();
        assert_eq!(examples(token), "# Why\noc quay robot token a+b > file");
    }
}
