//! The tokens of robots that pull secrets name. Anybody may name robots there that do not exist,
//! so Quay is asked about each organization once, and then about those robots alone that it has.

use super::current_tokens::{Bridge, RobotToken};
use crate::credentials::Session;
use crate::names::RobotName;
use crate::quay::{BridgeMark, ListedRobot, Quay, bridge_name};
use crate::web::ApiError;
use futures::future::{join, join_all};
use std::collections::{BTreeMap, BTreeSet};

/// The robots of one organization, by their names, or why Quay does not list them.
type Listing = Result<BTreeMap<String, ListedRobot>, ApiError>;

/// The token of each of these robots, and the bridge that stands in for it.
pub async fn robot_tokens(
    session: &Session,
    robots: BTreeSet<RobotName>,
) -> Vec<(RobotName, RobotToken, Option<Bridge>)> {
    let namespaces = robots.iter().map(|robot| robot.namespace().to_owned());
    let namespaces: BTreeSet<String> = namespaces.collect();
    let namespaces: Vec<String> = namespaces.into_iter().collect();
    let listed = session.quay.robots_of_each(&namespaces, false).await;
    let listed: BTreeMap<String, Listing> = listed
        .into_iter()
        .map(|(namespace, robots)| (namespace, robots.map(by_name)))
        .collect();
    join_all(robots.into_iter().map(async |robot| {
        let (token, bridge) = match listed.get(robot.namespace()) {
            Some(Ok(listed)) => token(session, &robot, listed).await,
            Some(Err(ApiError::NotFound)) | None => (RobotToken::NoSuchRobot, None),
            Some(Err(error)) => (unreadable(session, error), None),
        };
        (robot, token, bridge)
    }))
    .await
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
