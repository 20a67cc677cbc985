//! Questions, on a terminal only. Every question has a flag that answers it.

use super::{Console, escape_control};
use crate::Failure;
use dialoguer::{FuzzySelect, Password};
use secrecy::SecretString;
use std::io::{Write, stderr, stdin};

impl Console {
    /// Asks yes or no; elsewhere than on a terminal the answer has to be `flag`. Only `y` or
    /// `yes` is a yes, and so Ctrl-D is a no.
    pub fn confirm(&self, question: &str, flag: &str) -> Result<bool, Failure> {
        self.require_terminal(question, &format!("pass {flag} to answer yes"))?;
        // A line as the terminal gives it: a prompt in raw mode leaves the cursor hidden when
        // Ctrl-C ends the process.
        self.progress().suspend(|| {
            let mut answer = String::new();
            let asked = write!(stderr(), "{} [y/N] ", escape_control(question));
            asked
                .and_then(|()| stderr().flush())
                .and_then(|()| stdin().read_line(&mut answer))
                .map_err(|error| Failure::new(format!("the question was not answered: {error}")))?;
            if answer.is_empty() {
                // Nobody ended the line.
                let _ = writeln!(stderr());
            }
            Ok(matches!(
                answer.trim().to_ascii_lowercase().as_str(),
                "y" | "yes"
            ))
        })
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

    /// Lets the user pick one of `choices` by typing a part of it.
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
                .interact()
                .map_err(prompt_failed)
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

fn prompt_failed(error: dialoguer::Error) -> Failure {
    Failure::new(format!("the question was not answered: {error}"))
}
