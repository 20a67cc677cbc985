//! What the user typed to get here.

use std::path::Path;

/// Between host and plugin in the name of a completer: `kubectl_complete-quay_robot`.
pub(crate) const COMPLETER: &str = "_complete-";

/// The words that start this plugin, derived from the name of the executable.
///
/// kubectl turns `kubectl quay-robot` into the file `kubectl-quay_robot` and
/// `kubectl quay robot` into `kubectl-quay-robot`; oc does the same with `oc-`
/// (kubectl, pkg/cmd/plugin.go). Reading the name backwards gives the words to
/// show in help, errors and hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    host: String,
    dashed: bool,
    plugin: String,
}

impl Invocation {
    /// Reads the executable's name; `plugin` (such as `quay-robot`) is what this
    /// binary is, for a name that does not follow the convention.
    pub fn from_executable(executable: &str, plugin: &str) -> Self {
        let file = Path::new(executable)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or(plugin);
        let default_host = if plugin == "quay-global" {
            "oc"
        } else {
            "kubectl"
        };
        let host = file
            .split_once('-')
            .map(|(host, _)| host)
            .filter(|host| matches!(*host, "kubectl" | "oc"))
            .unwrap_or(default_host);
        let spaced = file == format!("{host}-{plugin}");
        Self {
            host: host.to_owned(),
            dashed: !spaced,
            plugin: plugin.to_owned(),
        }
    }

    /// Whether the executable was called as the completer of kubectl or oc.
    pub(crate) fn is_completer(executable: &str) -> bool {
        let file = Path::new(executable).file_stem().unwrap_or_default();
        let file = file.to_string_lossy();
        let host = file.split_once(COMPLETER).map(|(host, _)| host);
        matches!(host, Some("kubectl" | "oc"))
    }

    /// The words to type for this plugin: `kubectl quay-robot`.
    pub fn typed(&self) -> String {
        self.with_host(&self.host, &self.plugin)
    }

    /// The words to type for a plugin of the suite, in the same manner; its own for this one.
    pub fn words_of(&self, plugin: &str) -> String {
        match plugin == "quay-global" && plugin != self.plugin {
            true => self.with_host("oc", plugin),
            false => self.with_host(&self.host, plugin),
        }
    }

    fn with_host(&self, host: &str, plugin: &str) -> String {
        let name = if self.dashed {
            plugin.to_owned()
        } else {
            plugin.replace('-', " ")
        };
        format!("{host} {name}")
    }

    /// The program that starts the plugin: `kubectl` or `oc`, which has all of kubectl's commands.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The plugin's own name: `quay-robot`.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(executable: &str, plugin: &str) -> String {
        Invocation::from_executable(executable, plugin).typed()
    }

    #[test]
    fn usage_shows_what_the_user_typed() {
        assert_eq!(
            typed("/usr/bin/kubectl-quay_robot", "quay-robot"),
            "kubectl quay-robot"
        );
        assert_eq!(
            typed("kubectl-quay-robot", "quay-robot"),
            "kubectl quay robot"
        );
        assert_eq!(typed("oc-quay_global", "quay-global"), "oc quay-global");
        assert_eq!(typed("/x/oc-quay-global", "quay-global"), "oc quay global");
        assert_eq!(
            typed("kubectl-quay_global", "quay-global"),
            "kubectl quay-global"
        );
        assert_eq!(typed("oc-quay_robot", "quay-robot"), "oc quay-robot");
        assert_eq!(
            typed("C:\\bin\\anything.exe", "quay-robot"),
            "kubectl quay-robot"
        );
    }

    #[test]
    fn only_the_names_that_hosts_look_for_are_completers() {
        for name in [
            "/x/kubectl_complete-quay_robot",
            "oc_complete-quay-global.exe",
        ] {
            assert!(Invocation::is_completer(name), "{name}");
        }
        for name in ["kubectl-quay_robot", "bash_complete-quay_robot", ""] {
            assert!(!Invocation::is_completer(name), "{name}");
        }
    }

    #[test]
    fn a_sibling_is_shown_in_the_same_manner() {
        let invocation = Invocation::from_executable("kubectl-quay-robot", "quay-robot");
        assert_eq!(
            invocation.words_of("quay-pullsecret"),
            "kubectl quay pullsecret"
        );
        assert_eq!(invocation.words_of("quay-global"), "oc quay global");
        let global = Invocation::from_executable("kubectl-quay_global", "quay-global");
        assert_eq!(global.words_of("quay-global"), "kubectl quay-global");
    }
}
