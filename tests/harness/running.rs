//! A run of the binary while it runs.

use super::context::Run;
use super::process::{Output, Process};
use quay_sandbox::http::Hold;
use std::time::{Duration, Instant};

/// How often it is looked at whether a run has ended.
const GLANCE: Duration = Duration::from_millis(5);

/// Longer than any run takes to send a request.
const LIMIT: Duration = Duration::from_secs(60);

/// One run that was started. It is killed if it is dropped.
pub struct Running<'a> {
    run: Run<'a>,
    process: Process,
}

impl<'a> Running<'a> {
    pub(crate) fn new(run: Run<'a>, process: Process) -> Self {
        Self { run, process }
    }

    /// Waits until so many of its requests are held there; `false` if it ended without.
    pub fn reaches(&mut self, hold: &Hold, requests: usize) -> bool {
        let deadline = Instant::now() + LIMIT;
        loop {
            // Asked first: what it sent before it ended counts.
            let ended = self.process.has_ended();
            if hold.wait_for(requests, GLANCE) {
                return true;
            }
            if ended {
                return false;
            }
            assert!(Instant::now() < deadline, "no request within {LIMIT:?}");
        }
    }

    /// Ends it at once with SIGKILL, and fails if it gave a token away until then.
    #[track_caller]
    pub fn kill(mut self) -> Output {
        self.process.kill();
        self.wait()
    }

    /// Sends it SIGINT, as Ctrl-C does.
    #[track_caller]
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends it a signal, such as `TERM`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let (id, flag) = (self.process.id().to_string(), format!("-{name}"));
        let sent = std::process::Command::new("kill")
            .args([&flag, &id])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "kill {flag} {id}"
        );
    }

    /// Waits for its end, and fails if it gave a token away.
    #[track_caller]
    pub fn wait(self) -> Output {
        let output = self.process.wait();
        self.run.check_all(&output);
        output
    }

    /// Waits for its end like [`Running::wait`], and fails if its command line, or that of
    /// a process it started, ever held a token.
    #[track_caller]
    pub fn wait_and_watch(mut self) -> Output {
        while !self.process.has_ended() {
            for line in command_lines(self.process.id()) {
                self.run.check("a command line", &line);
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        self.wait()
    }
}

/// The command lines of a process and of those it started, as `/proc` shows them to
/// everybody. One that ends meanwhile is left out.
fn command_lines(id: u32) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    lines.extend(std::fs::read(format!("/proc/{id}/cmdline")));
    let Ok(threads) = std::fs::read_dir(format!("/proc/{id}/task")) else {
        return lines;
    };
    for thread in threads.flatten() {
        let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        for child in children
            .split_whitespace()
            .filter_map(|child| child.parse().ok())
        {
            lines.extend(command_lines(child));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::TestContext;

    #[test]
    #[should_panic(expected = "on a command line")]
    fn a_token_on_the_command_line_of_a_child_is_seen() {
        let mut context = TestContext::new("sh");
        let token = "T".repeat(40);
        context.watch(&token);
        // The token comes from the environment; only the inner shell has it as an argument.
        let script = r#"sh -c 'sleep 0.5; :' "$HIDDEN"; :"#;
        let run = context.command(["-c", script]).env("HIDDEN", &token);
        run.spawn().wait_and_watch();
    }
}
