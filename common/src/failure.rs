//! Why a command could not do what was asked.

use crate::hint::Hint;
use std::fmt;

/// What happened, to which object in which context, why, and what to type next.
///
/// `message` names the object and the reason in one sentence; `next` says what to type, as
/// a [`Hint`]. Neither ever holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    next: Option<Hint>,
    kind: FailureKind,
}

/// Decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Something failed, or a check found a problem: exit code 1.
    Failed,
    /// A server could not be reached, or did not answer in time: exit code 1.
    Unreachable,
    /// A server wants a credential sent where it does not belong: exit code 1.
    Untrusted,
    /// No authority that is trusted here signed a server's certificate: exit code 1.
    UnknownAuthority,
    /// A server was not asked at all: exit code 1.
    NotAsked,
    /// The command line cannot be carried out as written: exit code 2.
    Usage,
    /// The user broke off before anything was begun: exit code 130, as the shell has it for
    /// Ctrl-C. Work that was begun ends with a report, and exit code 1.
    Interrupted,
    /// The reader of our output went away: exit code 0, nothing is printed.
    BrokenPipe,
}

impl Failure {
    /// A failure of the work itself (exit code 1).
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            next: None,
            kind: FailureKind::Failed,
        }
    }

    /// A command line that cannot be carried out as written (exit code 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Usage,
            ..Self::new(message)
        }
    }

    /// A server that could not be reached (exit code 1).
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Unreachable,
            ..Self::new(message)
        }
    }

    /// The same, because a server wants a credential sent where it does not belong.
    #[must_use]
    pub fn untrusted(self) -> Self {
        Self {
            kind: FailureKind::Untrusted,
            ..self
        }
    }

    /// The same, because no authority that is trusted here signed the server's certificate.
    #[must_use]
    pub fn unknown_authority(self) -> Self {
        Self {
            kind: FailureKind::UnknownAuthority,
            ..self
        }
    }

    /// The same, because the server was not asked at all.
    #[must_use]
    pub fn not_asked(self) -> Self {
        Self {
            kind: FailureKind::NotAsked,
            ..self
        }
    }

    /// The user broke off at a question.
    pub fn interrupted() -> Self {
        Self {
            kind: FailureKind::Interrupted,
            ..Self::new("interrupted; nothing was changed")
        }
    }

    /// Nobody reads our output any more.
    pub fn broken_pipe() -> Self {
        Self {
            kind: FailureKind::BrokenPipe,
            ..Self::new("the reader of the output went away")
        }
    }

    /// Adds the exact next command (or the one thing to do) for the user.
    #[must_use]
    pub fn next(mut self, hint: impl Into<Hint>) -> Self {
        self.next = Some(hint.into());
        self
    }

    /// The commands of its hint are about the cluster of this context, where they name none.
    #[must_use]
    pub fn at(mut self, context: &str) -> Self {
        self.next = self.next.map(|hint| hint.at(context));
        self
    }

    /// Prefixes the message with the larger action that failed.
    #[must_use]
    pub fn context(mut self, action: impl fmt::Display) -> Self {
        self.message = format!("{action}: {}", self.message);
        self
    }

    /// What happened, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to type next, if there is such a thing.
    pub fn next_step(&self) -> Option<&Hint> {
        self.next.as_ref()
    }

    /// Which exit code this leads to.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
