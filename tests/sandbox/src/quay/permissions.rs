//! `/api/v1/repository/{ns}/{repo}/permissions`.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{Role, role_of, upsert};
use super::schema;
use super::state::State;
use super::views::{account_avatar, team_avatar};

const NO_PERMISSION: &str = "User does not have permission for repo.";
const NO_TEAM_PERMISSION: &str = "Team does not have permission for repo.";

/// The roles a body may ask for.
pub(super) const ROLES: [&str; 3] = ["read", "write", "admin"];

fn role_in(context: &Context<'_>, subject: &str) -> Result<Role, Failure> {
    let body = context.call.json()?;
    let text = include_str!("schemas/permission.txt").replace("user", subject);
    let description = format!("Role to use for the {subject}");
    let name = schema::choice(&body, "role", &ROLES, &description, &text)?;
    Role::parse(name).ok_or_else(Failure::internal)
}

/// Namespace and repository, once the caller may change permissions there.
fn admin(context: &Context<'_>) -> Result<(String, String), Failure> {
    context.authorize(Need::RepoAdmin(context.param(0), context.param(1)))?;
    Ok((context.owned(0), context.owned(1)))
}

fn user_view(state: &State, namespace: &str, who: &str, role: Role) -> Value {
    let robot = who.contains('+');
    let mut view = json!({
        "role": role.name(),
        "name": who,
        "is_robot": robot,
        "avatar": account_avatar(state, who),
    });
    if let Some(org) = state.organization(namespace) {
        view["is_org_member"] = json!(robot || org.has_member(who));
    }
    view
}

fn team_view(state: &State, namespace: &str, team: &str, role: Role) -> Value {
    let org = state.organization(namespace);
    let avatar = org.and_then(|org| org.team(team)).map(team_avatar);
    json!({ "role": role.name(), "name": team, "avatar": avatar })
}

pub(super) fn list_users(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let mut all = Map::new();
    for (who, role) in context
        .state
        .repository(&namespace, &name)
        .map(|repo| repo.users.as_slice())
        .unwrap_or_default()
    {
        let view = user_view(context.state, &namespace, who, *role);
        all.insert(who.clone(), view);
    }
    Ok(Answer::json(&json!({ "permissions": all })))
}

pub(super) fn list_teams(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let mut all = Map::new();
    for (team, role) in context
        .state
        .repository(&namespace, &name)
        .map(|repo| repo.teams.as_slice())
        .unwrap_or_default()
    {
        let view = team_view(context.state, &namespace, team, *role);
        all.insert(team.clone(), view);
    }
    Ok(Answer::json(&json!({ "permissions": all })))
}

pub(super) fn get_user(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let who = context.param(2);
    let repository = context.state.repository(&namespace, &name);
    let role = repository.and_then(|repo| role_of(&repo.users, who));
    let role = role.ok_or_else(|| Failure::model(NO_PERMISSION))?;
    let view = user_view(context.state, &namespace, who, role);
    Ok(Answer::json(&view))
}

/// Direct and by teams.
pub(super) fn transitive(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let who = context.param(2);
    let repository = context.state.repository(&namespace, &name);
    let repository = repository.ok_or_else(Failure::not_found)?;
    let direct = role_of(&repository.users, who);
    let roles = [direct, context.state.team_role_on(who, repository)];
    let roles: Vec<Value> = roles
        .into_iter()
        .flatten()
        .map(|role| json!({ "role": role.name() }))
        .collect();
    if roles.is_empty() {
        return Err(Failure::not_found());
    }
    Ok(Answer::json(&json!({ "permissions": roles })))
}

pub(super) fn put_user(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let role = role_in(context, "user")?;
    let who = context.owned(2);
    if let Some((owner, _)) = who.split_once('+')
        && owner != namespace
    {
        return Err(Failure::invalid(format!(
            "Cannot add robot {who} under namespace {namespace}"
        )));
    }
    if !context.state.account_exists(&who) {
        return Err(Failure::invalid(format!("Invalid username: {who}")));
    }
    let Some(repository) = context.state.repository_mut(&namespace, &name) else {
        return Err(Failure::internal());
    };
    upsert(&mut repository.users, &who, role);
    let logged = json!({
        "username": who, "repo": name, "namespace": namespace, "role": role.name(),
    });
    context.log("change_repo_permission", &namespace, logged);
    let view = user_view(context.state, &namespace, &who, role);
    Ok(Answer::json(&view))
}

pub(super) fn delete_user(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let who = context.owned(2);
    let repository = context.state.repository_mut(&namespace, &name);
    let removed = repository.is_some_and(|repo| {
        let before = repo.users.len();
        repo.users.retain(|(name, _)| *name != who);
        repo.users.len() < before
    });
    if !removed {
        return Err(Failure::invalid(NO_PERMISSION));
    }
    let logged = json!({ "username": who, "repo": name, "namespace": namespace });
    context.log("delete_repo_permission", &namespace, logged);
    Ok(Answer::no_content())
}

pub(super) fn get_team(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let team = context.param(2);
    let repository = context.state.repository(&namespace, &name);
    let role = repository.and_then(|repo| role_of(&repo.teams, team));
    let role = role.ok_or_else(|| Failure::model(NO_TEAM_PERMISSION))?;
    let view = team_view(context.state, &namespace, team, role);
    Ok(Answer::json(&view))
}

pub(super) fn put_team(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let role = role_in(context, "team")?;
    let team = context.owned(2);
    let org = context.state.organization(&namespace);
    if org.and_then(|org| org.team(&team)).is_none() {
        return Err(Failure::invalid(format!("Invalid team: {team}")));
    }
    let Some(repository) = context.state.repository_mut(&namespace, &name) else {
        return Err(Failure::internal());
    };
    upsert(&mut repository.teams, &team, role);
    let view = team_view(context.state, &namespace, &team, role);
    Ok(Answer::json(&view))
}

pub(super) fn delete_team(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = admin(context)?;
    let team = context.owned(2);
    let repository = context.state.repository_mut(&namespace, &name);
    let removed = repository.is_some_and(|repo| {
        let before = repo.teams.len();
        repo.teams.retain(|(name, _)| *name != team);
        repo.teams.len() < before
    });
    if removed {
        Ok(Answer::no_content())
    } else {
        Err(Failure::invalid(NO_TEAM_PERMISSION))
    }
}
