//! Secrets that no pod can pull with as they are, and what to do about them.

use super::secret::PullSecret;
use crate::hint::{self, Hint, edit_secret};
use crate::kubelet::{Unused, UnusedKey};
use crate::names::RobotName;

/// Why no pod can pull with a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Its type is no pull secret's.
    #[error("the secret has type `{0}`, which no kubelet accepts for a pull secret")]
    OtherType(String),
    /// A kubelet gets nothing from the content.
    #[error("the secret {0}")]
    Unused(Unused),
    /// A kubelet uses none of its keys.
    #[error("no pod pulls with its key `{key}`: it {why}")]
    UnusedKey {
        /// The first of them.
        key: String,
        why: UnusedKey,
        /// The robot it holds.
        robot: Option<RobotName>,
    },
    /// The kubelet refuses every pod that names it, whatever else the pod names.
    #[error("the secret is broken ({0}), and a kubelet pulls nothing for a pod that uses it")]
    Broken(String),
}

impl Unusable {
    /// Why no pod can pull with the secret. One without an entry is none of these: it is only
    /// not filled yet.
    pub(super) fn of(secret: &PullSecret) -> Option<Self> {
        let document = match &secret.document {
            Ok(document) => document,
            Err(error) => return Some(Self::Broken(error.to_string())),
        };
        if let Some(fault) = document.fault() {
            return Some(Self::Broken(fault.to_string()));
        }
        match document.unused() {
            Some(Unused::ConfigJsonInDockercfg) => {
                return Some(Self::Unused(Unused::ConfigJsonInDockercfg));
            }
            Some(_) => return None,
            None => {}
        }
        let mut all = document.entries().map(|(key, read)| {
            let why = UnusedKey::of(key)?;
            let robot = read.ok().and_then(|found| found.username.parse().ok());
            let key = key.to_owned();
            Some(Self::UnusedKey { key, why, robot })
        });
        let first = all.next()??;
        all.all(|unused| unused.is_some()).then_some(first)
    }

    /// Why a secret that has to hold an entry more cannot be given it.
    pub(super) fn of_target(secret: &PullSecret) -> Option<Self> {
        Self::of(secret).filter(|why| matches!(why, Self::Unused(_)))
    }

    /// Whether pods that pull without it no longer do once they name it.
    pub(super) fn breaks_pods(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// What to do about it, so that pods can pull with a secret of that name.
    pub(super) fn remedy(&self, namespace: &str, name: &str) -> Hint {
        let sync = hint::pullsecret("sync -n").arg(namespace);
        let sync = sync.words("--secret-name").arg(name).words("--robot");
        match self {
            Self::OtherType(_) | Self::Unused(_) => delete(namespace, name)
                .say(" (its type cannot be changed), then: ")
                .run(sync),
            Self::UnusedKey {
                robot: Some(robot), ..
            } => sync.arg(robot).into(),
            Self::UnusedKey { robot: None, .. } | Self::Broken(_) => {
                edit_secret(namespace, name).into()
            }
        }
    }

    /// What to do for who wants to write a robot into a secret of that name.
    pub(super) fn remedy_of_sync(&self, namespace: &str, name: &str) -> Hint {
        match self {
            Self::OtherType(_) | Self::Unused(_) => {
                Hint::from("pass --secret-name OTHER; or, if nothing needs the old secret: ")
                    .run(delete(namespace, name))
                    .say(" (its type cannot be changed), then run the same command again")
            }
            Self::UnusedKey { .. } | Self::Broken(_) => edit_secret(namespace, name).into(),
        }
    }
}

/// What a secret that pods can pull with holds besides: of no use, and no harm.
pub(super) fn no_use(secret: &PullSecret) -> Option<String> {
    let document = secret.document.as_ref().ok()?;
    if let Some(why) = document.unused() {
        return Some(format!("the secret {why}"));
    }
    let mut keys = document.entries().map(|(key, _)| key);
    keys.find_map(|key| Some(unused_key(key, &UnusedKey::of(key)?)))
}

/// That a key is of no use, for people.
pub(super) fn unused_key(key: &str, why: &UnusedKey) -> String {
    format!("no pod pulls with its key `{key}`: it {why}")
}

fn delete(namespace: &str, name: &str) -> hint::Command {
    hint::kubectl_in(namespace, "delete secret").arg(name)
}
