//! `/api/v1/organization/{org}/team/{team}`.

use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{Team, role_of};
use super::names;
use super::schema;
use super::state::State;
use super::views::{account_avatar, team_avatar};

const ROLES: [&str; 3] = ["member", "creator", "admin"];

const SCHEMA: &str = "{'description': 'Description of a team',
 'required': ['role'],
 'type': 'object'}";

/// Organization and team, once the caller administers the organization.
fn admin(context: &Context<'_>) -> Result<(String, String), Failure> {
    context.authorize(Need::OrgAdmin(context.param(0)))?;
    Ok((context.owned(0), context.owned(1)))
}

fn find<'a>(state: &'a State, org: &str, team: &str) -> Result<&'a Team, Failure> {
    let org = state.organization(org);
    org.and_then(|org| org.team(team))
        .ok_or_else(Failure::not_found)
}

fn member_view(state: &State, name: &str) -> Value {
    json!({
        "name": name,
        "kind": "user",
        "is_robot": name.contains('+'),
        "avatar": account_avatar(state, name),
        "invited": false,
    })
}

pub(super) fn put(context: &mut Context<'_>) -> Handled {
    let (org, name) = admin(context)?;
    let body = context.call.json()?;
    let description = "Org wide permissions that should apply to the team";
    let role = schema::choice(&body, "role", &ROLES, description, SCHEMA)?;
    let text = body.get("description").and_then(Value::as_str);
    names::check_namespace(&name)
        .map_err(|reason| Failure::model(format!("Invalid team name {name}: {reason}")))?;
    let found = context.state.organization_mut(&org);
    let found = found.ok_or_else(Failure::not_found)?;
    let is_new = found.team(&name).is_none();
    if is_new {
        found.teams.push(Team {
            name: name.clone(),
            description: String::new(),
            role: role.to_owned(),
            members: Vec::new(),
        });
    }
    if let Some(team) = found.team_mut(&name) {
        role.clone_into(&mut team.role);
        if let Some(text) = text {
            text.clone_into(&mut team.description);
        }
    }
    let team = find(context.state, &org, &name)?;
    Ok(Answer::json(&json!({
        "name": team.name,
        "description": team.description,
        "can_view": true,
        "role": team.role,
        "avatar": team_avatar(team),
        "new_team": is_new,
    })))
}

pub(super) fn delete(context: &mut Context<'_>) -> Handled {
    let (org, name) = admin(context)?;
    find(context.state, &org, &name)?;
    for repository in context.state.repositories.values_mut() {
        if repository.namespace == org {
            repository.teams.retain(|(team, _)| *team != name);
        }
    }
    if let Some(org) = context.state.organization_mut(&org) {
        org.teams.retain(|team| team.name != name);
    }
    Ok(Answer::no_content())
}

pub(super) fn members(context: &mut Context<'_>) -> Handled {
    let (org, name) = (context.owned(0), context.owned(1));
    context.authorize(Need::Team(&org, &name))?;
    let team = find(context.state, &org, &name)?;
    let members: Vec<Value> = team
        .members
        .iter()
        .map(|who| member_view(context.state, who))
        .collect();
    Ok(Answer::json(&json!({
        "name": name,
        "members": members,
        "can_edit": context.can(Need::OrgAdmin(&org)),
    })))
}

pub(super) fn add_member(context: &mut Context<'_>) -> Handled {
    let (org, name) = admin(context)?;
    let who = context.owned(2);
    let team = find(context.state, &org, &name)?;
    if !context.state.account_exists(&who) {
        return Err(Failure::invalid("Unknown user"));
    }
    if team.has(&who) {
        return Err(Failure::model(format!(
            "User {who} is already a member of team {name}"
        )));
    }
    let team = context.state.organization_mut(&org);
    if let Some(team) = team.and_then(|org| org.team_mut(&name)) {
        team.members.push(who.clone());
    }
    let logged = json!({ "member": who, "team": name });
    context.log("org_add_team_member", &org, logged);
    Ok(Answer::json(&member_view(context.state, &who)))
}

pub(super) fn remove_member(context: &mut Context<'_>) -> Handled {
    let (org, name) = admin(context)?;
    let who = context.owned(2);
    let team = find(context.state, &org, &name)?;
    if !context.state.account_exists(&who) {
        return Err(Failure::not_found());
    }
    if !team.has(&who) {
        return Err(Failure::model(format!(
            "User {who} does not belong to team {name}"
        )));
    }
    let team = context.state.organization_mut(&org);
    if let Some(team) = team.and_then(|org| org.team_mut(&name)) {
        team.members.retain(|member| *member != who);
    }
    let logged = json!({ "member": who, "team": name });
    context.log("org_remove_team_member", &org, logged);
    Ok(Answer::no_content())
}

pub(super) fn permissions(context: &mut Context<'_>) -> Handled {
    let (org, name) = admin(context)?;
    find(context.state, &org, &name)?;
    let permissions: Vec<Value> = context
        .state
        .repositories_of(&org)
        .into_iter()
        .filter_map(|repo| {
            let role = role_of(&repo.teams, &name)?;
            let repository = json!({ "name": repo.name, "is_public": repo.public });
            Some(json!({ "repository": repository, "role": role.name() }))
        })
        .collect();
    Ok(Answer::json(&json!({ "permissions": permissions })))
}
