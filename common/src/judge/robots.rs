//! What Quay says of robots, with a login.

use super::answers::{Answers, RobotFacts, account_of};
use super::case::Case;
use super::judgement::Answer;
use super::questions::{for_each_pull, login_at};
use crate::dockerconfig::{RegistryNames, owner_of};
use crate::names::{RegistryHost, RepositoryName, RobotAt, RobotName};
use crate::pullsecret::{KnownRegistry, RobotToken, robot_tokens};
use crate::quay::Grant;
use std::collections::{BTreeMap, BTreeSet};

/// Asks Quay about the robots that do not get an image, and whether there is a repository of
/// that name.
pub(super) async fn ask_quay(
    cases: &[&Case],
    logins: &[KnownRegistry<'_>],
    known: &[RegistryNames],
    answers: &mut Answers,
) {
    let mut robots: BTreeSet<RobotAt> = BTreeSet::new();
    let mut repositories: BTreeSet<(RegistryHost, String)> = BTreeSet::new();
    for_each_pull(cases, |wanted, attempt| {
        let image = &wanted.image;
        let answer = answers.to(attempt, image, known);
        let is_denied = matches!(answer, Answer::Refused { .. } | Answer::NotAllowed);
        let key = attempt.map_or(image.registry(), |attempt| attempt.written.as_str());
        let Some(owner) = owner_of(key, known).ok().flatten().filter(|_| is_denied) else {
            return;
        };
        let robot = attempt.and_then(|attempt| account_of(attempt).parse().ok());
        let robot = robot.map(|robot| (owner.registry.clone(), robot));
        robots.extend(robot.filter(|robot| !answers.robots.contains_key(robot)));
        if answer == Answer::NotAllowed {
            repositories.insert((owner.registry.clone(), image.repository().to_owned()));
        }
    });
    let mut at: BTreeMap<RegistryHost, BTreeSet<RobotName>> = BTreeMap::new();
    for (host, robot) in robots {
        at.entry(host).or_default().insert(robot);
    }
    for (host, robots) in at {
        if let Some(login) = login_at(logins, &host) {
            let facts = robot_facts(login, robots).await;
            let facts = facts.into_iter();
            answers
                .robots
                .extend(facts.map(|(robot, facts)| ((host.clone(), robot), facts)));
        }
    }
    ask_for_repositories(repositories, logins, answers).await;
}

/// Whether there are such repositories, asked once for each namespace.
async fn ask_for_repositories(
    repositories: BTreeSet<(RegistryHost, String)>,
    logins: &[KnownRegistry<'_>],
    answers: &mut Answers,
) {
    let mut of: BTreeMap<(RegistryHost, String), Vec<RepositoryName>> = BTreeMap::new();
    for (host, repository) in repositories {
        let name = repository.split_once('/');
        let name = name.and_then(|(namespace, _)| RepositoryName::of(namespace, &repository).ok());
        if let Some(name) = name {
            let namespace = (host, name.namespace().to_owned());
            of.entry(namespace).or_default().push(name);
        }
    }
    for ((host, namespace), names) in of {
        let Some(login) = login_at(logins, &host) else {
            continue;
        };
        let quay = &login.session.quay;
        let found = match names.as_slice() {
            [only] => quay
                .repository_exists(only)
                .await
                .map(|exists| vec![exists]),
            several => quay.repositories(&namespace).await.map(|there| {
                let names = several.iter();
                let is_there = |name: &RepositoryName| there.iter().any(|one| one == name.name());
                names.map(is_there).collect()
            }),
        };
        let found = names.iter().zip(found.unwrap_or_default());
        let found = found.map(|(name, exists)| ((host.clone(), name.to_string()), exists));
        answers.repositories.extend(found);
    }
}

async fn robot_facts(
    login: &KnownRegistry<'_>,
    robots: BTreeSet<RobotName>,
) -> Vec<(RobotName, RobotFacts)> {
    let quay = &login.session.quay;
    let tokens = robot_tokens(login.session, robots).await;
    let known = tokens
        .iter()
        .filter(|(_, token, _)| matches!(token, RobotToken::Current(_)));
    let known = known.map(|(robot, ..)| robot.clone()).collect();
    let grants = quay.grants_of_each(known).await.into_iter();
    let mut roles: BTreeMap<RobotName, Vec<Grant>> = grants
        .filter_map(|(robot, grants)| Some((robot, grants.ok()?)))
        .collect();
    let facts = tokens.into_iter().map(|(robot, token, _)| {
        let roles = roles.remove(&robot);
        (robot, RobotFacts { token, roles })
    });
    facts.collect()
}
