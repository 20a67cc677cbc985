//! The one place that prints.

use std::io::{self, IsTerminal, Write};

/// Where everything the developer sees goes: results to stdout, remarks to stderr.
#[derive(Clone, Copy)]
pub struct Screen {
    color: bool,
}

impl Screen {
    pub fn new() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            color: io::stdout().is_terminal() && !plain,
        }
    }

    /// A line of the result.
    pub fn line(&self, text: &str) {
        // Who closed the pipe does not want to read on.
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// Text of the result that ends its own lines.
    pub fn text(&self, text: &str) {
        let _ = write!(io::stdout(), "{text}");
        if !text.is_empty() && !text.ends_with('\n') {
            let _ = writeln!(io::stdout());
        }
    }

    /// A heading, with an empty line before it.
    pub fn heading(&self, text: &str) {
        self.line("");
        self.line(&self.paint("1;36", text));
    }

    /// A command as one would type it.
    pub fn command(&self, text: &str) {
        self.line(&self.paint("1", &format!("$ {text}")));
    }

    /// A remark about what comes next or came out, set apart from what was printed by others.
    pub fn remark(&self, text: &str) {
        for line in text.lines() {
            self.line(&self.paint("2", &format!("# {line}")));
        }
    }

    /// Something that holds.
    pub fn holds(&self, text: &str) {
        self.line(&format!("{} {text}", self.paint("32", "✔")));
    }

    /// Something that does not hold.
    pub fn fails(&self, text: &str) {
        self.line(&format!("{} {text}", self.paint("31", "✘")));
    }

    /// What is being done, for whoever waits.
    pub fn progress(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Why it ended early.
    pub fn error(&self, text: &str) {
        let _ = io::stdout().flush();
        let _ = writeln!(io::stderr(), "error: {text}");
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
