//! What `verify` found out, and how it is shown.

use super::images::ImageProof;
use super::notes::{Note, counted};
use super::proof::Proof;
use crate::Failure;
use crate::cli::{ContextColumn, Exit, Report, Table, detail};
use crate::fingerprint::shown;
use crate::outcome::{Outcome, only_failure, warnings};
use crate::pullsecret::{ProofState, RegistryAnswer};
use serde::Serialize;

/// Everything `verify` found out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proofs {
    /// One line for each credential, and for each secret that is no good as a whole.
    pub items: Vec<Proof>,
    /// The images that pods do not get, or of which that is not known.
    pub images: Vec<ImageProof>,
    /// How many images were looked at.
    pub images_checked: usize,
    /// Of how many pods.
    pub pods_checked: usize,
    /// What is worth knowing, and no fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Clusters and namespaces that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
    /// What was asked for by name and not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl Proofs {
    /// Whether everything was looked at, and all of it will do.
    pub fn all_ok(&self) -> bool {
        self.failures.is_empty()
            && self.missing.is_none()
            && self.items.iter().all(|item| item.ok)
            && self.images.iter().all(|image| image.ok)
    }

    /// Says of everything whether it will do; `allow_unknown` lets pass what is not known of
    /// registries without a login.
    pub(super) fn pass(&mut self, allow_unknown: bool) {
        for item in &mut self.items {
            item.ok = item.state.passes(allow_unknown && !item.has_login);
        }
        for image in &mut self.images {
            image.ok = image.state.passes(allow_unknown && !image.has_login);
        }
    }

    pub(super) fn sort(&mut self) {
        self.items.sort_by(|a, b| {
            (&a.context, &a.namespace, &a.secret, &a.key).cmp(&(
                &b.context,
                &b.namespace,
                &b.secret,
                &b.key,
            ))
        });
        self.images.sort_by(|a, b| {
            (&a.context, &a.namespace, &a.object, &a.image).cmp(&(
                &b.context,
                &b.namespace,
                &b.object,
                &b.image,
            ))
        });
    }

    /// What was looked at, in a sentence.
    pub fn summary(&self) -> String {
        let images = counted(self.images_checked, "image");
        let pods = counted(self.pods_checked, "pod");
        let of = |state| {
            self.images
                .iter()
                .filter(|image| image.state == state)
                .count()
        };
        match (of(ProofState::Bad), of(ProofState::Unknown)) {
            (0, 0) if self.images_checked == 0 => {
                "no pod in the chosen namespaces pulls an image".to_owned()
            }
            (0, 0) => format!("{images} of {pods}: all can be pulled"),
            (0, unknown) => format!("{images} of {pods}: for {unknown} it is unknown"),
            (bad, 0) => format!("{images} of {pods}: {bad} cannot be pulled"),
            (bad, unknown) => format!(
                "{images} of {pods}: {bad} cannot be pulled, and for {unknown} it is unknown"
            ),
        }
    }

    fn image_table(&self, wide: bool) -> Option<Table> {
        if self.images.is_empty() {
            return None;
        }
        let contexts =
            ContextColumn::new(self.images.iter().map(|item| item.context.as_str()), wide);
        let headings =
            contexts.headings(&["NAMESPACE", "OBJECT", "PODS", "IMAGE", "PULL", "DETAIL"]);
        let mut table = Table::new(headings);
        for item in &self.images {
            let mut row = contexts.cells(&item.context);
            let pull = match item.state {
                ProofState::Unknown => "unknown",
                ProofState::Bad | ProofState::Good => item.why,
            };
            row.extend([
                item.namespace.clone(),
                item.object.clone(),
                item.pods.to_string(),
                item.image.clone(),
                pull.to_owned(),
                detail([item.message.as_str()], item.next.as_ref()),
            ]);
            table.row(row);
        }
        Some(table)
    }
}

impl Report for Proofs {
    fn table(&self, wide: bool) -> Table {
        let contexts =
            ContextColumn::new(self.items.iter().map(|item| item.context.as_str()), wide);
        let mut headings =
            contexts.headings(&["NAMESPACE", "SECRET", "ROBOT", "TOKEN", "REGISTRY", "PULL"]);
        if wide {
            headings.extend(["KEY", "FINGERPRINT"]);
        }
        headings.push("DETAIL");
        let mut table = Table::new(headings);
        for item in &self.items {
            let mut row = contexts.cells(&item.context);
            let asked = item.pullable.len() + item.refused.len();
            let pull = match item.registry {
                RegistryAnswer::Accepted => format!("{}/{asked}", item.pullable.len()),
                _ => "-".to_owned(),
            };
            let texts = [&item.namespace, &item.secret, &item.account];
            row.extend(texts.map(Clone::clone));
            row.extend([item.token.to_string(), item.registry.to_string(), pull]);
            if wide {
                row.push(item.key.clone());
                row.push(shown(item.fingerprint.as_ref()));
            }
            row.push(match (item.message.as_str(), &item.next) {
                ("", None) => "ok".to_owned(),
                (message, next) => detail([message], next.as_ref()),
            });
            table.row(row);
        }
        table
    }

    fn more_tables(&self, wide: bool) -> Vec<Table> {
        self.image_table(wide).into_iter().collect()
    }

    fn exit(&self) -> Exit {
        Exit::of(self.all_ok())
    }

    fn nothing(&self) -> Option<String> {
        let nothing = self.missing.clone();
        let nothing = nothing.unwrap_or_else(|| "No pull secrets with robots found.".to_owned());
        self.items.is_empty().then_some(nothing)
    }

    fn warnings(&self) -> Vec<String> {
        let missing = self.missing.clone().filter(|_| !self.items.is_empty());
        let failures = warnings(&self.failures).into_iter();
        failures.chain(missing).collect()
    }

    fn only_failure(&self) -> Option<Failure> {
        only_failure(&self.failures).filter(|_| self.items.is_empty() && self.images.is_empty())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .items
            .iter()
            .map(|item| format!("secret/{}", item.secret))
            .collect();
        names.dedup();
        names
    }
}
