//! Asks the registries about images, each question once; and Quay about robots, with a login.

use super::answers::{Answers, Question, password_of};
use super::case::Case;
use super::judgement::Answer;
use super::questions::{AT_ONCE, REGISTRIES_AT_ONCE, by_registry, connect, for_each_pull};
use super::robots::ask_quay;
use crate::dockerconfig::RegistryNames;
use crate::names::RegistryHost;
use crate::progress::Progress;
use crate::pullsecret::KnownRegistry;
use crate::registry::{OtherRegistries, Pull, Registry};
use futures::stream::{self, StreamExt};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};

/// Asks everything that judging these pods takes. `others` are the registries without a login.
pub async fn ask(
    cases: &[&Case],
    logins: &[KnownRegistry<'_>],
    known: &[RegistryNames],
    others: &OtherRegistries,
    progress: &dyn Progress,
) -> Answers {
    let mut questions: BTreeMap<Question, Option<SecretString>> = BTreeMap::new();
    for_each_pull(cases, |wanted, attempt| {
        if let Ok(question) = Question::of(attempt, &wanted.image, known) {
            questions.insert(question, attempt.map(password_of));
        }
    });
    let hosts: BTreeSet<&RegistryHost> = questions
        .keys()
        .map(|question| &question.asker.at)
        .collect();
    let registries = connect(&hosts, logins, others);
    progress.begin("asking the registries", questions.len());
    let pulls = stream::iter(by_registry(questions.iter(), |(asked, _)| &asked.asker.at))
        .map(|(host, questions)| {
            let registry = registries.get(host);
            let each = stream::iter(questions).map(move |(question, password)| async move {
                let answer = match registry {
                    Some(Ok(registry)) => pull(registry, question, password.as_ref()).await,
                    Some(Err(reason)) => not_asked(reason),
                    None => not_asked("no connection"),
                };
                progress.advance();
                (question.clone(), answer)
            });
            each.buffer_unordered(AT_ONCE).collect::<Vec<_>>()
        })
        .buffer_unordered(REGISTRIES_AT_ONCE);
    let pulls = pulls
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .collect();
    progress.end();
    let mut answers = Answers {
        pulls,
        ..Answers::default()
    };
    ask_quay(cases, logins, known, &mut answers).await;
    answers
}

pub(super) async fn pull(
    registry: &Registry,
    question: &Question,
    password: Option<&SecretString>,
) -> Answer {
    let login = question.asker.who.as_ref().zip(password);
    let login = login.map(|((account, _), password)| (account.as_str(), password));
    let asked = registry.try_pull(login, &question.repository, &question.reference);
    match asked.await {
        Ok(Pull::Good) => Answer::Pulls,
        Ok(Pull::Refused(reason)) => Answer::Refused { reason },
        Ok(Pull::NotAllowed) => Answer::NotAllowed,
        Ok(Pull::NoSuchTag) => Answer::NoSuchTag,
        Err(failure) => not_asked(failure.message()),
    }
}

pub(super) fn not_asked(reason: &str) -> Answer {
    Answer::NotAsked {
        reason: reason.to_owned(),
    }
}
