//! Judges a whole pod: no I/O.

use super::advice::advise;
use super::answers::Answers;
use super::because::sentence;
use super::case::Case;
use super::images::{judge_images, judge_secrets, nodes_seen};
use super::judgement::{Judgement, Verdict};
use crate::dockerconfig::{RegistryNames, owner_of};
use crate::kubelet::ImageReference;

/// Judges one pod: the same for the same observations and answers.
pub fn judge(case: &Case, known: &[RegistryNames], answers: &Answers) -> Judgement {
    let subject = &case.subject;
    let images = judge_images(case, known, answers);
    let pod = subject.pod.as_ref();
    let versions = case.node.iter();
    let versions = versions.flat_map(|node| node.kubelet.iter().chain(&node.runtime));
    let mut judged = Judgement {
        context: case.context.clone(),
        now: case.now,
        namespace: subject.namespace.clone(),
        object: subject.object.clone(),
        verdict: Verdict::WillPull,
        message: String::new(),
        next: None,
        node: pod.and_then(|pod| pod.node.clone()),
        versions: versions.cloned().collect(),
        unscheduled: pod.and_then(|pod| pod.unscheduled.clone()),
        service_account: subject.account.clone(),
        secrets_from: case.origin(),
        secrets: judge_secrets(case),
        later: case.later().into_iter().map(str::to_owned).collect(),
        images,
        nodes_seen: nodes_seen(case),
        unread: case.unread.clone(),
    };
    judged.verdict = judged
        .worst()
        .map_or(Verdict::WillPull, |worst| worst.verdict);
    judged.message = sentence(&judged);
    judged.next = judged.worst().and_then(|worst| {
        let image = worst.image.parse::<ImageReference>();
        let owner = image
            .as_ref()
            .map(|image| owner_of(image.registry(), known));
        advise(case, worst, matches!(owner, Ok(Ok(Some(_)))))
    });
    judged
}
