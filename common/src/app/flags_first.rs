//! Flags before the subcommand. After a plugin's name, kubectl and oc pass on whatever stands
//! there, and people type flags where kubectl's own commands take them: anywhere.

use clap::{Arg, Command};
use std::collections::VecDeque;
use std::ffi::OsString;

/// The words of a command line, of which flags that only a subcommand knows have moved behind
/// that subcommand.
pub(super) fn moved(command: &Command, words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut rest: VecDeque<OsString> = words.collect();
    let mut kept: Vec<OsString> = rest.pop_front().into_iter().collect();
    let mut flags = Vec::new();
    let mut here = command;
    while here.has_subcommands()
        && let Some(word) = rest.pop_front()
    {
        let text = word.to_string_lossy().into_owned();
        let below = here.find_subcommand(&text);
        let takes = |arg: &&Arg| takes_flag(arg, &text);
        let own = chain(command, here).find(takes);
        let (to, arg) = match (below, own) {
            (Some(below), _) => {
                here = below;
                (&mut kept, None)
            }
            (None, Some(arg)) => (&mut kept, Some(arg)),
            (None, None) => match leaf_flag(here, &text) {
                Some(arg) => (&mut flags, Some(arg)),
                None => {
                    rest.push_front(word);
                    break;
                }
            },
        };
        to.push(word);
        if arg.is_some_and(takes_next_word) && is_whole(&text) {
            to.extend(rest.pop_front());
        }
    }
    kept.extend(flags);
    kept.extend(rest);
    kept
}

/// The arguments of the plugin itself and of the subcommand that was reached.
fn chain<'a>(command: &'a Command, here: &'a Command) -> impl Iterator<Item = &'a Arg> {
    command.get_arguments().chain(here.get_arguments())
}

/// The flag of any command below that is spelled so.
fn leaf_flag<'a>(here: &'a Command, text: &str) -> Option<&'a Arg> {
    here.get_subcommands().find_map(|below| {
        let mut own = below.get_arguments();
        let found = own.find(|arg| takes_flag(arg, text));
        found.or_else(|| leaf_flag(below, text))
    })
}

/// Whether the word is this flag, with or without its value.
fn takes_flag(arg: &Arg, word: &str) -> bool {
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or_default();
        return !name.is_empty() && arg.get_long() == Some(name);
    }
    let mut letters = word.strip_prefix('-').unwrap_or_default().chars();
    letters
        .next()
        .is_some_and(|short| arg.get_short() == Some(short))
}

/// Whether the flag's value may be a word of its own; `--dry-run` takes one only behind `=`.
fn takes_next_word(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

/// Whether the word is a flag without its value: `--context`, `-o`.
fn is_whole(word: &str) -> bool {
    match word.starts_with("--") {
        true => !word.contains('='),
        false => word.chars().count() == 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ArgAction;

    fn line(text: &str) -> String {
        let value = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Set);
        let verbose = Arg::new("verbose")
            .short('v')
            .action(ArgAction::Count)
            .global(true);
        let below = |name: &'static str| {
            Command::new(name)
                .arg(value("context"))
                .arg(value("output").short('o'))
                .arg(Arg::new("yes").long("yes").action(ArgAction::SetTrue))
                .arg(value("dry-run").num_args(0..=1).require_equals(true))
                .arg(Arg::new("KEY"))
        };
        let ocm = Command::new("ocm").subcommand(below("status"));
        let command = Command::new("global")
            .arg(verbose)
            .subcommands([below("show"), ocm]);
        let words = text.split(' ').map(OsString::from);
        let words = moved(&command, words).into_iter();
        let words: Vec<String> = words.map(|word| word.into_string().unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn a_subcommands_flags_may_stand_before_it() {
        for (typed, meant) in [
            ("x --context a show", "x show --context a"),
            ("x --context=a show k", "x show --context=a k"),
            ("x -o json show", "x show -o json"),
            ("x -ojson show", "x show -ojson"),
            ("x --dry-run show", "x show --dry-run"),
            ("x --yes show --context a", "x show --yes --context a"),
            ("x --context show show", "x show --context show"),
            (
                "x -v --context a ocm -o json status",
                "x -v ocm status --context a -o json",
            ),
        ] {
            assert_eq!(line(typed), meant, "{typed}");
        }
    }

    #[test]
    fn what_is_in_its_place_or_unknown_stays_there() {
        for typed in [
            "x",
            "x show --context a",
            "x -v show",
            "x --help",
            "x --nothing show",
            "x --context",
            "x -- --context a",
            "x typo --context a",
        ] {
            let typed_again = line(typed);
            assert_eq!(typed_again, typed);
        }
    }
}
