//! What becomes of one image with one list of secrets: the kubelet's rules, and the registry's
//! answers.

use super::answers::{Answers, account_of, password_of};
use super::case::Case;
use super::judgement::{Answer, Blamed, Cause, EntryJudgement, RobotState};
use crate::dockerconfig::RegistryNames;
use crate::fingerprint::Fingerprint;
use crate::kubelet::{Attempt, ImageReference, KeyMatch, Keyring};

/// What is tried for an image, and how that ends.
pub(super) struct Tried {
    /// What is tried, in order.
    pub(super) entries: Vec<EntryJudgement>,
    /// What the registry says to a pull without a credential, if it comes to that.
    pub(super) anonymous: Option<Answer>,
    /// How it ends.
    pub(super) end: End,
}

/// How the attempts end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The image is pulled.
    Pulls,
    /// It fails, for this reason.
    Fails(Cause),
    /// Nothing is tried but a pull without a credential, which the registry denies.
    Nothing,
    /// The registry's answer is not known.
    NotAsked(String),
}

/// Tries the image with these secrets of the pod's, as the kubelet does: all that match, those
/// of the nodes after those of the pod, and nobody's only where none does.
pub(super) fn try_image(
    case: &Case,
    names: &[&str],
    image: &ImageReference,
    known: &[RegistryNames],
    answers: &Answers,
) -> Tried {
    let (read, keyring) = case.keyring(names);
    let keyring = match keyring {
        Ok(keyring) => keyring,
        Err(refused) => {
            let secret = read.get(refused.secret).copied().unwrap_or_default();
            return Tried {
                entries: Vec::new(),
                anonymous: None,
                end: End::Fails(Cause::BrokenSecret {
                    secret: secret.to_owned(),
                    fault: refused.fault.to_string(),
                }),
            };
        }
    };
    let judged = |attempt: &Attempt, read: &[&str], of_nodes| {
        let secret = read.get(attempt.secret).copied().unwrap_or_default();
        let facts = answers.robot(attempt, known);
        let roles = facts.and_then(|facts| facts.roles.as_ref());
        let password = password_of(attempt);
        EntryJudgement {
            answer: Some(answers.to(Some(attempt), image, known)),
            robot: facts.map(|facts| facts.state(&password)),
            repositories: roles.map(|roles| {
                let names = roles.iter().map(|grant| grant.repository.clone());
                names.collect()
            }),
            ..entry(secret, of_nodes, attempt, KeyMatch::Yes)
        }
    };
    let own = keyring.lookup(image).into_iter();
    let mut entries: Vec<EntryJudgement> =
        own.map(|attempt| judged(attempt, &read, false)).collect();
    if let Some((read, Ok(keyring))) = case.global_keyring() {
        let nodes = keyring.lookup(image).into_iter();
        entries.extend(nodes.map(|attempt| judged(attempt, &read, true)));
    }
    let anonymous = entries.is_empty().then(|| answers.to(None, image, known));
    Tried {
        end: end(&entries, anonymous.as_ref()),
        entries,
        anonymous,
    }
}

fn entry(secret: &str, of_nodes: bool, attempt: &Attempt, matches: KeyMatch) -> EntryJudgement {
    EntryJudgement {
        secret: secret.to_owned(),
        of_nodes,
        key: attempt.written.clone(),
        matches,
        account: account_of(attempt),
        fingerprint: Fingerprint::of(&password_of(attempt)),
        answer: None,
        robot: None,
        repositories: None,
    }
}

/// The entries of these secrets that the kubelet does not use for the image.
pub(super) fn others(case: &Case, names: &[&str], image: &ImageReference) -> Vec<EntryJudgement> {
    let (read, keyring) = case.keyring(names);
    let keyring = keyring.unwrap_or_else(|_| Keyring::default());
    // Docker Hub's key is used for an image that it does not match.
    let used: Vec<&str> = keyring
        .lookup(image)
        .into_iter()
        .map(|attempt| attempt.written.as_str())
        .collect();
    let unmatched = keyring.entries().filter_map(|attempt| {
        let matches = attempt.key.matches(image);
        let secret = read.get(attempt.secret).copied().unwrap_or_default();
        let is_used = matches == KeyMatch::Yes || used.contains(&attempt.written.as_str());
        (!is_used).then(|| entry(secret, false, attempt, matches))
    });
    unmatched.collect()
}

/// The kubelet goes on until one pulls; what it says of the others is one message.
fn end(entries: &[EntryJudgement], anonymous: Option<&Answer>) -> End {
    let mut all = entries.iter().filter_map(|entry| entry.answer.as_ref());
    let mut all_answers = all.by_ref().chain(anonymous);
    let answers: Vec<&Answer> = all_answers.by_ref().collect();
    if answers.contains(&&Answer::Pulls) {
        return End::Pulls;
    }
    if answers.contains(&&Answer::NoSuchTag) {
        return End::Fails(Cause::NoSuchTag);
    }
    let unknown = answers.iter().find_map(|answer| match answer {
        Answer::NotAsked { reason } => Some(reason.clone()),
        _ => None,
    });
    if let Some(reason) = unknown {
        return End::NotAsked(reason);
    }
    let find = |is: fn(&Answer) -> bool| {
        let mut entries = entries.iter();
        entries.find(|entry| entry.answer.as_ref().is_some_and(is))
    };
    // A robot that is let in says more than one that is not.
    if let Some(entry) = find(|answer| *answer == Answer::NotAllowed) {
        return End::Fails(Cause::NotAllowed(blamed(entry)));
    }
    match find(|answer| matches!(answer, Answer::Refused { .. })) {
        Some(entry) => {
            let robot = entry.robot.unwrap_or(RobotState::Unknown);
            End::Fails(Cause::Refused {
                entry: blamed(entry),
                robot,
            })
        }
        None => End::Nothing,
    }
}

pub(super) fn blamed(entry: &EntryJudgement) -> Blamed {
    Blamed {
        secret: entry.secret.clone(),
        key: entry.key.clone(),
        account: entry.account.clone(),
    }
}
