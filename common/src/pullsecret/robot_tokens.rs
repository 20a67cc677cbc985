//! The tokens of robots that pull secrets name. Anybody may name robots and organizations there that
//! do not exist, so Quay is asked about each organization once, about those robots alone that it has,
//! and about no more organizations once several have turned out to be none of the user's.

use super::current_tokens::{Bridge, RobotToken};
use crate::credentials::Session;
use crate::names::RobotName;
use crate::quay::{BridgeMark, ListedRobot, Quay, bridge_name};
use crate::web::ApiError;
use futures::future::{join, join_all};
use std::collections::{BTreeMap, BTreeSet};

/// The robots of one organization, by their names, or why they are not known.
type Listing = Result<BTreeMap<String, ListedRobot>, Unlisted>;

/// Why the robots of an organization are not known.
enum Unlisted {
    /// Quay does not list them.
    Refused(ApiError),
    /// Too many others were none of the user's: Quay was not asked.
    NotAsked,
}

/// Once so many organizations are none of the user's, those that are left are not asked about.
const STRANGERS: usize = 8;
/// Organizations that Quay is asked about side by side.
const AT_ONCE: usize = 4;

/// The token of each of these robots, and the bridge that stands in for it.
pub async fn robot_tokens(
    session: &Session,
    robots: BTreeSet<RobotName>,
) -> Vec<(RobotName, RobotToken, Option<Bridge>)> {
    let namespaces = robots.iter().map(|robot| robot.namespace().to_owned());
    let listed = listings(&session.quay, namespaces.collect()).await;
    join_all(robots.into_iter().map(async |robot| {
        let (token, bridge) = match listed.get(robot.namespace()) {
            Some(Ok(listed)) => token(session, &robot, listed).await,
            Some(Err(Unlisted::Refused(ApiError::NotFound))) | None => {
                (RobotToken::NoSuchRobot, None)
            }
            Some(Err(Unlisted::Refused(error))) => (unreadable(session, error), None),
            Some(Err(Unlisted::NotAsked)) => (not_asked(session, &robot), None),
        };
        (robot, token, bridge)
    }))
    .await
}

/// The robots of each organization. The user's own come first, where Quay tells which those are;
/// of others only so many are tried.
async fn listings(quay: &Quay, namespaces: BTreeSet<String>) -> BTreeMap<String, Listing> {
    let own = match namespaces.len() > STRANGERS {
        true => own_namespaces(quay).await,
        false => BTreeSet::new(),
    };
    let (own, others): (Vec<String>, Vec<String>) =
        namespaces.into_iter().partition(|it| own.contains(it));
    let mut listed = list_each(quay, &own).await;
    let mut strangers = 0;
    for some in others.chunks(AT_ONCE) {
        if strangers >= STRANGERS {
            let not_asked = |it: &String| (it.clone(), Err(Unlisted::NotAsked));
            listed.extend(some.iter().map(not_asked));
            continue;
        }
        let asked = list_each(quay, some).await;
        strangers += asked.values().filter(|it| it.is_err()).count();
        listed.extend(asked);
    }
    listed
}

/// The namespaces that are the user's; none where the token may not list them.
async fn own_namespaces(quay: &Quay) -> BTreeSet<String> {
    let user = quay.current_user().await.ok().flatten();
    let names = user.into_iter().flat_map(|user| {
        let organizations = user.organizations.into_iter().map(|it| it.name);
        organizations.chain([user.username])
    });
    names.collect()
}

async fn list_each(quay: &Quay, namespaces: &[String]) -> BTreeMap<String, Listing> {
    let listed = quay.robots_of_each(namespaces, false).await.into_iter();
    let listed = listed.map(|(namespace, robots)| {
        let robots = robots.map(by_name).map_err(Unlisted::Refused);
        (namespace, robots)
    });
    listed.collect()
}

fn by_name(robots: Vec<ListedRobot>) -> BTreeMap<String, ListedRobot> {
    let named = robots.into_iter().map(|robot| (robot.name.clone(), robot));
    named.collect()
}

/// A robot's token, and the bridge that stands in for it. Where either cannot be found
/// out, nothing may be written: the token counts as unreadable.
async fn token(
    session: &Session,
    robot: &RobotName,
    listed: &BTreeMap<String, ListedRobot>,
) -> (RobotToken, Option<Bridge>) {
    let quay = &session.quay;
    let bridge = bridge_name(robot).and_then(|name| listed.get(name.as_str()));
    let has_bridge = bridge.is_some_and(|found| BridgeMark::parse(&found.description).is_some());
    let found = async {
        match listed.contains_key(robot.as_str()) {
            true => quay.robot(robot).await,
            false => Err(ApiError::NotFound),
        }
    };
    let bridge = async {
        match has_bridge {
            true => standing_bridge(quay, robot).await,
            false => Ok(None),
        }
    };
    match join(found, bridge).await {
        (Ok(found), Ok(bridge)) => (RobotToken::Current(found.token), bridge),
        (Err(ApiError::NotFound), bridge) => (RobotToken::NoSuchRobot, bridge.ok().flatten()),
        (Err(error), _) | (Ok(_), Err(error)) => (unreadable(session, &error), None),
    }
}

/// The bridge that stands in for the robot now: a robot of the bridge's name whose
/// description says that a rotation made it.
pub async fn standing_bridge(quay: &Quay, robot: &RobotName) -> Result<Option<Bridge>, ApiError> {
    let Some(name) = bridge_name(robot) else {
        return Ok(None);
    };
    match quay.robot(&name).await {
        Ok(found) if BridgeMark::parse(&found.description).is_some() => Ok(Some(Bridge {
            name,
            robot: robot.clone(),
            token: Some(found.token),
        })),
        Ok(_) | Err(ApiError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn unreadable(session: &Session, error: &ApiError) -> RobotToken {
    RobotToken::Unreadable(format!("at {}: {error}", session.endpoint.registry))
}

fn not_asked(session: &Session, robot: &RobotName) -> RobotToken {
    RobotToken::Unreadable(format!(
        "{} was not asked about `{}`, because {STRANGERS} other organizations that pull secrets name \
         do not exist or are none that the API token can administer; a token that also has the scope \
         user:read makes sure that yours are asked about",
        session.endpoint.registry,
        robot.namespace()
    ))
}
