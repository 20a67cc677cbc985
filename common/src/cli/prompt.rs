//! Questions, on a terminal only. Every question has a flag that answers it.

use super::console::Console;
use super::escape::escape_control;
use crate::Failure;
use dialoguer::{FuzzySelect, Password};
use secrecy::SecretString;
use std::io::{self, Write, stderr, stdin};

impl Console {
    /// Asks yes or no; elsewhere than on a terminal the answer has to be `flag`. Only `y` or
    /// `yes` is a yes, and so Ctrl-D is a no.
    pub fn confirm(&self, question: &str, flag: &str) -> Result<bool, Failure> {
        self.require_terminal(question, &format!("pass {flag} to answer yes"))?;
        // A line as the terminal gives it: a prompt in raw mode leaves the cursor hidden when
        // Ctrl-C ends the process.
        self.progress().suspend(|| {
            put(question)
                .and_then(|()| read_answer())
                .map_err(unanswered)
        })
    }

    /// The same, while other work goes on: whoever waits for it can stop waiting.
    pub async fn confirm_meanwhile(&self, question: &str, flag: &str) -> Result<bool, Failure> {
        self.require_terminal(question, &format!("pass {flag} to answer yes"))?;
        self.progress()
            .suspend(|| put(question))
            .map_err(unanswered)?;
        match tokio::task::spawn_blocking(read_answer).await {
            Ok(answer) => answer.map_err(unanswered),
            Err(error) => Err(unanswered(error.into())),
        }
    }

    /// Asks for a secret without showing it; `elsewhere` says how to give it otherwise.
    pub fn password(&self, question: &str, elsewhere: &str) -> Result<SecretString, Failure> {
        self.require_terminal(question, elsewhere)?;
        self.progress().suspend(|| {
            Password::new()
                .with_prompt(question)
                .interact()
                .map(SecretString::from)
                .map_err(prompt_failed)
        })
    }

    /// Lets the user pick one of `choices` by typing a part of it. Esc ends the command as
    /// Ctrl-C does.
    pub fn choose(
        &self,
        question: &str,
        choices: &[String],
        elsewhere: &str,
    ) -> Result<usize, Failure> {
        self.require_terminal(question, elsewhere)?;
        self.progress().suspend(|| {
            FuzzySelect::new()
                .with_prompt(question)
                .items(choices)
                .default(0)
                .interact_opt()
                .map_err(prompt_failed)?
                .ok_or_else(Failure::interrupted)
        })
    }

    /// Whether a question can be asked at all.
    pub fn can_ask(&self) -> bool {
        self.stdin_is_terminal() && self.stderr_is_terminal()
    }

    fn require_terminal(&self, question: &str, elsewhere: &str) -> Result<(), Failure> {
        if self.can_ask() {
            return Ok(());
        }
        Err(Failure::usage(format!("cannot ask \"{question}\" without a terminal")).next(elsewhere))
    }
}

fn put(question: &str) -> io::Result<()> {
    write!(stderr(), "{} [y/N] ", escape_control(question))?;
    stderr().flush()
}

fn read_answer() -> io::Result<bool> {
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if answer.is_empty() {
        // Nobody ended the line.
        let _ = writeln!(stderr());
    }
    let answer = answer.trim().to_ascii_lowercase();
    Ok(matches!(answer.as_str(), "y" | "yes"))
}

fn unanswered(error: io::Error) -> Failure {
    Failure::new(format!("cannot read the answer: {error}"))
}

fn prompt_failed(error: dialoguer::Error) -> Failure {
    Failure::new(format!("cannot read the answer: {error}"))
}
