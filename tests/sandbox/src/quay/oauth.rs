//! The consent flow: `/oauth/authorize` and `/oauth/authorizeapp`.

use form_urlencoded::byte_serialize;
use serde_json::{Value, json};

use super::answer::{Answer, HTML, spaced};
use super::call::Authorization;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{Application, Organization};
use super::scopes::Scopes;
use super::seed::TOKEN_LIFE;
use super::signin::{Refusal, check_password, set_cookie};
use super::state::State;
use super::views::avatar;

/// What a client asks for.
struct Request {
    client: String,
    redirect: String,
    scope: String,
    kind: String,
    state: Option<String>,
}

impl Request {
    fn read(field: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| field(name).unwrap_or_default();
        Self {
            client: text("client_id"),
            redirect: text("redirect_uri"),
            scope: text("scope"),
            kind: text("response_type"),
            state: field("state"),
        }
    }
}

/// Who decides: HTTP Basic, or the session. `None` is nobody.
fn user(context: &mut Context<'_>) -> Result<Option<String>, Failure> {
    match context.call.authorization() {
        Authorization::Basic(name, password) => {
            match check_password(context.state, &name, &password) {
                Ok(()) => Ok(Some(name)),
                Err(Refusal::LockedOut(seconds)) => Err(Failure::locked_out(seconds)),
                Err(Refusal::Wrong) => Err(Failure::unauthenticated_page()),
            }
        }
        _ => {
            let session = context.call.session_cookie();
            let session = session.and_then(|cookie| context.state.sessions.get(cookie));
            Ok(session.and_then(|session| session.user.clone()))
        }
    }
}

fn application<'a>(state: &'a State, client: &str) -> Option<(&'a Organization, &'a Application)> {
    let orgs = state.organizations.iter();
    let mut all = orgs.flat_map(|org| org.applications.iter().map(move |app| (org, app)));
    all.find(|(_, app)| app.client_id == client)
}

/// Whether `user` administers the application's organization.
fn may_use(state: &State, user: &str, client: &str) -> bool {
    application(state, client).is_some_and(|(org, _)| state.administers(user, &org.name))
}

/// The one address every application may send tokens to.
fn local_handler(state: &State) -> String {
    format!("{}/oauth/localapp", state.base())
}

fn found(location: &str) -> Answer {
    Answer::new(302, HTML, "").header("location", location)
}

fn refused(request: &Request, error: &str) -> Answer {
    found(&format!("{}?error={error}", request.redirect))
}

/// Redirects with a token in the fragment, or with a code.
fn granted(state: &mut State, user: &str, request: &Request, scopes: Scopes) -> Answer {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let mut location = format!("{}?scope={}", request.redirect, encode(&request.scope));
    if request.kind == "code" {
        location += &format!("&code={}", state.mixed(40));
    }
    if let Some(own) = &request.state {
        location += &format!("&state={}", encode(own));
    }
    if request.kind != "code" {
        let token = state.insert_token(user, scopes, "", &request.client, TOKEN_LIFE);
        location += &format!(
            "#access_token={}&token_type=Bearer&expires_in={}",
            token.secret,
            TOKEN_LIFE.as_secs()
        );
    }
    found(&location)
}

/// Consent given: needs the session's CSRF token, also with HTTP Basic.
pub(super) fn authorize_app(context: &mut Context<'_>) -> Handled {
    let user = user(context)?.ok_or_else(Failure::unauthenticated_page)?;
    let call = context.call;
    let session = call.session_cookie();
    let session = session.and_then(|cookie| context.state.sessions.get(cookie));
    let given = call.form("_csrf_token");
    let given = given.as_deref().or_else(|| call.header("x-csrf-token"));
    if session.is_none_or(|session| Some(session.csrf.as_str()) != given) {
        return Err(Failure::csrf(Some(&user)));
    }
    let request = Request::read(|name| call.form(name));
    if request.redirect != local_handler(context.state) {
        return Err(Failure::oauth_request());
    }
    if !may_use(context.state, &user, &request.client) {
        return Ok(refused(&request, "unauthorized_client"));
    }
    match Scopes::parse(&request.scope) {
        None => Ok(refused(&request, "invalid_scope")),
        Some(scopes) => Ok(granted(context.state, &user, &request, scopes)),
    }
}

/// Asks for consent; what was granted before is granted again at once.
pub(super) fn authorize(context: &mut Context<'_>) -> Handled {
    let user = user(context)?.ok_or_else(Failure::unauthenticated_page)?;
    let call = context.call;
    let request = Request::read(|name| call.query(name).map(str::to_owned));
    if application(context.state, &request.client).is_none() {
        return Err(Failure::page_not_found());
    }
    if !may_use(context.state, &user, &request.client) {
        return Err(Failure::forbidden_page());
    }
    if request.redirect != local_handler(context.state) {
        return Err(Failure::oauth_request());
    }
    let Some(scopes) = Scopes::parse(&request.scope) else {
        return Ok(refused(&request, "invalid_scope"));
    };
    let before = context.state.tokens.values();
    let before = before.filter(|it| it.user == user && it.client_id == request.client);
    let before = before.map(|token| token.scopes).reduce(Scopes::union);
    if before.is_some_and(|before| before.covers(scopes)) {
        return Ok(granted(context.state, &user, &request, scopes));
    }
    let (cookie, csrf) = context.state.open_session(None);
    let body = consent(context.state, &request, scopes, &csrf);
    Ok(Answer::compact(&body).header("set-cookie", set_cookie(&cookie)))
}

/// What the consent page would show.
fn consent(state: &State, request: &Request, scopes: Scopes, csrf: &str) -> Value {
    let app = application(state, &request.client);
    let app = app.map_or(Value::Null, |(org, app)| {
        json!({
            "avatar": spaced(&avatar(&app.name, &org.email, "app")),
            "description": app.description,
            "name": app.name,
            "organization": {
                "avatar": spaced(&avatar(&org.name, &org.email, "org")),
                "name": org.name,
            },
            "url": app.application_uri,
        })
    });
    let listed: Vec<Value> = scopes
        .listed()
        .map(|scope| {
            json!({
                "dangerous": scope.dangerous,
                "description": scope.description,
                "icon": scope.icon,
                "scope": scope.name,
                "title": scope.title,
            })
        })
        .collect();
    json!({
        "application": app,
        "assignment_uuid": null,
        "client_id": request.client,
        "csrf_token_val": csrf,
        "has_dangerous_scopes": scopes.listed().any(|scope| scope.dangerous),
        "redirect_uri": request.redirect,
        "response_type": request.kind,
        "scope": request.scope,
        "scopes": listed,
        "state": request.state,
    })
}

/// Where tokens are sent: a page that shows them, or JSON.
pub(super) fn local_app(context: &mut Context<'_>) -> Handled {
    let token = context.call.query("access_token").unwrap_or_default();
    if context.call.query("format") == Some("json") {
        return Ok(Answer::compact(&json!({ "access_token": token })));
    }
    let page = "<!DOCTYPE html>\n<title>Quay</title>\n<p>Authorized.</p>\n";
    Ok(Answer::new(200, HTML, page))
}
