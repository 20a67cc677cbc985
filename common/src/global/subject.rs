//! What is judged: a cluster's secret, or a file that is in none yet; and who mends it.

use super::fault::{broken, file_fault, from_ocm, repair_entry};
use super::observed::Observed;
use super::release::Release;
use crate::dockerconfig::Document;
use crate::hint::{self, Hint};
use crate::names::RobotName;
use crate::node_secrets::SecretName;

/// What is judged.
pub(super) enum Subject<'a> {
    /// A cluster's secret.
    Secret(&'a Observed),
    /// A file.
    File {
        /// As it was named.
        name: &'a str,
        /// The release of the cluster that it is for, as far as that is known.
        release: &'a Release,
    },
}

impl Subject<'_> {
    /// What the nodes run that pull with it.
    pub fn release(&self) -> &Release {
        match self {
            Self::Secret(observed) => &observed.release,
            Self::File { release, .. } => release,
        }
    }

    /// The entry that a content as a whole is broken at, what that breaks, and what repairs it.
    pub fn fault(
        &self,
        secret: Option<SecretName>,
        document: &Document,
    ) -> Option<(String, String, Hint)> {
        if let (Self::Secret(observed), Some(secret)) = (self, secret) {
            let fault = file_fault(observed, secret, document)?;
            return Some((fault.key, fault.reason, fault.next));
        }
        let (key, reason) = broken(document)?;
        let next = self.repair(&key);
        Some((key, reason, next))
    }

    /// What repairs an entry that cannot be read.
    pub fn repair(&self, key: &str) -> Hint {
        match self {
            Self::Secret(observed) => repair_entry(observed, key),
            Self::File { name, .. } => format!("correct the entry in {name}, or remove it").into(),
        }
    }

    /// What brings Red Hat's entries.
    pub fn red_hats(&self) -> Hint {
        match self {
            Self::Secret(_) => from_ocm(),
            Self::File { .. } => hint::global("ocm download -o FILE").into(),
        }
    }

    /// What brings the robot's current token.
    pub fn refresh(&self, robot: &RobotName) -> Hint {
        match self {
            Self::Secret(_) => hint::global("update").into(),
            Self::File { name, .. } => Hint::from(format!("put the current token into {name}: "))
                .run(hint::robot("token").arg(robot)),
        }
    }

    /// What takes an entry away.
    pub fn without(&self, key: &str) -> Hint {
        match self {
            Self::Secret(_) => hint::global("remove").arg(key).into(),
            Self::File { name, .. } => format!("remove the entry from {name}").into(),
        }
    }

    /// The same check once more, with a flag.
    pub fn verify_with(&self, flag: &str) -> hint::Command {
        let verify = hint::global("verify");
        match self {
            Self::Secret(_) => verify.words(flag),
            Self::File { name, .. } => verify.words("--authfile").arg(name).words(flag),
        }
    }
}
