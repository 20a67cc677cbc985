//! What superusers see: `/api/v1/superuser`.

use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::views::org_avatar;

/// Makes a user with a password of the server's choice.
pub(super) fn create_user(context: &mut Context<'_>) -> Handled {
    context.authorize(Need::Superuser)?;
    let body = context.call.json()?;
    let field = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let (name, email) = (field("username"), field("email"));
    let password = context.state.upper(32);
    context.state.insert_user(name, &password, email.to_owned());
    let user = context.state.user(name);
    Ok(Answer::json(&json!({
        "username": name,
        "email": email,
        "password": password,
        "encrypted_password": user.map(|user| user.encrypted_password.as_str()),
    })))
}

pub(super) fn organizations(context: &mut Context<'_>) -> Handled {
    context.authorize(Need::Superuser)?;
    let organizations = context.state.organizations.iter();
    let organizations: Vec<Value> = organizations
        .map(
            |org| json!({ "name": org.name, "email": org.email, "avatar": org_avatar(org, "org") }),
        )
        .collect();
    Ok(Answer::json(&json!({ "organizations": organizations })))
}
