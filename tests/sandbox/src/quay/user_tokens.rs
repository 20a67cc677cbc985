//! A user's own tokens: OAuth authorizations and application-specific tokens.

use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{AppToken, OauthToken};
use super::state::State;
use super::views::{avatar, date, maybe_date};

/// The caller, once it may manage its account.
fn own(context: &Context<'_>) -> Result<String, Failure> {
    context.authorize(Need::UserAdmin)?;
    Ok(context.caller.name()?.to_owned())
}

/// A token's application. Tokens made without one belong to the one `user/initialize` makes.
pub(super) struct Issuer {
    pub(super) name: String,
    pub(super) description: String,
    url: String,
    pub(super) owner: String,
    address: String,
}

pub(super) fn issuer(state: &State, token: &OauthToken) -> Issuer {
    let apps = state.organizations.iter();
    let mut apps = apps.flat_map(|org| org.applications.iter().map(move |app| (org, app)));
    if let Some((org, app)) = apps.find(|(_, app)| app.client_id == token.client_id) {
        return Issuer {
            name: app.name.clone(),
            description: app.description.clone(),
            url: app.application_uri.clone(),
            owner: org.name.clone(),
            address: org.email.clone(),
        };
    }
    let address = state.user(&token.user).map(|user| user.email.clone());
    Issuer {
        name: "automation".into(),
        description: "Application token generated via /api/v1/user/initialize".into(),
        url: String::new(),
        owner: token.user.clone(),
        address: address.unwrap_or_default(),
    }
}

fn view(state: &State, token: &OauthToken) -> Value {
    let issuer = issuer(state, token);
    let scopes: Vec<Value> = token
        .scopes
        .listed()
        .map(|scope| {
            json!({
                "title": scope.title,
                "scope": scope.name,
                "description": scope.description,
                "icon": scope.icon,
                "dangerous": scope.dangerous,
            })
        })
        .collect();
    json!({
        "application": {
            "name": issuer.name,
            "description": issuer.description,
            "url": issuer.url,
            "avatar": avatar(&issuer.name, &issuer.address, "app"),
            "organization": {
                "name": issuer.owner,
                "avatar": avatar(&issuer.owner, &issuer.address, "org"),
            },
        },
        "scopes": scopes,
        "uuid": token.uuid,
    })
}

pub(super) fn authorizations(context: &mut Context<'_>) -> Handled {
    let user = own(context)?;
    let mut tokens: Vec<_> = context
        .state
        .tokens
        .values()
        .filter(|token| token.user == user)
        .collect();
    tokens.sort_by_key(|token| token.id);
    let views: Vec<Value> = tokens
        .into_iter()
        .map(|token| view(context.state, token))
        .collect();
    Ok(Answer::json(&json!({ "authorizations": views })))
}

pub(super) fn authorization(context: &mut Context<'_>) -> Handled {
    let user = own(context)?;
    let uuid = context.param(0);
    let mut tokens = context.state.tokens.values();
    let found = tokens.find(|token| token.user == user && token.uuid == uuid);
    let found = found.ok_or_else(Failure::not_found)?;
    Ok(Answer::json(&view(context.state, found)))
}

pub(super) fn delete_authorization(context: &mut Context<'_>) -> Handled {
    let user = own(context)?;
    let uuid = context.owned(0);
    let tokens = &mut context.state.tokens;
    let before = tokens.len();
    tokens.retain(|_, token| token.user != user || token.uuid != uuid);
    if tokens.len() == before {
        return Err(Failure::not_found());
    }
    Ok(Answer::no_content())
}

fn app_view(token: &AppToken) -> Value {
    json!({
        "uuid": token.uuid,
        "title": token.title,
        "last_accessed": maybe_date(token.last_accessed),
        "created": date(token.created),
        "expiration": null,
    })
}

pub(super) fn app_tokens(context: &mut Context<'_>) -> Handled {
    let user = own(context)?;
    let tokens = context.state.app_tokens.iter();
    let views: Vec<Value> = tokens
        .filter(|token| token.user == user)
        .map(app_view)
        .collect();
    let body = json!({ "tokens": views, "only_expiring": null });
    Ok(Answer::json(&body))
}

pub(super) fn create_app_token(context: &mut Context<'_>) -> Handled {
    let user = own(context)?;
    let body = context.call.json()?;
    let title = body.get("title").and_then(Value::as_str);
    let code = context
        .state
        .add_app_token(&user, title.unwrap_or_default());
    let mut tokens = context.state.app_tokens.iter();
    let made = tokens.find(|token| token.code == code).map(app_view);
    let mut view = made.ok_or_else(Failure::internal)?;
    view["token_code"] = json!(code);
    Ok(Answer::json(&json!({ "token": view })))
}

pub(super) fn delete_app_token(context: &mut Context<'_>) -> Handled {
    let user = own(context)?;
    let uuid = context.owned(0);
    let tokens = &mut context.state.app_tokens;
    let before = tokens.len();
    tokens.retain(|token| token.user != user || token.uuid != uuid);
    if tokens.len() == before {
        return Err(Failure::not_found());
    }
    Ok(Answer::no_content())
}
