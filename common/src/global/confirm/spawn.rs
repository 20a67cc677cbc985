//! Starting a watchdog.

use super::Pending;
use crate::Failure;
use crate::cluster::ClusterArgs;
use crate::hint::{self, Hint};
use crate::place::IN_CLUSTER;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// The word that a watchdog says once it holds its lock.
pub const READY: &str = "ready";

/// Credentials that a watchdog does not need, and so does not get.
const NOT_INHERITED: [&str; 4] = [
    "QUAY_API_TOKEN",
    "QUAY_ROBOT_TOKEN",
    "OCM_TOKEN",
    "OCM_CLIENT_SECRET",
];

/// Stores the pending write and starts its watchdog: `arguments` of this same executable.
/// Returns when the watchdog has left the terminal's session and holds its lock.
///
/// # Errors
/// The watchdog did not come up, and the write must not be sent.
pub(super) fn arm(pending: &Pending, command: &str, cluster: &ClusterArgs) -> Result<(), Failure> {
    pending.store()?;
    start(pending, command, cluster).map_err(|reason| {
        let _ = pending.forget();
        Failure::new(format!(
            "nothing was written, because the watchdog that would undo the change did not start: \
             {reason}"
        ))
        .next(
            Hint::from("run the command without --confirm-within, and follow the change with ")
                .run(hint::global("status").at(&pending.context)),
        )
    })
}

fn start(pending: &Pending, subcommand: &str, cluster: &ClusterArgs) -> Result<(), String> {
    let executable = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(executable);
    command
        .arg(subcommand)
        .arg(&pending.id)
        .args(arguments(cluster, &pending.context))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    without_console(&mut command);
    let mut watchdog = command.spawn().map_err(|error| error.to_string())?;
    let mut line = String::new();
    if let Some(stdout) = watchdog.stdout.take() {
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
    }
    match line.trim() {
        READY => Ok(()),
        _ => Err("the process ended early".to_owned()),
    }
}

/// The flags that lead the watchdog to the same cluster.
fn arguments(cluster: &ClusterArgs, context: &str) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut flag = |name: &str, value: OsString| {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value);
        arguments.push(argument);
    };
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // Inside a cluster there is no kubeconfig, and so no context to name.
    if context != IN_CLUSTER {
        flag("context", context.into());
    }
    if let Some(path) = &cluster.kubeconfig {
        flag("kubeconfig", absolute(path).into());
    }
    if let Some(user) = &cluster.as_user {
        flag("as", user.into());
    }
    for group in &cluster.as_group {
        flag("as-group", group.into());
    }
    if let Some(path) = &cluster.certificate_authority {
        flag("certificate-authority", absolute(path).into());
    }
    let timeout = format!("{}ms", cluster.request_timeout.as_millis());
    flag("request-timeout", timeout.into());
    if cluster.insecure_skip_tls_verify {
        arguments.push("--insecure-skip-tls-verify".into());
    }
    arguments
}

#[cfg(windows)]
fn without_console(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const DETACHED_PROCESS: u32 = 8;
    command.creation_flags(DETACHED_PROCESS);
}

/// Elsewhere the watchdog leaves the session by itself.
#[cfg(not(windows))]
fn without_console(_command: &mut Command) {}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        cluster: ClusterArgs,
    }

    #[test]
    fn a_watchdog_reaches_the_cluster_its_write_went_to() {
        let typed = [
            "x",
            "--context=a,b",
            "--kubeconfig=/k",
            "--as=me",
            "--as-group=g",
            "--request-timeout=1500ms",
            "--insecure-skip-tls-verify",
        ];
        let typed = Cli::parse_from(typed).cluster;
        let words = [OsString::from("x")]
            .into_iter()
            .chain(arguments(&typed, "b"));
        let reached = Cli::parse_from(words).cluster;
        assert_eq!(reached.contexts, ["b"]);
        assert_eq!(reached.kubeconfig, typed.kubeconfig);
        assert_eq!(reached.as_user, typed.as_user);
        assert_eq!(reached.as_group, typed.as_group);
        assert_eq!(reached.request_timeout, typed.request_timeout);
        assert!(reached.insecure_skip_tls_verify);
        assert!(
            arguments(&typed, IN_CLUSTER)
                .iter()
                .all(|word| word != "--context=in-cluster")
        );
    }
}
