//! The robots' credentials that secrets hold, and what each should be able to pull.

use crate::Failure;
use crate::dockerconfig::{Credential, RegistryNames, owner_of};
use crate::judge::{Asker, Held, RobotFacts};
use crate::names::{RegistryHost, RobotAt, RobotName};
use crate::pullsecret::{
    ClusterView, CurrentTokens, KnownRegistry, PullSecret, RobotAnswer, RobotToken,
};
use crate::quay::Grant;
use crate::web::ApiError;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// One robot's credential in one secret.
pub(super) struct HeldCredential<'a> {
    pub(super) view: &'a ClusterView<'a>,
    pub(super) secret: &'a PullSecret,
    pub(super) key: &'a str,
    pub(super) credential: Credential,
    /// Who is asked about it, or why nobody is.
    pub(super) asker: Result<Asker, String>,
    /// The registry it belongs to, if somebody is signed in there.
    pub(super) registry: Option<RegistryHost>,
}

impl HeldCredential<'_> {
    pub(super) fn robot(&self) -> Option<RobotAt> {
        let robot: RobotName = self.credential.username.parse().ok()?;
        Some((self.registry.clone()?, robot))
    }
}

/// The credentials of robots, in the secrets that count.
pub(super) fn held<'a>(
    views: &'a [ClusterView<'a>],
    counts: impl Fn(&PullSecret) -> bool,
    wanted: &CurrentTokens,
    known: &[RegistryNames],
) -> Vec<HeldCredential<'a>> {
    let mut held = Vec::new();
    for view in views {
        let secrets = view.observed.secrets.iter();
        for secret in secrets.filter(|secret| counts(secret)) {
            let entries = secret.document.iter().flat_map(|content| content.entries());
            for (key, read) in entries {
                let Ok(credential) = read else { continue };
                let is_asked = RobotName::is_robot(&credential.username)
                    && !matches!(
                        wanted.known(key, &credential.username),
                        RobotAnswer::NotAsked
                    );
                if is_asked {
                    let login = (credential.username.as_str(), &credential.password);
                    let owner = owner_of(key, known).ok().flatten();
                    held.push(HeldCredential {
                        asker: Asker::of(key, Some(login), known),
                        registry: owner.map(|owner| owner.registry.clone()),
                        view,
                        secret,
                        key,
                        credential,
                    });
                }
            }
        }
    }
    held
}

/// What Quay says of each robot: its token, which is known already, and its roles, with the reason
/// if Quay tells the token and not the roles.
pub(super) async fn facts(
    held: &[HeldCredential<'_>],
    logins: &[KnownRegistry<'_>],
    wanted: &CurrentTokens,
) -> BTreeMap<RobotAt, (RobotFacts, Option<Failure>)> {
    let mut robots: BTreeMap<RobotAt, RobotToken> = BTreeMap::new();
    for entry in held {
        let token = match wanted.known(entry.key, &entry.credential.username) {
            RobotAnswer::Robot(_, token) => token.clone(),
            RobotAnswer::Bridge(bridge, _) => match &bridge.token {
                Some(token) => RobotToken::Current(token.clone()),
                None => RobotToken::NoSuchRobot,
            },
            _ => continue,
        };
        robots.extend(entry.robot().map(|robot| (robot, token)));
    }
    let asked = logins.iter().map(async |login| {
        let registry = &login.session.endpoint.registry;
        let exists = |token: &RobotToken| matches!(token, RobotToken::Current(_));
        let names = robots
            .iter()
            .filter(|((at, _), token)| at == registry && exists(token));
        let names = names.map(|((_, robot), _)| robot.clone()).collect();
        let grants = login.session.quay.grants_of_each(names).await.into_iter();
        let grants = grants.map(|(robot, grants)| ((registry.clone(), robot), grants));
        grants.collect::<Vec<_>>()
    });
    let asked = join_all(asked).await.into_iter().flatten();
    let mut grants: BTreeMap<RobotAt, Result<Vec<Grant>, ApiError>> = asked.collect();
    let facts = robots.into_iter().map(|(robot, token)| {
        let (roles, failure) = match (grants.remove(&robot), &token) {
            (Some(Ok(roles)), _) => (Some(roles), None),
            (Some(Err(error)), _) => (None, Some(Failure::new(error.to_string()))),
            (None, RobotToken::NoSuchRobot) => (Some(Vec::new()), None),
            // Why its token is unknown is why its roles are.
            (None, _) => (None, None),
        };
        (robot, (RobotFacts { token, roles }, failure))
    });
    facts.collect()
}

/// What the registries are asked about these credentials, beyond what pods pull with them: the
/// robot's own repositories.
pub(super) fn questions(
    held: &[HeldCredential<'_>],
    facts: &BTreeMap<RobotAt, (RobotFacts, Option<Failure>)>,
) -> Vec<Held> {
    let mut questions: BTreeMap<&Asker, Held> = BTreeMap::new();
    for entry in held {
        let Ok(asker) = &entry.asker else { continue };
        let robot = entry.robot();
        let facts = robot.and_then(|robot| facts.get(&robot));
        let roles = facts.and_then(|(facts, _)| facts.roles.as_ref());
        let question = questions.entry(asker).or_insert_with(|| Held {
            asker: asker.clone(),
            password: entry.credential.password.clone(),
            repositories: BTreeSet::new(),
        });
        let names = roles.into_iter().flatten();
        let names = names.map(|grant| grant.repository.clone());
        question.repositories.extend(names);
    }
    questions.into_values().collect()
}
