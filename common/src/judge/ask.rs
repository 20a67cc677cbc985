//! Asks the registries about pulls, each question once; and Quay about robots, with a login.

use super::answers::{Answers, Question, RobotFacts, account_of, password_of};
use super::case::Case;
use super::judgement::Answer;
use crate::dockerconfig::{RegistryNames, owner_of};
use crate::kubelet::{Attempt, ImageReference};
use crate::names::{RegistryHost, RepositoryName, RobotAt, RobotName};
use crate::progress::Progress;
use crate::pullsecret::{KnownRegistry, RobotToken};
use crate::registry::{Pull, Registry};
use crate::web::{ApiError, Endpoint};
use futures::future::join;
use futures::stream::{self, StreamExt};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};

/// Questions at once. A registry limits requests for each credential, not in all.
const AT_ONCE: usize = 8;

/// Asks everything that judging these pods takes. `other` gives the connection to a registry
/// without a login.
pub async fn ask(
    cases: &[Case],
    logins: &[KnownRegistry<'_>],
    known: &[RegistryNames],
    other: impl Fn(Endpoint) -> Endpoint,
    progress: &dyn Progress,
) -> Answers {
    let mut questions: BTreeMap<Question, Option<SecretString>> = BTreeMap::new();
    for_each_pull(cases, |image, attempt| {
        if let Ok(question) = Question::of(attempt, image, known) {
            questions.insert(question, attempt.map(password_of));
        }
    });
    let hosts: BTreeSet<&RegistryHost> = questions.keys().map(|question| &question.at).collect();
    let registries = connect(&hosts, logins, other);
    progress.begin("asking the registries", questions.len());
    let pulls = stream::iter(&questions)
        .map(|(question, password)| {
            let registry = registries.get(&question.at);
            async move {
                let answer = match registry {
                    Some(Ok(registry)) => pull(registry, question, password.as_ref()).await,
                    Some(Err(reason)) => not_asked(reason),
                    None => not_asked("there is no connection"),
                };
                progress.advance();
                (question.clone(), answer)
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    progress.end();
    let mut answers = Answers {
        pulls,
        ..Answers::default()
    };
    ask_quay(cases, logins, known, &mut answers).await;
    answers
}

/// Every pull that a kubelet may try for these pods, and for new ones in their place: with each
/// entry that matches, and without one.
fn for_each_pull(cases: &[Case], mut found: impl FnMut(&ImageReference, Option<&Attempt>)) {
    for case in cases {
        let images = case.subject.containers.iter();
        let images: BTreeSet<ImageReference> = images
            .filter_map(|container| container.image.parse().ok())
            .collect();
        let later = Some(case.later()).filter(|names| !names.is_empty());
        let own: Vec<Vec<&str>> = [case.used()].into_iter().chain(later).collect();
        let keyrings = own.iter().map(|names| case.keyring(names));
        let keyrings = keyrings.chain(case.global_keyring());
        for keyring in keyrings.filter_map(|(_, keyring)| keyring.ok()) {
            for image in &images {
                let tried = keyring.lookup(image);
                tried.iter().for_each(|attempt| found(image, Some(attempt)));
            }
        }
        for image in &images {
            let nobody = own.iter().any(|names| {
                let (_, keyring) = case.keyring(names);
                keyring.is_ok_and(|keyring| keyring.lookup(image).is_empty())
            });
            if nobody {
                found(image, None);
            }
        }
    }
}

fn connect(
    hosts: &BTreeSet<&RegistryHost>,
    logins: &[KnownRegistry<'_>],
    other: impl Fn(Endpoint) -> Endpoint,
) -> BTreeMap<RegistryHost, Result<Registry, String>> {
    let of = |host: &RegistryHost| {
        let login = login_at(logins, host);
        match login {
            Some(login) => Ok(login.session.registry.clone()),
            None => Registry::connect(&other(Endpoint::of(host.clone())))
                .map_err(|failure| failure.message().to_owned()),
        }
    };
    hosts.iter().map(|&host| (host.clone(), of(host))).collect()
}

fn login_at<'a, 'b>(
    logins: &'a [KnownRegistry<'b>],
    host: &RegistryHost,
) -> Option<&'a KnownRegistry<'b>> {
    logins
        .iter()
        .find(|login| login.session.endpoint.registry == *host)
}

async fn pull(registry: &Registry, question: &Question, password: Option<&SecretString>) -> Answer {
    let login = question.who.as_ref().zip(password);
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

fn not_asked(reason: &str) -> Answer {
    Answer::NotAsked {
        reason: reason.to_owned(),
    }
}

/// Asks Quay about the robots that do not get an image, and whether there is a repository of
/// that name.
async fn ask_quay(
    cases: &[Case],
    logins: &[KnownRegistry<'_>],
    known: &[RegistryNames],
    answers: &mut Answers,
) {
    let mut robots: BTreeSet<RobotAt> = BTreeSet::new();
    let mut repositories: BTreeSet<(RegistryHost, String)> = BTreeSet::new();
    for_each_pull(cases, |image, attempt| {
        let answer = answers.to(attempt, image, known);
        let is_denied = matches!(answer, Answer::Refused { .. } | Answer::NotAllowed);
        let key = attempt.map_or(image.registry(), |attempt| attempt.written.as_str());
        let Some(owner) = owner_of(key, known).ok().flatten().filter(|_| is_denied) else {
            return;
        };
        let robot = attempt.and_then(|attempt| account_of(attempt).parse().ok());
        robots.extend(robot.map(|robot| (owner.registry.clone(), robot)));
        if answer == Answer::NotAllowed {
            repositories.insert((owner.registry.clone(), image.repository().to_owned()));
        }
    });
    let facts = robots.into_iter().filter_map(|key| {
        let login = login_at(logins, &key.0)?;
        Some(async move { (facts(login, &key.1).await, key) })
    });
    for (facts, key) in futures::future::join_all(facts).await {
        answers.robots.insert(key, facts);
    }
    for (host, repository) in repositories {
        let Some(login) = login_at(logins, &host) else {
            continue;
        };
        let name = repository.split_once('/');
        let name = name.and_then(|(namespace, _)| RepositoryName::of(namespace, &repository).ok());
        if let Some(name) = name
            && let Ok(exists) = login.session.quay.repository_exists(&name).await
        {
            answers.repositories.insert((host, repository), exists);
        }
    }
}

async fn facts(login: &KnownRegistry<'_>, robot: &RobotName) -> RobotFacts {
    let quay = &login.session.quay;
    let (found, roles) = join(quay.robot(robot), quay.grants(robot)).await;
    let token = match found {
        Ok(found) => RobotToken::Current(found.token),
        Err(ApiError::NotFound) => RobotToken::NoSuchRobot,
        Err(error) => RobotToken::Unreadable(error.to_string()),
    };
    RobotFacts {
        token,
        roles: roles.ok(),
    }
}
