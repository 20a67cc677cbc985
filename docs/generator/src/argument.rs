//! Flags, options and words by their position, as a page shows them.

use clap::{Arg, ArgAction, Command};

/// A command's arguments under their headings, in order: words first, then flags. `--help` and
/// `--version` say nothing about a command.
pub fn sections(command: &Command) -> Vec<(&str, Vec<&Arg>)> {
    let shown = command.get_arguments();
    let shown = shown.filter(|arg| !arg.is_hide_set() && !is_everywhere(arg));
    let (words, flags): (Vec<_>, Vec<_>) = shown.partition(|arg| arg.is_positional());
    let mut sections: Vec<(&str, Vec<&Arg>)> = Vec::new();
    for arg in words.into_iter().chain(flags) {
        let heading = match arg.is_positional() {
            true => "Arguments",
            false => arg.get_help_heading().unwrap_or("Options"),
        };
        match sections.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, arguments)) => arguments.push(arg),
            None => sections.push((heading, vec![arg])),
        }
    }
    sections
}

/// `--help` and `--version`.
pub fn is_everywhere(arg: &Arg) -> bool {
    matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

/// As it is written: `-n` and `--namespace <NAMESPACE>`.
pub fn spellings(arg: &Arg) -> Vec<String> {
    let long = match arg.get_action().takes_values() {
        true => arg.to_string(),
        false => long_name(arg),
    };
    let short = arg.get_short().map(|short| format!("-{short}"));
    short.into_iter().chain([long]).collect()
}

fn long_name(arg: &Arg) -> String {
    match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => arg.get_id().to_string(),
    }
}

/// The help in full, with what clap adds to it; `code` marks what is typed.
pub fn description(command: &Command, arg: &Arg, code: impl Fn(&str) -> String) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{}.", help.trim().trim_end_matches('.'));
    let repeatable = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
    if repeatable && !help.contains("repeat") && !help.contains("twice") {
        text.push_str(" Can be repeated.");
    }
    if arg.get_action().takes_values() {
        let choices = arg.get_possible_values();
        let choices = choices.iter().filter(|choice| !choice.is_hide_set());
        let choices = choices.map(|choice| match choice.get_help() {
            Some(help) => format!("{} ({help})", code(choice.get_name())),
            None => code(choice.get_name()),
        });
        add(&mut text, "One of", choices);
        let defaults = arg.get_default_values().iter();
        let defaults = defaults.map(|value| value.to_string_lossy());
        let defaults = defaults.filter(|value| !value.is_empty());
        add(&mut text, "Default:", defaults.map(|value| code(&value)));
    }
    let variable = arg.get_env().map(|name| name.to_string_lossy());
    add(&mut text, "Environment:", variable.map(|name| code(&name)));
    let mut conflicts: Vec<String> = command
        .get_arg_conflicts_with(arg)
        .into_iter()
        .map(long_name)
        .collect();
    conflicts.sort();
    let conflicts = conflicts.iter().map(|name| code(name));
    add(&mut text, "Not with", conflicts);
    text
}

/// Adds a sentence about these, if there are any.
fn add(text: &mut String, before: &str, items: impl IntoIterator<Item = String>) {
    let items: Vec<String> = items.into_iter().collect();
    if !items.is_empty() {
        text.push_str(&format!(" {before} {}.", items.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::builder::PossibleValue;

    #[test]
    fn an_argument_is_written_as_it_is_typed() {
        let namespace = Arg::new("n").short('n').long("namespace");
        let mode = Arg::new("d").long("dry-run").value_name("MODE");
        let mut command = Command::new("sync")
            .arg(namespace.value_name("NAMESPACE"))
            .arg(mode.num_args(0..=1).require_equals(true));
        command.build();
        let spelt: Vec<_> = command.get_arguments().take(2).map(spellings).collect();
        assert_eq!(spelt[0], ["-n", "--namespace <NAMESPACE>"]);
        assert_eq!(spelt[1], ["--dry-run[=<MODE>]"]);
    }

    #[test]
    fn a_description_has_everything_a_reader_needs() {
        let read = PossibleValue::new("read").help("pull");
        let role = Arg::new("role")
            .long("role")
            .help("What the robot can do")
            .value_parser([read, PossibleValue::new("admin")])
            .default_value("read")
            .action(ArgAction::Append)
            .conflicts_with("all");
        let all = Arg::new("all").long("all").action(ArgAction::SetTrue);
        let mut command = Command::new("grant").args([role, all]);
        command.build();
        let role = command.get_arguments().next().expect("it was added");
        assert_eq!(
            description(&command, role, |name| format!("`{name}`")),
            "What the robot can do. Can be repeated. One of `read` (pull), `admin`. \
             Default: `read`. Not with `--all`."
        );
    }
}
