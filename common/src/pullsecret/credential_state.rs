//! What is known of a credential: compared with Quay's, and at its registry.

use crate::Failure;
use crate::failure::FailureKind;
use serde::Serialize;
use std::fmt;

/// Whether something pulls. Of two findings the later one here counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProofState {
    /// It does.
    Good,
    /// Somebody who had to be asked gave no answer.
    Unknown,
    /// It does not.
    Bad,
}

impl ProofState {
    /// Whether that will do, where what is not known may be allowed.
    pub fn passes(self, unknown_is_allowed: bool) -> bool {
        match self {
            Self::Good => true,
            Self::Unknown => unknown_is_allowed,
            Self::Bad => false,
        }
    }
}

/// A credential, compared with what is handed out for its account now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// It is the same.
    Current,
    /// It is a bridge's, while the robot's token is rotated.
    Bridged,
    /// Another one is handed out, or none.
    Stale,
    /// What is handed out is not known.
    Unknown,
    /// There is no token to compare.
    #[serde(rename = "-")]
    NotCompared,
}

/// What a registry says of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistryAnswer {
    /// It lets it in.
    Accepted,
    /// It does not.
    Refused,
    /// It does not answer.
    Unreachable,
    /// It wants the credential sent to another host, and so was not asked.
    Unknown,
    /// There is nobody to ask.
    #[serde(rename = "-")]
    NotAsked,
}

impl RegistryAnswer {
    /// What a question that failed comes to.
    pub(crate) fn without(failure: &Failure) -> Self {
        match failure.kind() {
            FailureKind::Untrusted => Self::Unknown,
            FailureKind::NotAsked => Self::NotAsked,
            _ => Self::Unreachable,
        }
    }
}

impl fmt::Display for TokenState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "current",
            Self::Bridged => "bridged",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::NotCompared => "-",
        })
    }
}

impl fmt::Display for RegistryAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
            Self::NotAsked => "-",
        })
    }
}

impl fmt::Display for ProofState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "yes",
            Self::Unknown => "unknown",
            Self::Bad => "no",
        })
    }
}
