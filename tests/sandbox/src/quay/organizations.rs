//! `/api/v1/organization/{org}` itself, its members, and the search for names.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{Organization, role_of};
use super::names;
use super::state::State;
use super::views::{account_avatar, org_avatar, team_avatar};

pub(super) fn create(context: &mut Context<'_>) -> Handled {
    context.authorize(Need::UserAdmin)?;
    let body = context.call.json()?;
    let field = |key: &str| body.get(key).and_then(Value::as_str);
    let name = field("name").unwrap_or_default();
    if context.state.organization(name).is_some() || context.state.user(name).is_some() {
        return Err(Failure::invalid(
            "A user or organization with this name already exists",
        ));
    }
    names::check_namespace(name)
        .map_err(|reason| Failure::invalid(format!("Invalid namespace {name}: {reason}")))?;
    let email = field("email").map_or_else(|| context.state.uuid(), str::to_owned);
    let owner = context.caller.name()?.to_owned();
    context.state.insert_organization(name, &owner, email);
    Ok(Answer::json_with(201, &json!("Created")))
}

pub(super) fn delete(context: &mut Context<'_>) -> Handled {
    let name = context.owned(0);
    context.authorize(Need::OrgAdmin(&name))?;
    let state = &mut *context.state;
    state.organization(&name).ok_or_else(Failure::not_found)?;
    state.organizations.retain(|org| org.name != name);
    state.repositories.retain(|(owner, _), _| *owner != name);
    let prefix = format!("{name}+");
    let robots = state.robots.keys();
    let robots: Vec<String> = robots
        .filter(|robot| robot.starts_with(&prefix))
        .cloned()
        .collect();
    for robot in robots {
        state.delete_robot(&robot);
    }
    Ok(Answer::no_content())
}

/// Everybody may look; how much there is to see depends on who looks.
pub(super) fn get(context: &mut Context<'_>) -> Handled {
    let name = context.param(0);
    let org = context.state.organization(name);
    let org = org.ok_or_else(Failure::not_found)?;
    let admin = context.can(Need::OrgAdmin(name));
    let member = context.can(Need::OrgMember(name));
    let mut view = json!({
        "name": org.name,
        "email": if admin { org.email.as_str() } else { "" },
        "avatar": org_avatar(org, "user"),
        "is_admin": admin,
        "is_member": member,
    });
    if member {
        view["teams"] = Value::Object(teams(context, org));
        let names: Vec<&str> = org.teams.iter().map(|team| team.name.as_str()).collect();
        view["ordered_teams"] = json!(names);
    }
    if admin {
        view["invoice_email"] = json!(false);
        view["invoice_email_address"] = Value::Null;
        view["tag_expiration_s"] = json!(1_209_600);
        view["is_free_account"] = json!(true);
    }
    Ok(Answer::json(&view))
}

fn teams(context: &Context<'_>, org: &Organization) -> Map<String, Value> {
    let repositories = context.state.repositories_of(&org.name);
    let view = |team: &super::model::Team| {
        let of_team = repositories
            .iter()
            .filter(|repo| role_of(&repo.teams, &team.name).is_some());
        json!({
            "name": team.name,
            "description": team.description,
            "role": team.role,
            "avatar": team_avatar(team),
            "can_view": context.can(Need::Team(&org.name, &team.name)),
            "repo_count": of_team.count(),
            "member_count": team.members.len(),
            "is_synced": false,
        })
    };
    let teams = org.teams.iter();
    teams.map(|team| (team.name.clone(), view(team))).collect()
}

/// One member, user or robot, with what it reaches, also by teams.
pub(super) fn member(context: &mut Context<'_>) -> Handled {
    let (org, who) = (context.param(0), context.param(1));
    context.authorize(Need::OrgAdmin(org))?;
    let state = &*context.state;
    if !state.account_exists(who) {
        return Err(Failure::not_found());
    }
    let found = state.organization(org).ok_or_else(Failure::not_found)?;
    let teams: Vec<Value> = found
        .teams
        .iter()
        .filter(|team| team.has(who))
        .map(|team| json!({ "name": team.name, "avatar": team_avatar(team) }))
        .collect();
    let repositories: BTreeSet<&str> = state
        .repositories_of(org)
        .into_iter()
        .filter(|repo| {
            role_of(&repo.users, who).is_some() || state.team_role_on(who, repo).is_some()
        })
        .map(|repo| repo.name.as_str())
        .collect();
    Ok(Answer::json(&json!({
        "name": who,
        "kind": if who.contains('+') { "robot" } else { "user" },
        "avatar": account_avatar(state, who),
        "teams": teams,
        "repositories": repositories,
    })))
}

/// Names that start with the path's last segment: robots and teams of a namespace, and users.
pub(super) fn entities(context: &mut Context<'_>) -> Handled {
    let prefix = context.param(0);
    context.caller.name()?;
    let namespace = context.call.query("namespace").unwrap_or_default();
    let org = context.state.organization(namespace);
    let mut results = Vec::new();
    if context.can(Need::OrgMember(namespace)) {
        let robots = context.state.robots.keys();
        let start = format!("{namespace}+{prefix}");
        let robots = robots.filter(|name| name.starts_with(&start));
        results.extend(robots.map(|name| entity(context.state, name, true)));
        if context.call.flag("includeTeams", false) {
            let teams = org.iter().flat_map(|org| &org.teams);
            let teams = teams.filter(|team| team.name.starts_with(prefix));
            results.extend(teams.map(
                |team| json!({ "name": team.name, "kind": "team", "avatar": team_avatar(team) }),
            ));
        }
    }
    let users = context.state.users.iter();
    let users = users.filter(|user| user.name.starts_with(prefix));
    results.extend(users.map(|user| {
        let member = org.is_some_and(|org| org.has_member(&user.name));
        entity(context.state, &user.name, member)
    }));
    Ok(Answer::json(&json!({ "results": results })))
}

fn entity(state: &State, name: &str, member: bool) -> Value {
    json!({
        "name": name,
        "kind": "user",
        "is_robot": name.contains('+'),
        "avatar": account_avatar(state, name),
        "is_org_member": member,
    })
}
