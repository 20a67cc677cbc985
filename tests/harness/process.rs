//! Running a process to its end, or ending it.

use serde_json::Value;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything a command waits for.
const LIMIT: Duration = Duration::from_secs(120);

/// What came out of one run.
#[derive(Debug, Clone)]
pub struct Output {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Everything written to stdout.
    pub stdout: String,
    /// Everything written to stderr.
    pub stderr: String,
}

impl Output {
    /// Fails unless the exit code is `code`; shows everything that was said.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Fails unless stderr holds `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "stderr does not say {text:?}:\n{}",
            self.stderr
        );
        self
    }

    /// The items of the plugin's JSON.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        let report: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON on stdout: {error}:\n{}", self.stdout));
        report["items"].as_array().cloned().unwrap_or_default()
    }

    /// Fails unless stdout holds `text`.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "stdout does not hold {text:?}:\n{}",
            self.stdout
        );
        self
    }
}

/// Runs `command` with `stdin` and waits for it; one that does not end is killed.
pub(crate) fn run(command: Command, stdin: &[u8]) -> Output {
    Process::start(command, stdin).wait()
}

/// A process that was started and has not been waited for.
pub(crate) struct Process {
    program: String,
    child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

impl Process {
    /// Starts `command`, hands it `stdin` and closes that.
    pub(crate) fn start(command: Command, stdin: &[u8]) -> Self {
        Self::start_typing(command, stdin.to_vec(), || true)
    }

    /// The same, but nothing is typed before `ready`.
    pub(crate) fn start_typing(
        mut command: Command,
        stdin: Vec<u8>,
        ready: impl Fn() -> bool + Send + 'static,
    ) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        if let Some(mut pipe) = child.stdin.take() {
            std::thread::spawn(move || {
                let deadline = Instant::now() + LIMIT;
                while !ready() && Instant::now() < deadline {
                    std::thread::yield_now();
                }
                // A command that reads nothing may be gone already.
                let _ = pipe.write_all(&stdin);
            });
        }
        Self {
            program,
            stdout: collect(child.stdout.take()),
            stderr: collect(child.stderr.take()),
            child,
        }
    }

    /// Its id; nobody else gets it before [`Process::wait`].
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, without a chance to clean up.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for its end; one that does not end is killed, and the test fails.
    pub(crate) fn wait(mut self) -> Output {
        let stdout = self.stdout.recv_timeout(LIMIT).ok();
        let stderr = self.stderr.recv_timeout(LIMIT).ok();
        let Some((stdout, stderr)) = stdout.zip(stderr) else {
            let program = self.program.clone();
            drop(self);
            panic!("{program} did not end within {LIMIT:?}");
        };
        let status = self.child.wait();
        let status =
            status.unwrap_or_else(|error| panic!("cannot wait for {}: {error}", self.program));
        Output {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (done, result) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = done.send(bytes);
    });
    result
}
