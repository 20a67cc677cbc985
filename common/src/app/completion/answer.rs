//! kubectl's completion of plugins: it runs `kubectl_complete-NAME WORD... WORD`, where the
//! last word is the one to complete, and reads one choice a line, with its description
//! after a tab, and at last a directive (kubectl, pkg/cmd/plugin/plugin_completion.go).

use super::kind::Kind;
use super::live;
use super::situation::Situation;
use crate::cluster::parse_duration;
use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The shell is to offer nothing of its own (Cobra's `ShellCompDirectiveNoFileComp`).
const NO_FILES: &str = ":4\n";
/// The shell is to offer files (Cobra's `ShellCompDirectiveDefault`).
const FILES: &str = ":0\n";

/// With starting and ending, a key press waits 300 ms at most.
const PATIENCE: Duration = Duration::from_millis(250);
/// Where servers are further away than that.
const TIMEOUT_VARIABLE: &str = "QUAY_COMPLETION_TIMEOUT";

/// The lines for kubectl.
pub(super) fn answer(command: Command, mut words: Vec<OsString>) -> String {
    if words.is_empty() {
        words.push(OsString::new());
    }
    let last = words.len() - 1;
    let word = words[last].to_string_lossy().into_owned();
    let situation = Situation::read(&command, &words[..last]);
    let wants_files = Arc::new(AtomicBool::new(false));
    let mut command = with_completers(command, &Arc::new(situation), &wants_files);
    let mut line = vec![OsString::from("plugin")];
    line.extend(words);
    let candidates = complete(&mut command, line, last + 1, None).unwrap_or_default();
    let mut text: String = candidates
        .iter()
        .filter_map(|candidate| choice(candidate, &word))
        .collect();
    text.push_str(match wants_files.load(Ordering::Relaxed) {
        true => FILES,
        false => NO_FILES,
    });
    text
}

/// Lets every argument that is known complete from what is out there.
fn with_completers(
    command: Command,
    situation: &Arc<Situation>,
    wants_files: &Arc<AtomicBool>,
) -> Command {
    command
        .mut_args(|arg| match Kind::of(&arg) {
            Some(kind) => arg.add(completer(kind, situation, wants_files)),
            None => arg,
        })
        .mut_subcommands(|below| with_completers(below, situation, wants_files))
}

fn completer(
    kind: Kind,
    situation: &Arc<Situation>,
    wants_files: &Arc<AtomicBool>,
) -> ArgValueCompleter {
    let situation = Arc::clone(situation);
    let wants_files = Arc::clone(wants_files);
    ArgValueCompleter::new(move |typed: &OsStr| {
        if kind == Kind::File {
            wants_files.store(true, Ordering::Relaxed);
            return Vec::new();
        }
        let typed = typed.to_string_lossy();
        live::choices(kind, &typed, &situation, patience())
            .into_iter()
            .map(CompletionCandidate::new)
            .collect()
    })
}

fn patience() -> Duration {
    let set = std::env::var(TIMEOUT_VARIABLE).ok();
    set.and_then(|text| parse_duration(&text).ok())
        .unwrap_or(PATIENCE)
}

/// One line, unless the candidate is not for this word, or would break the protocol.
fn choice(candidate: &CompletionCandidate, word: &str) -> Option<String> {
    let value = candidate.get_value().to_str()?;
    // Flags are offered to whoever begins one.
    if candidate.is_hide_set() || value.starts_with('-') && !word.starts_with('-') {
        return None;
    }
    // The shells expect what follows `--flag=` alone.
    let value = match word.starts_with("--") && word.contains('=') {
        true => value.split_once('=').map_or(value, |(_, value)| value),
        false => value,
    };
    if value.is_empty() || !value.chars().all(is_plain) {
        return None;
    }
    let help = candidate.get_help().map(ToString::to_string);
    let help = help.as_deref().and_then(|help| help.lines().next());
    Some(match help.filter(|help| !help.is_empty()) {
        Some(help) => format!("{value}\t{help}\n"),
        None => format!("{value}\n"),
    })
}

/// Names come from servers and files, and end up in a shell: nothing there that a shell
/// could take for more than a letter.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._-+/:@,=%".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ArgAction};

    fn answered(words: &[&str]) -> String {
        let list = Command::new("list")
            .about("List them")
            .arg(Arg::new("file").short('f').long("file").value_name("FILE"))
            .arg(Arg::new("all").long("all").action(ArgAction::SetTrue))
            .arg(
                Arg::new("output")
                    .long("output")
                    .value_parser(["json", "yaml"]),
            );
        let command = Command::new("quay").subcommand(list);
        answer(command, words.iter().map(OsString::from).collect())
    }

    #[test]
    fn commands_come_with_their_description_and_flags_only_when_begun() {
        let text = answered(&["li"]);
        assert_eq!(text, "list\tList them\n:4\n");
        assert!(!answered(&[]).contains("--"));
        assert!(answered(&["list", "--a"]).starts_with("--all"));
        assert_eq!(answered(&["list", ""]), ":4\n");
    }

    #[test]
    fn values_are_offered_without_the_flag_before_them() {
        assert_eq!(answered(&["list", "--output", "j"]), "json\n:4\n");
        assert_eq!(answered(&["list", "--output=y"]), "yaml\n:4\n");
    }

    #[test]
    fn files_are_left_to_the_shell() {
        assert_eq!(answered(&["list", "-f", "x"]), ":0\n");
    }

    #[test]
    fn a_name_that_would_mean_something_to_a_shell_is_not_offered() {
        for bad in [
            "a\nb",
            "a b",
            "a\tb",
            "\u{1b}[2J",
            "",
            "$(id)",
            "a;b",
            "`id`",
            "a'b",
        ] {
            assert_eq!(choice(&CompletionCandidate::new(bad), ""), None, "{bad:?}");
        }
        for good in ["myorg+deploy", "default/api-host:6443/kube:admin", "a,b"] {
            let line = choice(&CompletionCandidate::new(good), "");
            assert_eq!(line, Some(format!("{good}\n")));
        }
    }
}
