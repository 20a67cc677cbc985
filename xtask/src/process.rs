//! Running other programs without leaving any behind.

use crate::interrupt;
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A process that is ended, by its id, when this is dropped before it ended by itself.
pub struct Running(Child);

impl Running {
    pub fn start(mut command: Command) -> Result<Self> {
        interrupt::check()?;
        let program = name(&command);
        let child = command.spawn();
        child
            .map(Self)
            .with_context(|| format!("cannot start {program}"))
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.0.wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// What a program said, as a terminal would have shown it, and how it ended.
pub struct Said {
    /// stdout and stderr in the order they were written.
    pub text: String,
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
}

/// Runs a program with no stdin and keeps what it says.
pub fn listen(mut command: Command) -> Result<Said> {
    command.stdin(Stdio::null());
    listen_to(command)
}

/// Runs a program whose stdin has been set, and keeps what it says.
pub fn listen_to(mut command: Command) -> Result<Said> {
    let (mut reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let program = name(&command);
    let mut running = Running::start(command)?;
    let mut bytes = Vec::new();
    // `command`, and with it our end of the pipe, is gone: the end is the program's end.
    reader.read_to_end(&mut bytes)?;
    let status = running
        .wait()
        .with_context(|| format!("cannot wait for {program}"))?;
    interrupt::check()?;
    Ok(Said {
        text: String::from_utf8_lossy(&bytes).into_owned(),
        code: status.code(),
    })
}

/// Runs a program that has to succeed, and returns its stdout.
pub fn output(mut command: Command) -> Result<Vec<u8>> {
    interrupt::check()?;
    let program = name(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    interrupt::check()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} failed ({}): {}", output.status, said.trim());
    }
    Ok(output.stdout)
}

/// Runs a program whose words go straight to the terminal, and tells how it ended.
pub fn show(mut command: Command) -> Result<ExitStatus> {
    command.stdin(Stdio::null());
    let status = Running::start(command)?.wait()?;
    interrupt::check()?;
    Ok(status)
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
