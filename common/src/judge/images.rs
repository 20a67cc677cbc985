//! Judges what was seen: no I/O, the same for everybody who asks.

use super::answers::Answers;
use super::attempts::{End, Tried, blamed, others, try_image};
use super::case::{Case, GlobalSeen, SecretSeen};
use super::heard::Heard;
use super::judgement::{
    Agreement, Answer, Cause, EntryJudgement, ImageJudgement, SecretJudgement, SecretState, Verdict,
};
use super::subject::Container;
use crate::dockerconfig::{RegistryNames, registry_of_key};
use crate::kubelet::{
    ImageReference, ImageStep, KeyMatch, Keyring, PullFailure, PullPolicy, Record, Verification,
    image_step,
};
use crate::names::RegistryHost;

/// Since this minor version of Kubernetes a kubelet asks for a credential also where the image
/// is on its node (`KubeletEnsureSecretPulledImages`).
const CHECKS_CREDENTIALS: u32 = 35;

/// What becomes of each image of the pod. `known` are the registries with a login.
pub fn judge_images(
    case: &Case,
    known: &[RegistryNames],
    answers: &Answers,
) -> Vec<ImageJudgement> {
    let containers = case.subject.containers.iter();
    containers
        .map(|container| judge_image(case, container, known, answers))
        .collect()
}

fn judge_image(
    case: &Case,
    container: &Container,
    known: &[RegistryNames],
    answers: &Answers,
) -> ImageJudgement {
    let mut judged = ImageJudgement {
        container: container.name.clone(),
        image: container.image.clone(),
        verdict: Verdict::WillNot,
        cause: Some(Cause::InvalidName),
        entries: Vec::new(),
        anonymous: None,
        kubelet: container.heard.clone(),
        agreement: Agreement::Nothing,
        on_node: false,
    };
    if let Ok(image) = container.image.parse::<ImageReference>() {
        let used = case.used();
        let tried = try_image(case, &used, &image, known, answers);
        let unmatched = others(case, &used, &image);
        judged.on_node = case.is_on_node(&container.image, &image);
        let found = judge_pull(case, &image, &tried, &unmatched, known, answers);
        (judged.verdict, judged.cause) = with_policy(case, container, judged.on_node, found);
        judged.entries = tried.entries.into_iter().chain(unmatched).collect();
        judged.anonymous = tried.anonymous;
    }
    if judged.cause == Some(Cause::NoCredential)
        && container.heard == Heard::HasImage
        && !nodes_seen(case)
    {
        (judged.verdict, judged.cause) = (Verdict::Unknown, Some(Cause::OnlyTheNodes));
    }
    (judged.verdict, judged.cause) =
        with_the_kubelets_word(judged.verdict, judged.cause, &container.heard);
    judged.agreement = agreement(&judged);
    judged
}

type Found = (Verdict, Option<Cause>);

fn judge_pull(
    case: &Case,
    image: &ImageReference,
    tried: &Tried,
    unmatched: &[EntryJudgement],
    known: &[RegistryNames],
    answers: &Answers,
) -> Found {
    if case.subject.pod.is_none() && case.subject.listed.is_empty() && case.account.is_none() {
        let account = case.subject.account.clone();
        return (Verdict::Unknown, Some(Cause::UnreadableAccount { account }));
    }
    if let End::Fails(broken @ Cause::BrokenSecret { .. }) = &tried.end {
        return (Verdict::WillNot, Some(broken.clone()));
    }
    // One that cannot be read may hold what it takes, or be broken.
    if let Some(secret) = unreadable(case) {
        return (Verdict::Unknown, Some(Cause::UnreadableSecret { secret }));
    }
    let cause = match &tried.end {
        End::Pulls => return (Verdict::WillPull, None),
        End::NotAsked(reason) => {
            let reason = reason.clone();
            return (Verdict::Unknown, Some(Cause::NotAsked { reason }));
        }
        End::Fails(Cause::NotAllowed(_)) | End::Nothing
            if answers.is_no_repository(image, known) =>
        {
            return (Verdict::WillNot, Some(Cause::NoSuchRepository));
        }
        End::Fails(cause @ Cause::NoSuchTag) => return (Verdict::WillNot, Some(cause.clone())),
        End::Fails(cause) => cause.clone(),
        End::Nothing => without_credential(case, image, unmatched),
    };
    let later = changed_later(case, image, known, answers);
    (Verdict::WillNot, Some(later.unwrap_or(cause)))
}

fn unreadable(case: &Case) -> Option<String> {
    let used = case.used().into_iter();
    let mut unreadable =
        used.filter(|name| matches!(case.secrets.get(*name), Some(SecretSeen::Unreadable(_))));
    unreadable.next().map(str::to_owned)
}

/// Why there is no credential for the image: what is nearest to one comes first.
fn without_credential(case: &Case, image: &ImageReference, unmatched: &[EntryJudgement]) -> Cause {
    let near = unmatched.iter().find(|entry| is_near(&entry.key, image));
    if let Some(entry) = near {
        return Cause::KeyMismatch {
            entry: blamed(entry),
            matches: entry.matches,
        };
    }
    let used = case.used();
    let missing = used
        .iter()
        .find(|name| matches!(case.secrets.get(**name), Some(SecretSeen::Missing)));
    if let Some(secret) = missing {
        let secret = (*secret).to_owned();
        return Cause::MissingSecret { secret };
    }
    let unused = used.iter().find_map(|name| match case.secrets.get(*name)? {
        SecretSeen::Found(found) => Some((name, found.as_kubelet().unused()?)),
        SecretSeen::Missing | SecretSeen::Unreadable(_) => None,
    });
    match unused {
        Some((secret, why)) => {
            let secret = (*secret).to_owned();
            Cause::UnusedSecret { secret, why }
        }
        None => Cause::NoCredential,
    }
}

/// Whether the key was meant for the image's registry: its host, with whatever port and path.
pub(super) fn is_near(key: &str, image: &ImageReference) -> bool {
    let host = |host: RegistryHost| host.host().to_owned();
    let registry = image.registry().parse().ok().map(host);
    let key = registry_of_key(key.trim()).map(host);
    key.is_some() && key == registry
}

/// The secret that the account hands out since the pod was created, if it takes no more.
fn changed_later(
    case: &Case,
    image: &ImageReference,
    known: &[RegistryNames],
    answers: &Answers,
) -> Option<Cause> {
    let later = case.later();
    if later.is_empty() {
        return None;
    }
    let tried = try_image(case, &later, image, known, answers);
    let pulls = |entry: &&EntryJudgement| entry.answer == Some(Answer::Pulls);
    let entry = tried
        .entries
        .iter()
        .find(pulls)
        .filter(|_| tried.end == End::Pulls)?;
    Some(Cause::AccountChangedLater {
        account: case.subject.account.clone(),
        secret: entry.secret.clone(),
    })
}

/// A pod that does not pull where its image is there. Whether its kubelet asks for a credential
/// then, and remembers one, is not told.
fn with_policy(case: &Case, container: &Container, on_node: bool, found: Found) -> Found {
    let kubelet = case.node.as_ref().and_then(|node| node.kubelet.as_deref());
    let checks = kubelet
        .and_then(minor)
        .is_none_or(|minor| minor >= CHECKS_CREDENTIALS);
    let verification = match checks {
        true => Verification::AlwaysVerify,
        false => Verification::NeverVerify,
    };
    let record = on_node.then_some(Record::Unproven);
    let image = &container.image;
    let step = image_step(
        container.policy,
        &verification,
        image,
        record.as_ref(),
        Some(&[]),
    );
    let failed = matches!(container.heard, Heard::Failed { .. });
    match (step, &container.heard) {
        (ImageStep::Use, _) if !failed => (Verdict::WillPull, None),
        _ if container.policy != PullPolicy::Never => found,
        (_, Heard::HasImage) => (Verdict::WillPull, None),
        (_, Heard::Failed { .. }) => (Verdict::WillNot, Some(Cause::NeverPulled)),
        _ => (Verdict::Unknown, Some(Cause::NeverPulled)),
    }
}

/// The minor version of `v1.36.4`; a kubelet built without a version calls itself 0.0.
fn minor(version: &str) -> Option<u32> {
    let (major, rest) = version.trim_start_matches('v').split_once('.')?;
    if major == "0" {
        return None;
    }
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// What only the kubelet can know counts more than what is seen from here.
fn with_the_kubelets_word(verdict: Verdict, cause: Option<Cause>, heard: &Heard) -> Found {
    let Heard::Failed { cause: failure, .. } = heard else {
        return (verdict, cause);
    };
    let failure = *failure;
    let not_asked = matches!(cause, Some(Cause::NotAsked { .. }));
    match failure {
        PullFailure::UnknownHost
        | PullFailure::UnknownAuthority
        | PullFailure::BadCertificate
        | PullFailure::SignaturePolicy
            if verdict == Verdict::WillPull || not_asked =>
        {
            (Verdict::WillNot, Some(Cause::Node { failure }))
        }
        PullFailure::Unreachable if not_asked => (Verdict::WillNot, Some(Cause::Node { failure })),
        PullFailure::Unreachable | PullFailure::Other if verdict == Verdict::WillPull => {
            (Verdict::Unknown, Some(Cause::Node { failure }))
        }
        PullFailure::BadCredential | PullFailure::NotAllowed | PullFailure::NoSuchTag
            if not_asked =>
        {
            (Verdict::WillNot, Some(Cause::Heard { failure }))
        }
        _ => (verdict, cause),
    }
}

/// Whether what the kubelet said is what is so now.
fn agreement(judged: &ImageJudgement) -> Agreement {
    let said = match &judged.kubelet {
        Heard::Nothing => return Agreement::Nothing,
        Heard::HasImage => {
            return match judged.verdict {
                Verdict::WillPull => Agreement::Agrees,
                Verdict::WillNot => Agreement::BrokenSince,
                Verdict::Unknown => Agreement::NotKnown,
            };
        }
        Heard::Failed { cause, .. } => *cause,
    };
    if matches!(said, PullFailure::TooManyRequests | PullFailure::Throttled) {
        return Agreement::NotKnown;
    }
    let Some(cause) = &judged.cause else {
        return Agreement::FixedSince;
    };
    if judged.verdict == Verdict::Unknown {
        return Agreement::NotKnown;
    }
    let answered = |is: fn(&Answer) -> bool| {
        let mut entries = judged.entries.iter();
        entries.any(|entry| entry.answer.as_ref().is_some_and(is))
    };
    let refused = || answered(|answer| matches!(answer, Answer::Refused { .. }));
    let agrees = match cause {
        Cause::InvalidName => said == PullFailure::InvalidName,
        Cause::BrokenSecret { .. } => said == PullFailure::BrokenPullSecret,
        Cause::NeverPulled => said == PullFailure::NeverPulled,
        Cause::Node { failure } | Cause::Heard { failure } => said == *failure,
        Cause::NoSuchTag => said == PullFailure::NoSuchTag,
        Cause::Refused { .. } => said == PullFailure::BadCredential,
        // Of several credentials the kubelet tells what was said to each.
        _ => said == PullFailure::NotAllowed || said == PullFailure::BadCredential && refused(),
    };
    match agrees {
        true => Agreement::Agrees,
        false => Agreement::Differs,
    }
}

/// What the kubelet gets from each secret that the pod names.
pub fn judge_secrets(case: &Case) -> Vec<SecretJudgement> {
    let missed = case.subject.pod.as_ref().map(|pod| pod.missed.as_slice());
    let missed = missed.unwrap_or_default();
    let names = case.used().into_iter();
    names
        .map(|name| SecretJudgement {
            name: name.to_owned(),
            state: state(case, name),
            missed: missed.iter().any(|missed| missed == name),
        })
        .collect()
}

fn state(case: &Case, name: &str) -> SecretState {
    match case.secrets.get(name) {
        Some(SecretSeen::Found(found)) => {
            let secret = found.as_kubelet();
            match (secret.unused(), Keyring::of(&[secret])) {
                (Some(why), _) => SecretState::Unused { why },
                (None, Err(refused)) => SecretState::Broken {
                    fault: refused.fault.to_string(),
                },
                (None, Ok(_)) => SecretState::Used {
                    secret_type: found.secret_type.clone(),
                },
            }
        }
        Some(SecretSeen::Unreadable(reason)) => SecretState::Unreadable {
            reason: reason.clone(),
        },
        Some(SecretSeen::Missing) | None => SecretState::Missing,
    }
}

/// Whether it shows what the nodes have of their own.
pub fn nodes_seen(case: &Case) -> bool {
    matches!(*case.global, GlobalSeen::Found(_))
}

/// What is wrong with a key, as far as it is seen in the key.
pub fn is_for_another_registry(entry: &EntryJudgement, image: &str) -> bool {
    let image = image.parse::<ImageReference>();
    entry.matches != KeyMatch::Yes && !image.is_ok_and(|image| is_near(&entry.key, &image))
}
