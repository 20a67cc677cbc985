//! What Quay says of robots, with a login.

use super::answers::{Answers, RobotFacts, account_of};
use super::case::Case;
use super::judgement::Answer;
use super::questions::{for_each_pull, login_at};
use crate::dockerconfig::{RegistryNames, owner_of};
use crate::names::{RegistryHost, RepositoryName, RobotAt, RobotName};
use crate::pullsecret::{KnownRegistry, RobotToken};
use crate::web::ApiError;
use futures::future::{join, join_all};
use std::collections::BTreeSet;

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
    let facts = robots.into_iter().filter_map(|key| {
        let login = login_at(logins, &key.0)?;
        Some(async move { (robot_facts(login, &key.1).await, key) })
    });
    for (facts, key) in join_all(facts).await {
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

async fn robot_facts(login: &KnownRegistry<'_>, robot: &RobotName) -> RobotFacts {
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
