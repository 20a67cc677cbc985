//! Why a request to an API server did not succeed.

use crate::Failure;
use crate::hint::{self, Hint};
use std::time::Duration;

/// A request's failure, as far as callers have to tell them apart.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The API server answered with a `Status` (or with something else, whose
    /// start is then the message).
    #[error("{message}")]
    Api {
        /// HTTP status.
        code: u16,
        /// `Status.reason`, such as `NotFound`; empty when there was none.
        reason: String,
        /// `Status.message`.
        message: String,
    },
    /// No answer within `--request-timeout`.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection could not be made or broke.
    #[error("{0}")]
    Transport(String),
    /// The object changed, which an earlier try of ours may have done: its answer was lost.
    #[error("{0}")]
    AfterLostAnswer(Box<CallError>),
    /// We do not do it, for this reason.
    #[error("{0}")]
    Refused(String),
    /// The answer is not what the API promises.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
}

impl CallError {
    fn code(&self) -> Option<u16> {
        match self {
            Self::Api { code, .. } => Some(*code),
            Self::AfterLostAnswer(error) => error.code(),
            _ => None,
        }
    }

    /// The object, or its namespace, is not there.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// The object changed since it was read, or already exists.
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(409)
    }

    /// The user has no right to do this.
    pub fn is_forbidden(&self) -> bool {
        self.code() == Some(403)
    }

    /// The server is there but does not take the request now.
    pub(super) fn is_overload(&self) -> bool {
        matches!(self.code(), Some(429 | 500..=599))
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.code(), Some(429 | 500 | 502 | 503 | 504))
            || matches!(self, Self::Transport(_))
    }

    /// The failure of `action` (such as "list secrets in namespace `x`") in `context`.
    pub fn into_failure(self, context: &str, action: &str) -> Failure {
        if let Self::AfterLostAnswer(error) = self {
            return error.into_failure(context, action);
        }
        let message = format!("cannot {action} (context {context}): {self}");
        let failure = match &self {
            Self::Timeout(_) | Self::Transport(_) | Self::Api { code: 500.., .. } => {
                Failure::unreachable(message)
            }
            _ => Failure::new(message),
        };
        match &self {
            Self::Api { code: 401, .. } => failure.next(
                Hint::from("sign in to the cluster again, then check with: ")
                    .run(hint::kubectl("auth whoami").at(context)),
            ),
            Self::Api { code: 403, .. } => failure.next(
                Hint::from("ask for that right, then check with: ")
                    .run(hint::kubectl("auth can-i --list").at(context)),
            ),
            Self::Timeout(_) | Self::Transport(_) => failure.next(
                Hint::from("check that the API server answers: ")
                    .run(hint::kubectl("version").at(context)),
            ),
            _ => failure,
        }
    }
}
