//! The images that pods do not get, or of which that is not known.

use super::credentials::Use;
use super::observe::{PodCase, Pulling};
use crate::cli::serialize_next;
use crate::dockerconfig::{RegistryNames, owner_of};
use crate::hint::Hint;
use crate::judge::{Answer, Answers, ImageJudgement, Verdict, advise, because, judge, word};
use crate::kubelet::ImageReference;
use crate::pullsecret::ProofState;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An image that pods do not get, or of which that is not known.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageProof {
    /// The cluster, by the name of its context.
    pub context: String,
    pub namespace: String,
    /// `deployment/shop`; `pod/shop-1` where nothing is behind it.
    pub object: String,
    /// How many of its pods are alike.
    pub pods: usize,
    /// The image as it is written.
    pub image: String,
    /// Whether they get it.
    pub state: ProofState,
    /// Whether that will do: it is not known, and that was allowed.
    pub ok: bool,
    /// Why not, in a word.
    pub why: &'static str,
    /// Why not, in a clause.
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
    /// Whether somebody is signed in to its registry.
    #[serde(skip)]
    pub has_login: bool,
}

/// An entry of a secret: context, namespace, secret, key.
pub(super) type EntryPlace = (String, String, String, String);

/// What the images of all pods come to.
#[derive(Default)]
pub(super) struct JudgedImages {
    /// Those that pods do not get.
    pub(super) items: Vec<ImageProof>,
    /// How many images pods have, each once in a namespace and workload.
    pub(super) checked: usize,
    /// Of how many pods.
    pub(super) pods: usize,
    /// What pods pull with each entry.
    pub(super) uses: BTreeMap<EntryPlace, Use>,
}

/// Judges the images of every pod that counts.
pub(super) fn judge_all(
    pulling: &[Pulling<'_>],
    counts: impl Fn(&PodCase, &ImageJudgement) -> bool,
    known: &[RegistryNames],
    answers: &Answers,
) -> JudgedImages {
    let mut all = JudgedImages::default();
    for pods in pulling.iter().flat_map(|pulling| &pulling.cases) {
        let judged = judge(&pods.case, known, answers);
        let mut seen = BTreeSet::new();
        let mut is_counted = false;
        for image in &judged.images {
            note_use(&mut all.uses, pods, image);
            if !seen.insert(&image.image) || !counts(pods, image) {
                continue;
            }
            all.checked += 1;
            is_counted = true;
            all.items.extend(unpulled(pods, image, known));
        }
        all.pods += if is_counted { pods.pods } else { 0 };
    }
    all
}

fn note_use(uses: &mut BTreeMap<EntryPlace, Use>, pods: &PodCase, image: &ImageJudgement) {
    let Ok(reference) = image.image.parse::<ImageReference>() else {
        return;
    };
    let tried = image.entries.iter().filter(|entry| !entry.of_nodes);
    for entry in tried {
        let Some(answer) = &entry.answer else {
            continue;
        };
        let place = (
            pods.case.context.clone(),
            pods.case.subject.namespace.clone(),
            entry.secret.clone(),
            entry.key.clone(),
        );
        let used = uses.entry(place).or_default();
        used.is_used = true;
        let repository = reference.repository().to_owned();
        match answer {
            Answer::Pulls | Answer::NoSuchTag => used.pulled.insert(repository),
            Answer::NotAllowed if image.verdict == Verdict::WillNot => {
                used.denied.insert(repository)
            }
            Answer::NotAllowed | Answer::Refused { .. } | Answer::NotAsked { .. } => false,
        };
    }
}

fn unpulled(pods: &PodCase, image: &ImageJudgement, known: &[RegistryNames]) -> Option<ImageProof> {
    let state = match image.verdict {
        Verdict::WillPull => return None,
        Verdict::Unknown => ProofState::Unknown,
        Verdict::WillNot => ProofState::Bad,
    };
    let reference = image.image.parse::<ImageReference>().ok();
    let owner =
        reference.map(|image| owner_of(image.registry(), known).map(|found| found.is_some()));
    let has_login = matches!(owner, Some(Ok(true) | Err(_)));
    let cause = image.cause.as_ref();
    Some(ImageProof {
        context: pods.case.context.clone(),
        namespace: pods.case.subject.namespace.clone(),
        object: pods.object.clone(),
        pods: pods.pods,
        image: image.image.clone(),
        state,
        ok: false,
        why: cause.map_or("", word),
        message: cause.map(|cause| because(cause, image)).unwrap_or_default(),
        next: advise(&pods.case, image, has_login),
        has_login,
    })
}
