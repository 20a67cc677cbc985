//! Keyless robots: `…/robots/{short}/federation` and the exchange of an OIDC token.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::call::Authorization;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::jwt;
use super::model::{Binding, Robot};
use super::registry;
use super::robots::find;
use super::schema::Place;

const ITEM_SCHEMA: &str = include_str!("schemas/federation_item.txt");
const LIST_SCHEMA: &str = include_str!("schemas/federation.txt");

fn org(context: &Context<'_>) -> Result<String, Failure> {
    context.authorize(Need::OrgAdmin(context.param(0)))?;
    Ok(format!("{}+{}", context.param(0), context.param(1)))
}

fn own(context: &Context<'_>) -> Result<String, Failure> {
    context.authorize(Need::UserAdmin)?;
    Ok(format!("{}+{}", context.caller.name()?, context.param(0)))
}

pub(super) fn get_org(context: &mut Context<'_>) -> Handled {
    let robot = org(context)?;
    get(context, &robot)
}

pub(super) fn get_user(context: &mut Context<'_>) -> Handled {
    let robot = own(context)?;
    get(context, &robot)
}

pub(super) fn post_org(context: &mut Context<'_>) -> Handled {
    let robot = org(context)?;
    post(context, &robot)
}

pub(super) fn post_user(context: &mut Context<'_>) -> Handled {
    let robot = own(context)?;
    post(context, &robot)
}

pub(super) fn delete_org(context: &mut Context<'_>) -> Handled {
    let robot = org(context)?;
    delete(context, &robot)
}

pub(super) fn delete_user(context: &mut Context<'_>) -> Handled {
    let robot = own(context)?;
    delete(context, &robot)
}

fn view(robot: &Robot) -> Value {
    let bindings = robot.federation.iter();
    bindings
        .map(|it| {
            let mut view = json!({ "issuer": it.issuer, "subject": it.subject });
            if !it.audiences.is_empty() {
                view["audiences"] = json!(it.audiences);
            }
            view
        })
        .collect()
}

fn get(context: &Context<'_>, robot: &str) -> Handled {
    Ok(Answer::json(&view(find(context.state, robot)?)))
}

/// Replaces the whole list.
fn post(context: &mut Context<'_>, robot: &str) -> Handled {
    let bindings = bindings_in(&context.call.json()?)?;
    find(context.state, robot)?;
    context.state.set_federation(robot, bindings);
    get(context, robot)
}

fn delete(context: &mut Context<'_>, robot: &str) -> Handled {
    find(context.state, robot)?;
    context.state.set_federation(robot, Vec::new());
    Ok(Answer::no_content())
}

fn bindings_in(body: &Value) -> Result<Vec<Binding>, Failure> {
    let whole = Place {
        found: body,
        schema: "",
        path: "",
        text: LIST_SCHEMA,
    };
    let items = body.as_array().ok_or_else(|| whole.wrong_type("array"))?;
    let mut bindings: Vec<Binding> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let issuer = field(item, index, "issuer")?;
        let subject = field(item, index, "subject")?;
        if issuer.is_empty() || subject.is_empty() {
            return Err(Failure::invalid(
                "Missing one or more required fields (issuer, subject)",
            ));
        }
        if !issuer.starts_with("http://") && !issuer.starts_with("https://") {
            return Err(Failure::invalid(
                "Issuer must be a URL (http:// or https://)",
            ));
        }
        let binding = Binding {
            issuer,
            subject,
            audiences: Vec::new(),
        };
        if bindings.contains(&binding) {
            return Err(Failure::invalid("Duplicate federation config entry"));
        }
        bindings.push(binding);
    }
    Ok(bindings)
}

fn field(item: &Value, index: usize, key: &str) -> Result<String, Failure> {
    let place = Place {
        found: item,
        schema: "['items']",
        path: &format!("[{index}]"),
        text: ITEM_SCHEMA,
    };
    let object = item.as_object().ok_or_else(|| place.wrong_type("object"))?;
    let value = object.get(key).ok_or_else(|| place.missing(key))?;
    let place = Place {
        found: value,
        schema: &format!("['items']['properties']['{key}']"),
        path: &format!("[{index}]['{key}']"),
        text: &format!("{{'description': 'The {key} of the token', 'type': 'string'}}"),
    };
    let text = value.as_str();
    Ok(text.ok_or_else(|| place.wrong_type("string"))?.to_owned())
}

/// Gives a token for an OIDC token of somebody who may act as the robot. It is the robot's password
/// for an hour.
pub(super) fn exchange(context: &mut Context<'_>) -> Handled {
    let (name, token) = match context.call.authorization() {
        Authorization::None => return Err(Failure::federation("No auth header")),
        Authorization::Basic(name, token) => (name, token),
        _ => return Err(Failure::federation("Invalid basic auth header")),
    };
    if !name.contains('+') {
        return Err(Failure::federation("Invalid robot"));
    }
    let robot = find(context.state, &name)?;
    // A password that is no token makes the parser raise.
    let claims = jwt::payload(&token).ok_or_else(Failure::internal)?;
    let claim = |key: &str| claims.get(key).and_then(Value::as_str).unwrap_or_default();
    if robot.federation.is_empty() {
        return Err(Failure::model(
            "Robot does not have federated login configured",
        ));
    }
    let issuer = claim("iss");
    if !robot.federation.iter().any(|it| it.issuer == issuer) {
        return Err(Failure::model(format!(
            "issuer {issuer} not configured for this robot"
        )));
    }
    if !context.state.trusted_issuers.iter().any(|it| it == issuer) {
        // Discovery fails, and nobody catches that.
        return Err(Failure::internal());
    }
    let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
    if expires < context.state.now().as_second() {
        return Err(Failure::model("Invalid token: Signature has expired"));
    }
    let audience = claims.get("aud").unwrap_or(&Value::Null);
    let is_meant = |it: &Binding| {
        let named = |name: &String| audience == name || is_among(audience, name);
        it.audiences.is_empty() || it.audiences.iter().any(named)
    };
    let subject = claim("sub");
    let mut bindings = robot.federation.iter();
    if !bindings.any(|it| it.issuer == issuer && it.subject == subject && is_meant(it)) {
        return Err(Failure::model("Token does not match robot"));
    }
    let life = SignedDuration::from_hours(1);
    let token = registry::robot_password(context.state, &name, life);
    Ok(Answer::compact(&json!({ "token": token })))
}

fn is_among(list: &Value, name: &str) -> bool {
    let list = list.as_array().into_iter().flatten();
    list.into_iter().any(|item| item == name)
}
