//! What `verify` found out, and how it is shown.

use super::images::ImageProof;
use super::notes::{Note, counted};
use super::proof::Proof;
use crate::cli::{Exit, Gaps, Report, Table, detail};
use crate::fingerprint::shown;
use crate::outcome::{Outcome, gaps};
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

    fn image_table(&self, wide: bool) -> Table {
        Table::of(&self.images, wide)
            .context(|item| &item.context)
            .col("NAMESPACE", |item| &item.namespace)
            .col("OBJECT", |item| &item.object)
            .col("PODS", |item| item.pods)
            .col("IMAGE", |item| &item.image)
            .col("PULL", |item| match item.state {
                ProofState::Unknown => "unknown",
                ProofState::Bad | ProofState::Good => item.why,
            })
            .col("DETAIL", |item| {
                detail([item.message.as_str()], item.next.as_ref())
            })
            .table()
    }
}

impl Report for Proofs {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("NAMESPACE", |item| &item.namespace)
            .col("SECRET", |item| &item.secret)
            .col("ROBOT", |item| &item.account)
            .col("TOKEN", |item| item.token)
            .col("REGISTRY", |item| item.registry)
            .col("PULL", |item| match item.registry {
                RegistryAnswer::Accepted => {
                    let asked = item.pullable.len() + item.refused.len();
                    format!("{}/{asked}", item.pullable.len())
                }
                _ => "-".to_owned(),
            })
            .wide("KEY", |item| &item.key)
            .wide("FINGERPRINT", |item| shown(item.fingerprint.as_ref()))
            .col("DETAIL", |item| match (item.message.as_str(), &item.next) {
                ("", None) => "ok".to_owned(),
                (message, next) => detail([message], next.as_ref()),
            })
            .table()
    }

    fn more_tables(&self, wide: bool) -> Vec<Table> {
        let images = (!self.images.is_empty()).then(|| self.image_table(wide));
        images.into_iter().collect()
    }

    fn exit(&self) -> Exit {
        Exit::of(self.all_ok())
    }

    fn nothing(&self) -> Option<String> {
        let nothing = self.missing.clone();
        let nothing = nothing.unwrap_or_else(|| "No pull secrets with robots found.".to_owned());
        self.items.is_empty().then_some(nothing)
    }

    fn gaps(&self) -> Gaps {
        let is_empty = self.items.is_empty() && self.images.is_empty();
        let mut gaps = gaps(&self.failures, is_empty);
        let missing = self.missing.clone().filter(|_| !self.items.is_empty());
        gaps.warnings.extend(missing);
        gaps
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
