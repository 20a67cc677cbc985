//! Running a process to its end, or ending it.

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
    run_typing(command, stdin.to_vec(), || true)
}

/// Like [`run`], but nothing is typed before `ready`.
pub(crate) fn run_typing(
    mut command: Command,
    stdin: Vec<u8>,
    ready: impl Fn() -> bool + Send + 'static,
) -> Output {
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
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let ended = stdout
        .recv_timeout(LIMIT)
        .ok()
        .zip(stderr.recv_timeout(LIMIT).ok());
    let Some((stdout, stderr)) = ended else {
        end(&mut child);
        panic!("{program} did not end within {LIMIT:?}");
    };
    let status = child
        .wait()
        .unwrap_or_else(|error| panic!("cannot wait for {program}: {error}"));
    Output {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
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

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
