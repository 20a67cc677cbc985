//! Default permissions: `/api/v1/organization/{org}/prototypes`.

use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{Delegate, Organization, Prototype, Role};
use super::permissions::ROLES;
use super::schema::{self, Place};
use super::state::State;
use super::views::{account_avatar, team_avatar};

const ROLE: &str = "Role that should be applied to the delegate";

const CREATE_SCHEMA: &str = "{'description': 'Description of a new prototype',
 'required': ['role', 'delegate'],
 'type': 'object'}";

const UPDATE_SCHEMA: &str = "{'description': 'Description of a the new prototype role',
 'required': ['role'],
 'type': 'object'}";

/// The organization, once the caller administers it.
fn admin(context: &Context<'_>) -> Result<String, Failure> {
    context.authorize(Need::OrgAdmin(context.param(0)))?;
    match context.state.organization(context.param(0)) {
        Some(org) => Ok(org.name.clone()),
        None => Err(Failure::not_found()),
    }
}

fn account_view(state: &State, org: &Organization, name: &str) -> Value {
    let robot = name.contains('+');
    json!({
        "name": name,
        "is_robot": robot,
        "kind": "user",
        "is_org_member": robot || org.has_member(name),
        "avatar": account_avatar(state, name),
    })
}

fn view(state: &State, org: &Organization, prototype: &Prototype) -> Value {
    let activating = prototype.activating_user.as_deref();
    let delegate = match &prototype.delegate {
        Delegate::User(name) => account_view(state, org, name),
        Delegate::Team(name) => {
            let avatar = org.team(name).map(team_avatar);
            json!({ "name": name, "kind": "team", "avatar": avatar })
        }
    };
    json!({
        "activating_user": activating.map(|name| account_view(state, org, name)),
        "delegate": delegate,
        "role": prototype.role.name(),
        "id": prototype.id,
    })
}

pub(super) fn list(context: &mut Context<'_>) -> Handled {
    let name = admin(context)?;
    let org = context.state.organization(&name);
    let org = org.ok_or_else(Failure::not_found)?;
    let prototypes: Vec<Value> = org
        .prototypes
        .iter()
        .map(|prototype| view(context.state, org, prototype))
        .collect();
    Ok(Answer::json(&json!({ "prototypes": prototypes })))
}

pub(super) fn create(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let body = context.call.json()?;
    let role = role_in(&body, CREATE_SCHEMA)?;
    let delegate = schema::required(&body, "delegate", CREATE_SCHEMA)?;
    let name = text(delegate, "name");
    let is_team = kind_in(delegate)? == "team";
    let activating = body.get("activating_user").filter(|value| !value.is_null());
    let activating = activating.map(|user| text(user, "name"));
    if let Some(user) = &activating
        && !context.state.account_exists(user)
    {
        return Err(Failure::invalid("Unknown activating user"));
    }
    let delegate = if is_team {
        let found = context.state.organization(&org);
        if found.and_then(|org| org.team(&name)).is_none() {
            // Quay raises with a tuple where a format was meant.
            return Err(Failure::model(format!(
                "('Team does not exist: %s/%s', '{org}', '{name}')"
            )));
        }
        Delegate::Team(name)
    } else if context.state.account_exists(&name) {
        Delegate::User(name)
    } else {
        return Err(Failure::invalid("Missing delegate user or team"));
    };
    let prototype = Prototype {
        id: context.state.uuid(),
        role,
        activating_user: activating,
        delegate,
    };
    let id = prototype.id.clone();
    if let Some(org) = context.state.organization_mut(&org) {
        org.prototypes.push(prototype);
    }
    one(context.state, &org, &id)
}

fn text(value: &Value, key: &str) -> String {
    let found = value.get(key).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn role_in(body: &Value, whole: &str) -> Result<Role, Failure> {
    let name = schema::choice(body, "role", &ROLES, ROLE, whole)?;
    Role::parse(name).ok_or_else(Failure::internal)
}

fn kind_in(delegate: &Value) -> Result<String, Failure> {
    let found = schema::required(delegate, "kind", CREATE_SCHEMA)?;
    let place = Place {
        found,
        schema: "['properties']['delegate']['properties']['kind']",
        path: "['delegate']['kind']",
        text: "{'description': 'Whether the delegate is a user or a team',
 'enum': ['user', 'team'],
 'type': 'string'}",
    };
    let kind = text(delegate, "kind");
    if ["user", "team"].contains(&kind.as_str()) {
        Ok(kind)
    } else {
        Err(place.not_one_of(&["user", "team"]))
    }
}

fn one(state: &State, org: &str, id: &str) -> Handled {
    let org = state.organization(org).ok_or_else(Failure::not_found)?;
    let found = org.prototypes.iter().find(|prototype| prototype.id == id);
    let found = found.ok_or_else(Failure::not_found)?;
    Ok(Answer::json(&view(state, org, found)))
}

pub(super) fn update(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let role = role_in(&context.call.json()?, UPDATE_SCHEMA)?;
    let id = context.owned(1);
    if let Some(org) = context.state.organization_mut(&org) {
        for prototype in org.prototypes.iter_mut().filter(|it| it.id == id) {
            prototype.role = role;
        }
    }
    one(context.state, &org, &id)
}

pub(super) fn delete(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let id = context.owned(1);
    one(context.state, &org, &id)?;
    if let Some(org) = context.state.organization_mut(&org) {
        org.prototypes.retain(|prototype| prototype.id != id);
    }
    Ok(Answer::no_content())
}
