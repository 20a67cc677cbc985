//! What may be told of a kubeconfig's credential plugin that failed: never its stdout, which
//! may hold a token.

use crate::Failure;
use crate::hint::{self, Hint};
use kube::client::AuthError;
use kube::config::ExecConfig;

/// Longer first lines are cut.
const LONGEST_LINE: usize = 200;

/// Why there is no client for `context`, whose kubeconfig names this plugin.
pub(super) fn failure(error: &kube::Error, plugin: Option<&ExecConfig>, context: &str) -> Failure {
    let (reason, install) = match error {
        kube::Error::Auth(error) => {
            let name = plugin.and_then(|plugin| plugin.command.as_deref());
            (reason(error, name), install_hint(error, plugin))
        }
        other => (other.to_string(), None),
    };
    let check = hint::kubectl("version").at(context);
    Failure::new(format!("cannot connect with context `{context}`: {reason}"))
        .next(install.map_or_else(|| check.into(), Hint::from))
}

/// What the plugin, called `name` in the kubeconfig, did instead of printing a credential.
pub(super) fn reason(error: &AuthError, name: Option<&str>) -> String {
    let plugin = match name {
        Some(name) => format!("the credential plugin `{name}`"),
        None => "the kubeconfig's credential plugin".to_owned(),
    };
    match error {
        AuthError::AuthExecStart(error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("{plugin} is not installed")
        }
        AuthError::AuthExecStart(error) => format!("cannot start {plugin}: {error}"),
        AuthError::AuthExecRun { out, .. } => {
            format!(
                "{plugin} failed ({}){}",
                out.status,
                first_line(&out.stderr)
            )
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            format!("{plugin} did not print an ExecCredential")
        }
        other => other.to_string(),
    }
}

/// The kubeconfig's own words on how to get a plugin that is not there.
fn install_hint(error: &AuthError, plugin: Option<&ExecConfig>) -> Option<String> {
    let AuthError::AuthExecStart(error) = error else {
        return None;
    };
    let hint = plugin?.install_hint.as_deref()?.trim();
    (error.kind() == std::io::ErrorKind::NotFound && !hint.is_empty()).then(|| hint.to_owned())
}

/// A plugin that may ask questions has the terminal's stderr: then nothing is left to tell.
fn first_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    match text.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => format!(": {}", line.chars().take(LONGEST_LINE).collect::<String>()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::hint_text;

    #[test]
    fn the_first_line_that_says_something_is_told_and_not_more() {
        assert_eq!(
            first_line(b"\n  no session \nstack trace\n"),
            ": no session"
        );
        assert_eq!(first_line(b"\n \n"), "");
        assert_eq!(first_line(&[b'x'; 300]).len(), 2 + LONGEST_LINE);
    }

    #[test]
    fn only_a_plugin_that_is_missing_is_to_be_installed() {
        let plugin = ExecConfig {
            command: Some("aws".to_owned()),
            install_hint: Some("brew install awscli\n".to_owned()),
            ..ExecConfig::default()
        };
        let started = |kind: std::io::ErrorKind| {
            let error = kube::Error::Auth(AuthError::AuthExecStart(kind.into()));
            failure(&error, Some(&plugin), "prod")
        };
        let next = |failure: &Failure| hint_text(failure.next_step().unwrap());
        let missing = started(std::io::ErrorKind::NotFound);
        assert_eq!(
            missing.message(),
            "cannot connect with context `prod`: the credential plugin `aws` is not installed"
        );
        assert_eq!(next(&missing), "brew install awscli");
        let denied = started(std::io::ErrorKind::PermissionDenied);
        assert_eq!(next(&denied), "kubectl --context prod version");
    }
}
