//! Help that shows examples in the words the user typed, and a summary that fits one screen.
//!
//! A command's examples are its `after_long_help`, written with the plugins' usual names. They
//! begin with [`HEADING`]; each is a line that says what for, after `#`, and the line to type.

use super::run::{Plugin, command};
use crate::invocation::Invocation;
use clap::Command;

/// What stands above the examples.
const HEADING: &str = "Examples:";
/// The last line of `-h`, which leaves out examples and what is rarely needed.
const MORE: &str = "See --help for all options and for examples.";
/// The plugins as examples name them, and as an executable is named.
const PLUGINS: [(&str, &str); 3] = [
    ("kubectl quay-robot", "quay-robot"),
    ("kubectl quay-pullsecret", "quay-pullsecret"),
    ("oc quay-global", "quay-global"),
];
/// The plugin itself, in the examples of a command that every plugin has.
const ITSELF: &str = "PLUGIN";

/// How many examples a command has at least.
const EXAMPLES: usize = 2;
/// How many lines `-h` may have.
const SCREEN: usize = 40;
/// How wide the terminal is in which they are counted.
const WIDTH: usize = 100;

/// The command and all below it, with examples as the user would type them.
pub(super) fn in_words_typed(command: Command, invocation: &Invocation) -> Command {
    let command = command.mut_subcommands(|below| in_words_typed(below, invocation));
    let Some(text) = command.get_after_long_help().map(ToString::to_string) else {
        return command;
    };
    let header = command.get_styles().get_header();
    let heading = format!("{header}{HEADING}{header:#}");
    let text = PLUGINS.iter().fold(
        text.replace(ITSELF, &invocation.typed()),
        |text, (usual, plugin)| text.replace(usual, &invocation.words_of(plugin)),
    );
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

/// What is wrong with the help of a plugin's commands: too few examples, one that does not
/// parse, or a summary that fills more than a screen.
pub fn help_problems<P: Plugin>() -> Vec<String> {
    let invocation = Invocation::from_executable("", P::NAME);
    let whole = command::<P>().term_width(WIDTH);
    let mut problems = Vec::new();
    look(&whole, &whole, &invocation.typed(), &mut problems);
    problems
}

fn look(whole: &Command, command: &Command, typed: &str, problems: &mut Vec<String>) {
    let name = command.get_name();
    let lines: Vec<String> = examples(command)
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    if lines.len() < EXAMPLES {
        problems.push(format!("{name}: {} of {EXAMPLES} examples", lines.len()));
    }
    for line in lines {
        let own = own_commands(&line, typed);
        if own.is_empty() {
            problems.push(format!("{name}: not a command of {typed}: {line}"));
        }
        for words in own {
            if let Err(error) = whole.clone().try_get_matches_from(words) {
                problems.push(format!("{name}: {line}: {error}"));
            }
        }
    }
    let summary = command.clone().render_help().to_string();
    let height = summary.lines().count();
    if height > SCREEN {
        problems.push(format!("{name}: -h has {height} lines, not {SCREEN}"));
    }
    let below = command.get_subcommands();
    for below in below.filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        look(whole, below, typed, problems);
    }
}

/// The plugin's own commands in a line, word by word; it may be a pipeline.
fn own_commands(line: &str, typed: &str) -> Vec<Vec<String>> {
    let commands = line.split(['|', '&', ';', '<', '>']).map(str::trim);
    let own = commands.filter(|command| {
        let words = command.strip_prefix(typed);
        words.is_some_and(|words| words.is_empty() || words.starts_with(' '))
    });
    own.map(|command| {
        let words = command[typed.len()..].split_whitespace();
        let words = words.map(|word| word.trim_matches('\'').to_owned());
        [typed.to_owned()].into_iter().chain(words).collect()
    })
    .collect()
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

    #[test]
    fn too_few_examples_and_unknown_flags_are_found() {
        let whole = command();
        let mut problems = Vec::new();
        let token = whole.find_subcommand("token").unwrap().clone();
        let wrong =
            token.after_long_help("Examples:\n kubectl quay-robot token --no\n kubectl get pods");
        look(&whole, &wrong, "kubectl quay-robot", &mut problems);
        assert_eq!(problems.len(), 2, "{problems:?}");
        problems.clear();
        let token = whole.find_subcommand("token").unwrap();
        look(&whole, token, "kubectl quay-robot", &mut problems);
        assert_eq!(problems, ["token: 1 of 2 examples"]);
    }
}
