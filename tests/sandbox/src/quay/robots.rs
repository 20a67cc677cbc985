//! `/api/v1/organization/{org}/robots` and `/api/v1/user/robots`.

use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{Robot, role_of};
use super::names;
use super::schema::Place;
use super::state::State;
use super::views::{date, maybe_date, team_avatar};

const NOT_FOUND: &str = "Could not find robot with specified username";

/// How many rows a list reads where nobody says.
const ROWS: usize = 500;

const CREATE_SCHEMA: &str = include_str!("schemas/robot.txt");
const DESCRIPTION_SCHEMA: &str = include_str!("schemas/robot_description.txt");
const METADATA_SCHEMA: &str = include_str!("schemas/robot_metadata.txt");

/// The namespace a call is about, once its caller may manage the robots there.
fn org(context: &Context<'_>) -> Result<String, Failure> {
    context.authorize(Need::OrgAdmin(context.param(0)))?;
    Ok(context.owned(0))
}

/// A caller's own namespace.
fn own(context: &Context<'_>) -> Result<String, Failure> {
    context.authorize(Need::UserAdmin)?;
    Ok(context.caller.name()?.to_owned())
}

/// An organization that exists; the path's authorization lets the caller's own name through.
fn existing_org(context: &Context<'_>) -> Result<String, Failure> {
    let name = org(context)?;
    match context.state.organization(&name) {
        Some(_) => Ok(name),
        None => Err(Failure::model(format!(
            "Organization does not exist: {name}"
        ))),
    }
}

pub(super) fn get_org(context: &mut Context<'_>) -> Handled {
    let namespace = existing_org(context)?;
    get(context, &namespace, 1)
}

pub(super) fn get_user(context: &mut Context<'_>) -> Handled {
    let namespace = own(context)?;
    get(context, &namespace, 0)
}

pub(super) fn put_org(context: &mut Context<'_>) -> Handled {
    let namespace = existing_org(context)?;
    put(context, &namespace, 1)
}

pub(super) fn put_user(context: &mut Context<'_>) -> Handled {
    let namespace = own(context)?;
    put(context, &namespace, 0)
}

pub(super) fn delete_org(context: &mut Context<'_>) -> Handled {
    let namespace = org(context)?;
    delete(context, &namespace, 1)
}

pub(super) fn delete_user(context: &mut Context<'_>) -> Handled {
    let namespace = own(context)?;
    delete(context, &namespace, 0)
}

pub(super) fn regenerate_org(context: &mut Context<'_>) -> Handled {
    let namespace = existing_org(context)?;
    regenerate(context, &namespace, 1)
}

pub(super) fn regenerate_user(context: &mut Context<'_>) -> Handled {
    let namespace = own(context)?;
    regenerate(context, &namespace, 0)
}

/// Needs `user:admin` and `org:admin`: the first is asked for by a decorator, the second inside.
pub(super) fn permissions_org(context: &mut Context<'_>) -> Handled {
    context.authorize(Need::UserAdmin)?;
    if !context.can(Need::OrgAdmin(context.param(0))) {
        return Err(Failure::forbidden());
    }
    let namespace = context.owned(0);
    permissions(context, &namespace, 1)
}

pub(super) fn permissions_user(context: &mut Context<'_>) -> Handled {
    let namespace = own(context)?;
    permissions(context, &namespace, 0)
}

/// Members see names only, whatever they ask for.
pub(super) fn list_org(context: &mut Context<'_>) -> Handled {
    let namespace = context.owned(0);
    context.authorize(Need::OrgMember(&namespace))?;
    let admin = context.can(Need::OrgAdmin(&namespace));
    list(context, &namespace, admin)
}

pub(super) fn list_user(context: &mut Context<'_>) -> Handled {
    let namespace = own(context)?;
    list(context, &namespace, true)
}

/// `namespace+short`, `short` being the path's parameter number `index`.
fn full_name(context: &Context<'_>, namespace: &str, index: usize) -> String {
    format!("{namespace}+{}", context.param(index))
}

/// The robot a path names.
pub(super) fn find<'a>(state: &'a State, full: &str) -> Result<&'a Robot, Failure> {
    state
        .robots
        .get(full)
        .ok_or_else(|| Failure::model(NOT_FOUND))
}

fn get(context: &Context<'_>, namespace: &str, index: usize) -> Handled {
    let robot = find(context.state, &full_name(context, namespace, index))?;
    let metadata = robot.metadata.clone().unwrap_or_else(|| json!({}));
    Ok(Answer::json(&whole(robot, Some(metadata))))
}

fn put(context: &mut Context<'_>, namespace: &str, index: usize) -> Handled {
    let body = context.call.optional_json().unwrap_or_else(|| json!({}));
    let description = description_in(&body)?.to_owned();
    let metadata = metadata_in(&body)?.cloned();
    let short = context.owned(index);
    let full = full_name(context, namespace, index);
    if context.state.switches.robots_disallowed {
        return Err(Failure::invalid(
            "Robot accounts have been disabled. Please contact your administrator.",
        ));
    }
    names::check_namespace(&short).map_err(|reason| {
        Failure::invalid(format!(
            "The name for the robot '{short}' is invalid: {reason}"
        ))
    })?;
    if context.state.robots.contains_key(&full) {
        return Err(Failure::invalid(format!(
            "Existing robot with name: {full}"
        )));
    }
    if full.chars().count() > names::LONGEST {
        return Err(Failure::model(
            "value too long for type character varying(255)\n",
        ));
    }
    context
        .state
        .insert_robot(&full, &description, metadata.clone());
    let logged = json!({
        "robot": short,
        "description": body.get("description"),
        "unstructured_metadata": metadata,
    });
    context.log("create_robot", namespace, logged);
    let robot = find(context.state, &full)?;
    let mut answer = Answer::json(&whole(robot, Some(metadata.unwrap_or_default())));
    answer.status = 201;
    Ok(answer)
}

fn description_in(body: &Value) -> Result<&str, Failure> {
    let whole = Place {
        found: body,
        schema: "",
        path: "",
        text: CREATE_SCHEMA,
    };
    let object = body.as_object().ok_or_else(|| whole.wrong_type("object"))?;
    let Some(found) = object.get("description") else {
        return Ok("");
    };
    let place = Place {
        found,
        schema: "['properties']['description']",
        path: "['description']",
        text: DESCRIPTION_SCHEMA,
    };
    match found.as_str() {
        None => Err(place.wrong_type("string")),
        Some(text) if text.chars().count() > 255 => Err(place.too_long()),
        Some(text) => Ok(text),
    }
}

fn metadata_in(body: &Value) -> Result<Option<&Value>, Failure> {
    let Some(found) = body.get("unstructured_metadata") else {
        return Ok(None);
    };
    let place = Place {
        found,
        schema: "['properties']['unstructured_metadata']",
        path: "['unstructured_metadata']",
        text: METADATA_SCHEMA,
    };
    if found.is_object() {
        Ok(Some(found))
    } else {
        Err(place.wrong_type("object"))
    }
}

fn delete(context: &mut Context<'_>, namespace: &str, index: usize) -> Handled {
    let full = full_name(context, namespace, index);
    if find(context.state, &full)?.mirrored {
        return Err(Failure::invalid("Robot is being used by a mirror"));
    }
    context.state.delete_robot(&full);
    let logged = json!({ "robot": context.param(index) });
    context.log("delete_robot", namespace, logged);
    Ok(Answer::no_content())
}

fn regenerate(context: &mut Context<'_>, namespace: &str, index: usize) -> Handled {
    let full = full_name(context, namespace, index);
    if context.state.regenerate(&full).is_err() {
        return Err(Failure::model(NOT_FOUND));
    }
    let logged = json!({ "robot": context.param(index) });
    context.log("regenerate_robot_token", namespace, logged);
    Ok(Answer::json(&whole(find(context.state, &full)?, None)))
}

/// Direct permissions only; what a team gives is not among them.
fn permissions(context: &Context<'_>, namespace: &str, index: usize) -> Handled {
    let full = full_name(context, namespace, index);
    find(context.state, &full)?;
    let repositories = context.state.repositories.values();
    let permissions: Vec<Value> = repositories
        .filter_map(|repo| {
            let role = role_of(&repo.users, &full)?;
            let repository = json!({ "name": repo.name, "is_public": repo.public });
            Some(json!({ "repository": repository, "role": role.name() }))
        })
        .collect();
    Ok(Answer::json(&json!({ "permissions": permissions })))
}

fn list(context: &Context<'_>, namespace: &str, admin: bool) -> Handled {
    let call = context.call;
    let tokens = admin && call.flag("token", true);
    let permissions = admin && call.flag("permissions", false);
    let limit = match call.query("limit").map(str::parse::<i64>) {
        None => ROWS,
        Some(Err(_)) => {
            let help = "If specified, the number of robots to return.";
            let body = json!({ "message": { "limit": help } });
            return Err(Answer::json_with(400, &body).into());
        }
        // PostgreSQL refuses a negative LIMIT, and nobody catches that.
        Some(Ok(limit)) if limit < 0 => return Err(Failure::internal()),
        Some(Ok(0)) => usize::MAX,
        Some(Ok(limit)) => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let limited = permissions || (1..ROWS).contains(&limit);
    let robots = context.state.robots_like(namespace, limited);
    let robots: Vec<Value> = if permissions {
        joined(context.state, &robots, limit, tokens)
    } else {
        let robots = robots.iter().take(limit);
        robots.map(|robot| listed(robot, tokens, None)).collect()
    };
    Ok(Answer::json(&json!({ "robots": robots })))
}

/// A list with teams and repositories is a SQL join, and its limit counts rows: a robot takes one
/// for every pair of a repository and a team it has.
fn joined(state: &State, robots: &[&Robot], limit: usize, tokens: bool) -> Vec<Value> {
    let mut left = limit;
    let mut list = Vec::new();
    for robot in robots {
        let teams: Vec<Value> = state
            .organizations
            .iter()
            .flat_map(|org| &org.teams)
            .filter(|team| team.has(&robot.name))
            .map(|team| json!({ "name": team.name, "avatar": team_avatar(team) }))
            .collect();
        let repositories: Vec<&str> = state
            .repositories
            .values()
            .filter(|repo| role_of(&repo.users, &robot.name).is_some())
            .map(|repo| repo.name.as_str())
            .collect();
        let per_repository = teams.len().max(1);
        let rows = per_repository * repositories.len().max(1);
        if left == 0 {
            break;
        }
        let kept = left.min(rows);
        left -= kept;
        let repositories = &repositories[..repositories.len().min(kept.div_ceil(per_repository))];
        let teams = &teams[..teams.len().min(kept)];
        list.push(listed(robot, tokens, Some((teams, repositories))));
    }
    list
}

fn listed(robot: &Robot, token: bool, more: Option<(&[Value], &[&str])>) -> Value {
    let mut view = json!({
        "name": robot.name,
        "created": date(robot.created),
        "last_accessed": maybe_date(robot.last_accessed),
    });
    if let Some((teams, repositories)) = more {
        view["teams"] = json!(teams);
        view["repositories"] = json!(repositories);
    }
    view["description"] = json!(robot.description);
    if token {
        view["token"] = json!(robot.token);
    }
    view
}

fn whole(robot: &Robot, metadata: Option<Value>) -> Value {
    let mut view = listed(robot, true, None);
    if let Some(metadata) = metadata {
        view["unstructured_metadata"] = metadata;
    }
    view
}
