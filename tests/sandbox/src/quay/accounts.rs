//! Users: `/api/v1/user/`.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::{Caller, Need};
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::User;
use super::scopes::Scopes;
use super::signin;
use super::state::State;
use super::views::{org_avatar, user_avatar};

/// The life of the token that `user/initialize` gives.
const FIRST_TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(9000);

pub(super) fn get(context: &mut Context<'_>) -> Handled {
    // Not the usual refusal: a token without the scope is told to sign in, too.
    if !context.can(Need::UserRead) {
        return Err(Failure::no_session());
    }
    let user = context.state.user(context.caller.name()?);
    let user = user.ok_or_else(Failure::no_session)?;
    let full = context.can(Need::UserAdmin);
    Ok(Answer::json(&view(
        context.state,
        user,
        &context.caller,
        full,
    )))
}

fn view(state: &State, user: &User, caller: &Caller, full: bool) -> Value {
    let mut view = json!({
        "anonymous": false,
        "username": user.name,
        "avatar": user_avatar(user),
    });
    if full {
        let more = json!({
            "can_create_repo": true,
            "is_me": true,
            "verified": true,
            "email": user.email,
            "logins": [],
            "invoice_email": false,
            "invoice_email_address": null,
            "preferred_namespace": false,
            "tag_expiration_s": 1_209_600,
            "prompts": [],
            "company": null,
            "family_name": null,
            "given_name": null,
            "location": null,
            "is_free_account": true,
            "has_password_set": true,
        });
        if let (Value::Object(view), Value::Object(more)) = (&mut view, more) {
            view.extend(more);
        }
    }
    let organizations = state.organizations.iter();
    let organizations: Vec<Value> = organizations
        .filter(|org| org.has_member(&user.name))
        .map(|org| {
            let mut view = json!({
                "name": org.name,
                "avatar": org_avatar(org, "org"),
                "can_create_repo": caller.can(state, Need::CreateRepo(&org.name)),
                "public": false,
            });
            if full {
                view["is_org_admin"] = json!(caller.can(state, Need::OrgAdmin(&org.name)));
                view["preferred_namespace"] = json!(false);
            }
            view
        })
        .collect();
    view["organizations"] = json!(organizations);
    if full && caller.can(state, Need::Superuser) {
        view["super_user"] = json!(true);
    }
    view
}

/// Signs up a user and signs it in.
pub(super) fn create(context: &mut Context<'_>) -> Handled {
    let body = context.call.json()?;
    let field = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let (name, password) = (field("username"), field("password"));
    check(context.state, name, password)?;
    let email = field("email").to_owned();
    context.state.insert_user(name, password, email);
    let answer = signin::signed_in(context.state, name, |state| {
        let caller = Caller {
            user: Some(name.to_owned()),
            scopes: Some(Scopes::ALL),
            ..Caller::default()
        };
        let Some(user) = state.user(name) else {
            return Value::Null;
        };
        let mut view = view(state, user, &caller, true);
        // Not read back from the database yet, where it is a whole number.
        view["tag_expiration_s"] = json!(1_209_600.0);
        view
    });
    Ok(answer)
}

fn check(state: &State, name: &str, password: &str) -> Result<(), Failure> {
    if state.user(name).is_some() || state.organization(name).is_some() {
        return Err(Failure::invalid("The username already exists"));
    }
    check_password(password).map_err(Failure::invalid)
}

pub(super) fn check_password(password: &str) -> Result<(), &'static str> {
    if password.len() < 8 || password.contains(char::is_whitespace) {
        return Err(
            "Invalid password, password must be at least 8 characters and contain no whitespace.",
        );
    }
    Ok(())
}

/// Makes the first user of an empty Quay, with a token if asked.
pub(super) fn initialize(context: &mut Context<'_>) -> Handled {
    let body = context.call.json()?;
    if !context.state.users.is_empty() {
        return Err(Failure::model(
            "Cannot initialize user in a non-empty database",
        ));
    }
    // A key that is not there makes Quay raise.
    let field = |key: &str| {
        let found = body.get(key).and_then(Value::as_str);
        found.ok_or_else(Failure::internal)
    };
    let (name, password, email) = (field("username")?, field("password")?, field("email")?);
    check_password(password)
        .map_err(|reason| Failure::model(format!("Failed to initialize user: {reason}")))?;
    context.state.insert_user(name, password, email.to_owned());
    let mut view = json!({ "username": name, "email": email });
    if let Some(user) = context.state.user(name) {
        view["encrypted_password"] = json!(user.encrypted_password);
    }
    if body.get("access_token") == Some(&Value::Bool(true)) {
        let state = &mut *context.state;
        let token = state.insert_token(name, Scopes::ALL, "automation", "", FIRST_TOKEN_LIFE);
        view["access_token"] = json!(token.secret);
    }
    let mut answer = signin::signed_in(context.state, name, |_| Value::Null);
    answer.body = Answer::compact(&view).body;
    Ok(answer)
}
