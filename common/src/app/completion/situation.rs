//! What a half-typed command line says about where to look for choices.

use super::kind::Kind;
use crate::cluster::{ClusterArgs, Scope};
use crate::credentials::QuayArgs;
use clap::{ArgMatches, Command};
use std::ffi::OsString;

/// The words before the one that is completed, as far as they can be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Situation {
    pub cluster: ClusterArgs,
    pub quay: QuayArgs,
    pub scope: Scope,
    /// The robot that was named.
    pub robot: Option<String>,
}

impl Situation {
    /// Reads the words; what is missing or wrong on the line is not looked at.
    pub(super) fn read(command: &Command, words: &[OsString]) -> Self {
        let words = [OsString::from("plugin")].into_iter().chain(words.to_vec());
        let mut command = command.clone().ignore_errors(true);
        // What is left is `--help`, after which nothing is run.
        let Ok(matches) = command.try_get_matches_from_mut(words) else {
            return Self::unknown();
        };
        let (command, matches) = leaf(&command, &matches);
        let robot = command
            .get_arguments()
            .find(|arg| Kind::of(arg) == Some(Kind::Robot))
            .and_then(|arg| text(matches, arg.get_id().as_str()));
        Self {
            cluster: cluster(matches),
            quay: quay(matches),
            scope: scope(matches),
            robot,
        }
    }

    fn unknown() -> Self {
        Self {
            cluster: ClusterArgs {
                unattended: true,
                ..ClusterArgs::default()
            },
            ..Self::default()
        }
    }
}

/// The subcommand the words lead to.
fn leaf<'a>(command: &'a Command, matches: &'a ArgMatches) -> (&'a Command, &'a ArgMatches) {
    match matches.subcommand() {
        Some((name, below)) => match command.find_subcommand(name) {
            Some(command) => leaf(command, below),
            None => (command, matches),
        },
        None => (command, matches),
    }
}

fn cluster(matches: &ArgMatches) -> ClusterArgs {
    ClusterArgs {
        contexts: texts(matches, "contexts"),
        kubeconfig: text(matches, "kubeconfig").map(Into::into),
        as_user: text(matches, "as_user"),
        as_group: texts(matches, "as_group"),
        certificate_authority: text(matches, "certificate_authority").map(Into::into),
        insecure_skip_tls_verify: is_set(matches, "insecure_skip_tls_verify"),
        unattended: true,
        ..ClusterArgs::default()
    }
}

fn quay(matches: &ArgMatches) -> QuayArgs {
    QuayArgs {
        registry: text(matches, "registry").and_then(|host| host.parse().ok()),
        quay_url: text(matches, "quay_url"),
        registry_ca: text(matches, "registry_ca").map(Into::into),
        registry_insecure: is_set(matches, "registry_insecure"),
        auth_secret: text(matches, "auth_secret"),
        ..QuayArgs::default()
    }
}

fn scope(matches: &ArgMatches) -> Scope {
    Scope {
        namespaces: texts(matches, "namespaces"),
        all_namespaces: is_set(matches, "all_namespaces"),
        namespace_selector: text(matches, "namespace_selector"),
        exclude_namespace: texts(matches, "exclude_namespace"),
    }
}

/// An argument's values as they were typed; none where the command has no such argument.
fn texts(matches: &ArgMatches, id: &str) -> Vec<String> {
    let values = matches.try_get_raw(id).ok().flatten();
    let values = values.into_iter().flatten();
    values
        .filter_map(|value| value.to_str().map(str::to_owned))
        .collect()
}

fn text(matches: &ArgMatches, id: &str) -> Option<String> {
    texts(matches, id).pop()
}

fn is_set(matches: &ArgMatches, id: &str) -> bool {
    matches!(matches.try_get_one(id), Ok(Some(true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args;

    fn read(words: &[&str]) -> Situation {
        let list = ClusterArgs::augment_args(Command::new("verify"));
        let list = QuayArgs::augment_args(Scope::augment_args(list))
            .arg(clap::Arg::new("target").value_name("ROBOT"))
            .arg(clap::Arg::new("needed").long("needed").required(true));
        let command = Command::new("plugin").subcommand(list);
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        Situation::read(&command, &words)
    }

    #[test]
    fn flags_before_the_word_say_where_to_look() {
        let found = read(&["verify", "myorg+a", "--context", "a,b", "-n", "shop", "-A"]);
        assert_eq!(found.cluster.contexts, ["a,b"]);
        assert_eq!(found.scope.namespaces, ["shop"]);
        assert!(found.scope.all_namespaces && found.cluster.unattended);
        assert_eq!(found.robot.as_deref(), Some("myorg+a"));
    }

    #[test]
    fn a_line_that_is_wrong_is_read_as_far_as_it_goes() {
        let found = read(&["verify", "--registry", "quay.example.com", "--nonsense"]);
        let registry = found.quay.registry.map(String::from);
        assert_eq!(registry.as_deref(), Some("quay.example.com"));
        for line in [&["--nonsense"][..], &["--help"], &["verify"], &[]] {
            assert!(read(line).cluster.unattended, "{line:?}");
        }
    }
}
