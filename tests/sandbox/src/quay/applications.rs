//! OAuth applications of an organization, and the tokens made for them.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{Application, OauthToken};
use super::schema::{self, Place};
use super::scopes::Scopes;
use super::seed::TOKEN_LIFE;
use super::state::State;
use super::views::iso;

const SCHEMA: &str = include_str!("schemas/application.txt");
const EXPIRATION_SCHEMA: &str = include_str!("schemas/token_expiration.txt");
const TOKEN_SCHEMA: &str = "{'description': 'Description of a new OAuth token',
 'required': ['name', 'scope'],
 'type': 'object'}";

/// The organization, once the caller administers it.
fn admin(context: &Context<'_>) -> Result<String, Failure> {
    context.authorize(Need::OrgAdmin(context.param(0)))?;
    match context.state.organization(context.param(0)) {
        Some(_) => Ok(context.owned(0)),
        None => Err(Failure::not_found()),
    }
}

fn find<'a>(state: &'a State, org: &str, client: &str) -> Result<&'a Application, Failure> {
    let org = state.organization(org).ok_or_else(Failure::not_found)?;
    let found = org.applications.iter().find(|app| app.client_id == client);
    found.ok_or_else(Failure::not_found)
}

fn view(application: &Application) -> Value {
    json!({
        "name": application.name,
        "description": application.description,
        "application_uri": application.application_uri,
        "client_id": application.client_id,
        "client_secret": application.client_secret,
        "redirect_uri": application.redirect_uri,
        "avatar_email": null,
    })
}

pub(super) fn list(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let org = context.state.organization(&org);
    let applications = org.iter().flat_map(|org| &org.applications);
    let views: Vec<Value> = applications.map(view).collect();
    Ok(Answer::json(&json!({ "applications": views })))
}

pub(super) fn get(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    Ok(Answer::json(&view(find(
        context.state,
        &org,
        context.param(1),
    )?)))
}

pub(super) fn create(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let body = context.call.json()?;
    let name = schema::required(&body, "name", SCHEMA)?.as_str();
    let field = |key: &str| {
        let found = body.get(key).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let application = Application {
        name: name.unwrap_or_default().to_owned(),
        description: field("description"),
        application_uri: field("application_uri"),
        redirect_uri: field("redirect_uri"),
        client_id: context.state.upper(20),
        client_secret: context.state.upper(40),
    };
    let answer = Answer::json(&view(&application));
    if let Some(org) = context.state.organization_mut(&org) {
        org.applications.push(application);
    }
    Ok(answer)
}

/// Deletes an application with its tokens.
pub(super) fn delete(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let client = context.owned(1);
    find(context.state, &org, &client)?;
    context.state.tokens.retain(|_, it| it.client_id != client);
    if let Some(org) = context.state.organization_mut(&org) {
        org.applications.retain(|app| app.client_id != client);
    }
    Ok(Answer::no_content())
}

fn token_view(token: &OauthToken) -> Value {
    json!({
        "uuid": token.uuid,
        "name": token.name,
        "scope": token.scopes.to_string(),
        "expires_at": iso(token.expires),
        "created": iso(token.created),
        "created_by": token.user,
        "last_accessed": token.last_accessed.map(iso),
    })
}

/// Newest first, without expired ones, and without their secrets.
pub(super) fn tokens(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let client = context.param(1);
    find(context.state, &org, client)?;
    let tokens = context.state.tokens.values();
    let now = context.state.now();
    let mut tokens: Vec<_> = tokens
        .filter(|token| token.client_id == client && token.expires > now)
        .collect();
    tokens.sort_by_key(|token| std::cmp::Reverse(token.id));
    let views: Vec<Value> = tokens.into_iter().map(token_view).collect();
    Ok(Answer::json(&json!({ "tokens": views })))
}

/// Nobody can make a token that may do more than the one it is made with.
pub(super) fn create_token(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let client = context.owned(1);
    find(context.state, &org, &client)?;
    let body = context.call.json()?;
    let name = schema::required(&body, "name", TOKEN_SCHEMA)?.as_str();
    let scope = schema::required(&body, "scope", TOKEN_SCHEMA)?.as_str();
    let life = life_in(&body)?;
    let (name, scope) = (name.unwrap_or_default(), scope.unwrap_or_default());
    if name.trim().is_empty() {
        return Err(Failure::abort(400, "'name' must not be empty"));
    }
    let scopes = Scopes::parse(scope)
        .ok_or_else(|| Failure::abort(400, &format!("Invalid scope: {scope}")))?;
    if !context.caller.scopes.is_some_and(|own| own.covers(scopes)) {
        return Err(Failure::unauthorized());
    }
    let user = context.caller.name()?.to_owned();
    let token = context
        .state
        .insert_token(&user, scopes, name, &client, life);
    let mut view = token_view(&token);
    view["token"] = json!(token.secret);
    Ok(Answer::json(&view))
}

fn life_in(body: &Value) -> Result<SignedDuration, Failure> {
    let Some(found) = body.get("expiration").filter(|value| !value.is_null()) else {
        return Ok(TOKEN_LIFE);
    };
    let place = Place {
        found,
        schema: "['properties']['expiration']",
        path: "['expiration']",
        text: EXPIRATION_SCHEMA,
    };
    match found.as_i64() {
        None => Err(place.wrong_type("number")),
        Some(seconds) if seconds < 1 => Err(place.below(1)),
        Some(seconds) => Ok(SignedDuration::from_secs(seconds).min(TOKEN_LIFE)),
    }
}

pub(super) fn revoke_token(context: &mut Context<'_>) -> Handled {
    let org = admin(context)?;
    let (client, uuid) = (context.owned(1), context.owned(2));
    find(context.state, &org, &client)?;
    let before = context.state.tokens.len();
    let tokens = &mut context.state.tokens;
    tokens.retain(|_, token| token.client_id != client || token.uuid != uuid);
    if tokens.len() == before {
        return Err(Failure::not_found());
    }
    Ok(Answer::no_content())
}
