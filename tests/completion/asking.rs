//! Asking kubectl itself what it would offer at a TAB.

use quay_tests::{Plugin, TestContext};
use std::path::PathBuf;

/// What kubectl offers, and what it tells the shell to do.
pub struct Offered {
    pub choices: Vec<String>,
    pub directive: String,
}

/// Puts the plugin on the runs' PATH under the name krew gives it, with its completers.
pub fn install(context: &mut TestContext, binary: Plugin, plugin: &str) -> PathBuf {
    let folder = context.path("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let link = folder.join(plugin);
    std::os::unix::fs::symlink(binary, &link).unwrap();
    context.set(
        "PATH",
        &format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display()),
    );
    // What is offered is tested here, how fast it comes is not: this machine may be busy.
    context.set("QUAY_COMPLETION_TIMEOUT", "30s");
    let plugin = link.to_string_lossy().into_owned();
    let installed = context.program(&plugin, ["completion", "install"]).run();
    installed.expect(0);
    folder
}

/// Asks kubectl; neither it nor the plugin may say anything a terminal would show.
#[track_caller]
pub fn offered(context: &TestContext, words: &[&str]) -> Offered {
    let words: Vec<&str> = ["__complete"].iter().chain(words).copied().collect();
    let output = context.program("kubectl", &words).run().expect(0);
    for line in output.stderr.lines() {
        let of_kubectl = ["[Debug]", "Completion ended with directive"];
        assert!(
            of_kubectl.iter().any(|start| line.starts_with(start)),
            "on the terminal: {line}"
        );
    }
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    let directive = lines.pop().unwrap_or_default().to_owned();
    let choices = lines.iter().map(|line| line.split('\t').next().unwrap());
    Offered {
        choices: choices.map(str::to_owned).collect(),
        directive,
    }
}
