//! Hints in the words the user typed.

use crate::hint::{Command, Hint, Part, Program};
use crate::invocation::Invocation;
use crate::place::IN_CLUSTER;
use serde::Serializer;
use std::borrow::Cow;
use std::sync::OnceLock;

/// What was typed to get here.
static TYPED: OnceLock<Typed> = OnceLock::new();

/// The words that start the plugin, and the flags that every command for a cluster needs again.
#[derive(Debug, Clone)]
pub struct Typed {
    /// How the plugin was called.
    pub invocation: Invocation,
    /// `--kubeconfig`, as it was given.
    pub kubeconfig: Option<String>,
    /// `--as` and `--as-group`, as they were given: flag, value, flag, value.
    pub identity: Vec<String>,
}

impl Typed {
    /// Keeps it for all hints of this process; only the first call counts.
    pub fn remember(self) {
        let _ = TYPED.set(self);
    }

    /// What was remembered; in a process that did not, the plugins' usual names.
    fn get() -> Cow<'static, Self> {
        match TYPED.get() {
            Some(typed) => Cow::Borrowed(typed),
            None => Cow::Owned(Self {
                invocation: Invocation::from_executable("", "quay-robot"),
                kubeconfig: None,
                identity: Vec::new(),
            }),
        }
    }

    fn hint(&self, hint: &Hint) -> String {
        hint.parts()
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Word(word) => quoted(word),
                Part::Command(command) => self.command(command),
            })
            .collect()
    }

    fn command(&self, command: &Command) -> String {
        let mut words: Vec<String> = match command.program() {
            Program::Robot => self.plugin("quay-robot"),
            Program::PullSecret => self.plugin("quay-pullsecret"),
            Program::Global => self.plugin("quay-global"),
            Program::Kubectl => vec![self.invocation.host().to_owned()],
        };
        let arguments = command.arguments().iter().map(|word| quoted(word));
        let mut arguments = arguments.peekable();
        if command.program() != Program::Kubectl {
            words.extend(arguments.next());
        }
        words.extend(self.cluster_flags(command));
        words.extend(arguments);
        words.join(" ")
    }

    fn plugin(&self, plugin: &str) -> Vec<String> {
        vec![self.invocation.words_of(plugin)]
    }

    /// `--context` and what else the command needs to reach the same cluster as the same user.
    fn cluster_flags(&self, command: &Command) -> Vec<String> {
        let reach = reach(command);
        let mut flags = Vec::new();
        if reach == Reach::Cluster
            && let Some(context) = command.context().filter(|context| *context != IN_CLUSTER)
            && !command.arguments().iter().any(|word| word == "--context")
        {
            flags.extend(["--context", context]);
        }
        if reach != Reach::Nothing
            && let Some(kubeconfig) = &self.kubeconfig
        {
            flags.extend(["--kubeconfig", kubeconfig]);
        }
        if reach == Reach::Cluster {
            flags.extend(self.identity.iter().map(String::as_str));
        }
        flags.into_iter().map(quoted).collect()
    }
}

/// What a command has to do with clusters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It goes to one.
    Cluster,
    /// It reads which there are.
    Kubeconfig,
    /// Nothing.
    Nothing,
}

fn reach(command: &Command) -> Reach {
    let first = command.arguments().first().map(String::as_str);
    match (command.program(), first) {
        (Program::Kubectl, Some("config")) => Reach::Kubeconfig,
        (Program::Robot, Some("rotate")) | (Program::PullSecret | Program::Kubectl, _) => {
            Reach::Cluster
        }
        (Program::Robot, _) | (Program::Global, Some("ocm" | "confirm")) => Reach::Nothing,
        (Program::Global, _) => Reach::Cluster,
    }
}

/// The hint in the words the user typed, its commands ready for a shell.
pub fn hint_text(hint: &Hint) -> String {
    Typed::get().hint(hint)
}

/// A command in the words the user typed, ready for a shell.
pub fn command_text(command: &Command) -> String {
    Typed::get().command(command)
}

/// For `#[serde(serialize_with)]` on a hint.
pub fn serialize_hint<S: Serializer>(hint: &Hint, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hint_text(hint))
}

/// For `#[serde(serialize_with)]` on a hint that may be absent.
pub fn serialize_next<S: Serializer>(
    hint: &Option<Hint>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match hint {
        Some(hint) => serializer.serialize_some(&hint_text(hint)),
        None => serializer.serialize_none(),
    }
}

/// The word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-+=:,./@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint::{global, kubectl, pullsecret, robot};

    fn typed(executable: &str, plugin: &str) -> Typed {
        Typed {
            invocation: Invocation::from_executable(executable, plugin),
            kubeconfig: None,
            identity: Vec::new(),
        }
    }

    #[test]
    fn several_contexts_have_a_flag_each() {
        let typed = typed("oc-quay_global", "quay-global");
        let status = |contexts: &[&str]| typed.command(&global("status --wait").at_each(contexts));
        assert_eq!(status(&["a"]), "oc quay-global status --context a --wait");
        assert_eq!(
            status(&["a", "b,c"]),
            "oc quay-global status --wait --context a --context b,c"
        );
        assert_eq!(status(&[]), "oc quay-global status --wait");
    }

    #[test]
    fn a_command_is_shown_in_the_words_that_were_typed() {
        let hint = robot("create").arg("myorg+ci").say(", or ").run(
            pullsecret("delete --robot")
                .arg("myorg+ci")
                .words("-n shop"),
        );
        for (executable, expected) in [
            (
                "kubectl-quay_robot",
                "kubectl quay-robot create myorg+ci, or kubectl quay-pullsecret delete --robot myorg+ci -n shop",
            ),
            (
                "oc-quay-robot",
                "oc quay robot create myorg+ci, or oc quay pullsecret delete --robot myorg+ci -n shop",
            ),
        ] {
            assert_eq!(typed(executable, "quay-robot").hint(&hint), expected);
        }
        let remove = global("remove quay.io/acme");
        let typed = typed("kubectl-quay_global", "quay-global");
        assert_eq!(
            typed.command(&remove),
            "kubectl quay-global remove quay.io/acme"
        );
    }

    #[test]
    fn a_command_for_a_cluster_names_its_context_and_every_other_stays() {
        let typed = typed("oc-quay_global", "quay-global");
        for (command, expected) in [
            (global("update"), "oc quay-global update --context prod"),
            (
                global("remove a --replace-entry a"),
                "oc quay-global remove --context prod a --replace-entry a",
            ),
            (
                global("rollback --context dev"),
                "oc quay-global rollback --context dev",
            ),
            (global("ocm login"), "oc quay-global ocm login"),
            (
                kubectl("-n a get secret b"),
                "oc --context prod -n a get secret b",
            ),
            (kubectl("config get-contexts"), "oc config get-contexts"),
            (robot("whoami"), "oc quay-robot whoami"),
            (
                robot("rotate a+b"),
                "oc quay-robot rotate --context prod a+b",
            ),
        ] {
            assert_eq!(typed.command(&command.at("prod")), expected);
        }
        let inside = kubectl("get pods").at(IN_CLUSTER);
        assert_eq!(typed.command(&inside), "oc get pods");
    }

    #[test]
    fn whom_and_which_kubeconfig_the_user_named_is_said_again() {
        let typed = Typed {
            kubeconfig: Some("/tmp/my config".to_owned()),
            identity: ["--as", "jane"].map(str::to_owned).to_vec(),
            ..typed("kubectl-quay_pullsecret", "quay-pullsecret")
        };
        let shown = |command: Command| typed.command(&command);
        assert_eq!(
            shown(pullsecret("verify -A")),
            "kubectl quay-pullsecret verify --kubeconfig '/tmp/my config' --as jane -A"
        );
        assert_eq!(
            shown(kubectl("config get-contexts")),
            "kubectl --kubeconfig '/tmp/my config' config get-contexts"
        );
        assert_eq!(shown(robot("whoami")), "kubectl quay-robot whoami");
    }

    #[test]
    fn a_word_that_a_shell_would_take_apart_is_quoted() {
        let typed = typed("kubectl-quay_robot", "quay-robot");
        let command = kubectl("get namespaces").at("ctx1 (aws)");
        assert_eq!(
            typed.command(&command),
            "kubectl --context 'ctx1 (aws)' get namespaces"
        );
        for (word, expected) in [("it's", r"'it'\''s'"), ("", "''"), ("a+b/c:1", "a+b/c:1")] {
            assert_eq!(quoted(word), expected);
        }
    }
}
