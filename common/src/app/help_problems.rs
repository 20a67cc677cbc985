//! Whether every command's help is as help should be; for the plugins' tests.

use super::help::examples;
use super::run::{Plugin, command};
use crate::invocation::Invocation;
use clap::Command;

/// How many examples a command has at least.
const EXAMPLES: usize = 2;
/// How many lines `-h` may have.
const SCREEN: usize = 40;
/// How wide the terminal is in which they are counted.
const WIDTH: usize = 100;

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

    #[test]
    fn too_few_examples_and_unknown_flags_are_found() {
        let whole = Command::new("quay-robot").subcommand(
            Command::new("token")
                .arg(Arg::new("robot"))
                .after_long_help("Examples:\n  # Why\n  kubectl quay-robot token a+b > file\n"),
        );
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
