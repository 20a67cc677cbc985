//! Where a command's words go: data to stdout, everything else to stderr.

use super::escape::{escape_and_cut, escape_control};
use super::exit::Exit;
use super::global_args::GlobalArgs;
use super::output::{OutputFormat, Report};
use super::progress::TerminalProgress;
use super::typed::hint_text;
use crate::Failure;
use crate::invocation::Invocation;
use serde::Serialize;
use std::cell::Cell;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Characters of one line on stderr.
const LONGEST_LINE: usize = 4_000;

/// The two streams of a command and what is known of them.
pub struct Console {
    invocation: Invocation,
    quiet: bool,
    color: bool,
    stdin_terminal: bool,
    stdout_terminal: bool,
    stderr_terminal: bool,
    progress: TerminalProgress,
    /// The format that a program reads the result in, if one does.
    format: Option<OutputFormat>,
    /// Whether anything is on stdout yet.
    has_written: Cell<bool>,
}

impl Console {
    /// `format` is what `-o` says, where the command has it.
    pub(crate) fn new(
        invocation: Invocation,
        global: &GlobalArgs,
        format: Option<OutputFormat>,
    ) -> Self {
        let stderr_terminal = io::stderr().is_terminal();
        // The log and a bar would overwrite each other.
        let bar = stderr_terminal && !global.quiet && global.verbose == 0;
        Self {
            invocation,
            quiet: global.quiet,
            color: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            stdin_terminal: io::stdin().is_terminal(),
            stdout_terminal: io::stdout().is_terminal(),
            stderr_terminal,
            progress: TerminalProgress::new(bar),
            format: format.filter(|format| format.is_document()),
            has_written: Cell::new(false),
        }
    }

    /// What the user typed to get here, for hints.
    pub fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// The progress bar, for the rooms that work.
    pub fn progress(&self) -> &TerminalProgress {
        &self.progress
    }

    /// Whether stdin is a terminal.
    pub fn stdin_is_terminal(&self) -> bool {
        self.stdin_terminal
    }

    /// Whether stdout is a terminal.
    pub fn stdout_is_terminal(&self) -> bool {
        self.stdout_terminal
    }

    /// Whether stderr is a terminal.
    pub fn stderr_is_terminal(&self) -> bool {
        self.stderr_terminal
    }

    /// Writes data to stdout exactly as it is.
    ///
    /// # Errors
    /// [`Failure::broken_pipe`] when the reader is gone, otherwise the I/O error.
    pub fn data(&self, data: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.has_written.set(true);
        self.progress
            .suspend(|| {
                let mut stdout = io::stdout().lock();
                stdout
                    .write_all(data.as_ref())
                    .and_then(|()| stdout.flush())
            })
            .map_err(|error| match error.kind() {
                ErrorKind::BrokenPipe => Failure::broken_pipe(),
                _ => Failure::new(format!("cannot write to stdout: {error}")),
            })
    }

    /// Whether what is written to stdout reaches nobody: its reader is gone, or it leads to
    /// /dev/null, as it also does where it was closed when the program started.
    pub fn stdout_is_dead(&self) -> bool {
        leads_nowhere(&io::stdout())
    }

    /// Writes a result to stdout in the format asked for.
    pub fn report(&self, report: &impl Report, format: OutputFormat) -> Result<(), Failure> {
        self.data(&format.render(report)?)
    }

    /// The end of a command: its report on stdout, what could not be looked at on stderr, and
    /// how it ends.
    ///
    /// # Errors
    /// The one failure that left nothing to report, and I/O errors of stdout.
    pub fn finish(&self, report: &impl Report, format: OutputFormat) -> Result<Exit, Failure> {
        let gaps = report.gaps();
        if format.is_for_people()
            && let Some(failure) = gaps.only_failure
        {
            return Err(failure);
        }
        if let Some(nothing) = report.nothing().filter(|_| format.is_for_people()) {
            self.note(nothing);
        }
        self.report(report, format)?;
        self.warn_each(&gaps.warnings);
        Ok(report.exit())
    }

    /// Tells the user something on stderr, unless `--quiet`.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.message(text.as_ref());
        }
    }

    /// Warns on stderr, always.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.message(&format!(
            "{} {}",
            self.paint("warning:", "33"),
            text.as_ref()
        ));
    }

    /// The failure that ends the command: on stderr, and for a program that reads stdout also
    /// there, unless it has a document already.
    pub(crate) fn end(&self, failure: &Failure) {
        self.failure(failure);
        if let Some(format) = self.format.filter(|_| !self.has_written.get()) {
            // Whoever cannot read it has the message on stderr.
            let _ = format
                .document(&Ended::of(failure))
                .and_then(|text| self.data(&text));
        }
    }

    /// Warns of each of these.
    pub fn warn_each(&self, texts: &[String]) {
        for text in texts {
            self.warn(text);
        }
    }

    /// Tells what went wrong and what to do next, on stderr.
    pub fn failure(&self, failure: &Failure) {
        self.tell(&self.paint("error:", "31"), failure);
    }

    /// The same of what does not keep the command from doing what it was asked for.
    pub fn warn_of(&self, failure: &Failure) {
        self.tell(&self.paint("warning:", "33"), failure);
    }

    fn tell(&self, title: &str, failure: &Failure) {
        let mut text = format!("{title} {}", failure.message());
        if let Some(next) = failure.next_step() {
            text.push_str(&format!("\n  next: {}", escape_control(&hint_text(next))));
        }
        self.message(&text);
    }

    fn message(&self, text: &str) {
        let mut lines = text.split('\n');
        let first = lines.next().unwrap_or_default();
        let mut text = self.escape_keeping_color(first);
        for line in lines {
            text.push_str(&further_line(line));
        }
        // Nothing can be said about a stderr that cannot be written to.
        let _ = self
            .progress
            .suspend(|| writeln!(io::stderr().lock(), "{text}"));
    }

    fn escape_keeping_color(&self, line: &str) -> String {
        // Our own prefix is the only place an escape sequence may stand.
        let cut = |text: &str| escape_and_cut(text, LONGEST_LINE);
        for prefix in ["warning:", "error:"] {
            let painted = [self.paint(prefix, "31"), self.paint(prefix, "33")];
            if let Some(found) = painted
                .iter()
                .find(|painted| line.starts_with(painted.as_str()))
            {
                return format!("{found}{}", cut(&line[found.len()..]));
            }
        }
        cut(line)
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.color && self.stderr_terminal {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A line after the first. Those of ours are indented; one that is not comes from elsewhere, and
/// must not look like a message of its own.
fn further_line(line: &str) -> String {
    let indent = match line.starts_with("  ") {
        true => "",
        false => "    ",
    };
    format!("\n{indent}{}", escape_and_cut(line, LONGEST_LINE))
}

#[cfg(unix)]
fn leads_nowhere(stream: &io::Stdout) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut asked = [PollFd::new(stream, PollFlags::OUT)];
    let is_broken = poll(&mut asked, Some(&now)).is_ok_and(|ready| ready > 0)
        && asked[0]
            .revents()
            .intersects(PollFlags::ERR | PollFlags::NVAL);
    let device = |file: std::fs::File| file.metadata().map(|found| found.rdev());
    let stream = stream.as_fd().try_clone_to_owned().map(std::fs::File::from);
    let null = std::fs::metadata("/dev/null").map(|found| found.rdev());
    let is_null = match (stream.and_then(device), null) {
        (Ok(stream), Ok(null)) => stream == null,
        _ => false,
    };
    is_broken || is_null
}

#[cfg(not(unix))]
fn leads_nowhere(_stream: &io::Stdout) -> bool {
    false
}

/// A command that ended before it had anything to report.
#[derive(Serialize)]
struct Ended<'a> {
    error: EndedBy<'a>,
}

#[derive(Serialize)]
struct EndedBy<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<'a> Ended<'a> {
    fn of(failure: &'a Failure) -> Self {
        Self {
            error: EndedBy {
                message: failure.message(),
                next: failure.next_step().map(hint_text),
            },
        }
    }
}
