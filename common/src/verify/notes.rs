//! What is worth knowing, and no fault.

use super::observe::Pulling;
use crate::judge::{SecretSeen, listed};
use crate::pullsecret::PullSecret;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One thing worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Note {
    /// A secret that pods or service accounts name does not exist.
    MissingSecret {
        /// The cluster, by the name of its context.
        context: String,
        secret: String,
        /// Where it is named.
        namespaces: Vec<String>,
    },
    /// Secrets that OpenShift generates for its internal registry, and images of that registry.
    InternalRegistry {
        /// The cluster, by the name of its context.
        context: String,
        /// How many secrets.
        secrets: usize,
        /// How many images.
        images: usize,
    },
}

/// What is worth knowing of one cluster.
pub(super) fn notes(pulling: &Pulling<'_>) -> Vec<Note> {
    let context = pulling.view.context();
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((namespace, name), seen) in &pulling.named {
        if matches!(seen, SecretSeen::Missing) {
            missing.entry(name).or_default().push(namespace.clone());
        }
    }
    let missing = missing.into_iter();
    let mut notes: Vec<Note> = missing
        .map(|(secret, namespaces)| Note::MissingSecret {
            context: context.to_owned(),
            secret: secret.to_owned(),
            namespaces,
        })
        .collect();
    let secrets = pulling.view.observed.secrets.iter();
    let secrets = secrets.filter(|secret: &&PullSecret| secret.is_generated());
    let (secrets, images) = (secrets.count(), pulling.internal_images);
    if secrets + images > 0 {
        notes.push(Note::InternalRegistry {
            context: context.to_owned(),
            secrets,
            images,
        });
    }
    notes
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingSecret {
                context,
                secret,
                namespaces,
            } => write!(
                f,
                "pods or service accounts in {} (context {context}) use secret `{secret}`, which \
                 does not exist there",
                match namespaces.as_slice() {
                    [one] => format!("namespace {one}"),
                    many => format!("{} namespaces: {}", many.len(), listed(many)),
                }
            ),
            Self::InternalRegistry {
                context,
                secrets,
                images,
            } => write!(
                f,
                "not checked: {} of OpenShift's internal registry, and {} that OpenShift \
                 generates for that registry (context {context})",
                counted(*images, "image"),
                counted(*secrets, "secret")
            ),
        }
    }
}

/// `1 image`, `2 images`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}
