//! The registry's door: `/v2/`, `/v2/auth`, and who may go on.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::answer::{Answer, HTML};
use super::auth::{Caller, Need};
use super::call::Authorization;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::jwt;
use super::names;
use super::repositories;
use super::scopes::Scopes;
use super::signin::{Refusal, check_password};
use super::state::{State, touch};

/// How long a token lasts.
const LIFE: SignedDuration = SignedDuration::from_hours(1);

const NOT_AUTHORIZED: &str = "access to the requested resource is not authorized";

/// Who logs in to the registry.
struct Login {
    /// The `sub` of its tokens.
    subject: String,
    caller: Caller,
    /// The part of the token's `context` that says what kind of account this is.
    entity: Map<String, Value>,
}

impl Login {
    fn new(subject: &str, scopes: Scopes, kind: &str, reference: &str) -> Self {
        let mut entity = Map::new();
        entity.insert("version".into(), json!(2));
        entity.insert("entity_kind".into(), json!(kind));
        entity.insert("entity_reference".into(), json!(reference));
        if kind == "oauthtoken" {
            entity.insert("kind".into(), json!("oauth"));
            entity.insert("oauth".into(), json!(reference));
        } else {
            entity.insert("kind".into(), json!("user"));
        }
        entity.insert("user".into(), json!(subject));
        Self {
            subject: subject.to_owned(),
            caller: Caller {
                user: Some(subject.to_owned()),
                scopes: Some(scopes),
                ..Caller::default()
            },
            entity,
        }
    }

    fn anonymous() -> Self {
        Self {
            subject: "(anonymous)".into(),
            caller: Caller::default(),
            entity: Map::new(),
        }
    }
}

/// The challenge that names the token endpoint, with the scope a token needs.
fn challenge(state: &State, answer: Answer, scope: Option<&str>) -> Answer {
    let (base, service) = (state.base(), &state.hostname);
    let scope = scope.map_or_else(String::new, |scope| format!(",scope=\"{scope}\""));
    let value = format!("Bearer realm=\"{base}/v2/auth\",service=\"{service}\"{scope}");
    answer
        .header("www-authenticate", value)
        .header("docker-distribution-api-version", "registry/2.0")
}

fn unauthorized(state: &State, message: &str) -> Failure {
    let answer = Failure::registry(401, "UNAUTHORIZED", message);
    challenge(state, answer, None).into()
}

/// `GET /v2/`: takes a registry token and nothing else.
pub(super) fn ping(context: &mut Context<'_>) -> Handled {
    let state = &*context.state;
    let hello = |status| {
        challenge(state, Answer::new(status, HTML, "true"), None)
            .header("x-sparse-manifest-support", "false")
    };
    let refused = |error: &str| {
        let mut answer = challenge(state, Answer::new(401, HTML, ""), None);
        answer.body = super::answer::spaced(&json!({ "error": error })).into_bytes();
        Failure::from(answer)
    };
    match context.call.authorization() {
        Authorization::None => Err(hello(401).into()),
        Authorization::Bearer(token) => match access(state, &token) {
            Some(_) => Ok(hello(200)),
            None => Err(refused(&broken(&token))),
        },
        _ => Err(refused("Invalid bearer token format")),
    }
}

/// What Python says about a token that is none.
fn broken(token: &str) -> String {
    let header = token.split('.').next().and_then(jwt::decode);
    match header.as_deref().map(std::str::from_utf8) {
        Some(Err(error)) => {
            let at = error.valid_up_to();
            let byte = header.as_ref().and_then(|bytes| bytes.get(at));
            format!(
                "Invalid header string: 'utf-8' codec can't decode byte {:#04x} in position {at}: \
                invalid start byte",
                byte.copied().unwrap_or_default()
            )
        }
        _ => "Invalid bearer token format".into(),
    }
}

/// The `access` of a token of ours that has not expired.
fn access(state: &State, token: &str) -> Option<Vec<Value>> {
    let claims = state.signer.verify(token)?;
    let expires = claims.get("exp")?.as_i64()?;
    (expires > state.now().as_second()).then_some(())?;
    Some(
        claims
            .get("access")?
            .as_array()
            .cloned()
            .unwrap_or_default(),
    )
}

/// The repository of a `/v2/` path, once the caller may pull from it. Tokens outlive the robots
/// they were given to.
pub(super) fn pulled(context: &Context<'_>) -> Result<String, Failure> {
    let name = context.owned(0);
    let state = &*context.state;
    let allowed = match context.call.authorization() {
        Authorization::Bearer(token) => access(state, &token).is_some_and(|access| {
            access.iter().any(|entry| {
                let actions = entry.get("actions").and_then(Value::as_array);
                entry.get("name") == Some(&json!(name))
                    && actions.is_some_and(|actions| actions.contains(&json!("pull")))
            })
        }),
        _ => name.split_once('/').is_some_and(|(namespace, repo)| {
            Caller::default().can(state, Need::RepoRead(namespace, repo))
        }),
    };
    if allowed {
        return Ok(name);
    }
    let answer = Failure::registry(401, "UNAUTHORIZED", NOT_AUTHORIZED);
    let scope = format!("repository:{name}:pull");
    Err(challenge(state, answer, Some(&scope)).into())
}

/// Gives a token for what the login may do of what it asks for. Asking for too much is no error:
/// the token then says less.
pub(super) fn auth(context: &mut Context<'_>) -> Handled {
    let call = context.call;
    let login = match call.authorization() {
        Authorization::None => Login::anonymous(),
        Authorization::Basic(name, password) => login(context.state, &name, &password)?,
        _ => {
            return Err(unauthorized(
                context.state,
                "Specified credentials are invalid",
            ));
        }
    };
    let scopes = call.query.iter().filter(|(key, _)| key == "scope");
    let scopes: Vec<&str> = scopes.map(|(_, value)| value.as_str()).collect();
    if scopes.is_empty() && login.caller.user.is_none() {
        return Err(unauthorized(context.state, NOT_AUTHORIZED));
    }
    let mut access = Vec::new();
    let mut roots = Map::new();
    for scope in &scopes {
        let (name, actions) = grant(context.state, &login, scope)?;
        roots.insert(name.clone(), json!("$disabled"));
        access.push(json!({ "type": "repository", "name": name, "actions": actions }));
    }
    if scopes.is_empty() {
        note_login(context, &login.subject);
    }
    let service = call.query("service");
    let claims = Claims {
        audience: json!(service),
        access: json!(access),
        roots: json!(roots),
        life: LIFE,
    };
    let token = sign(context.state, &login, claims);
    let answer = Answer::compact(&json!({ "token": token }));
    Ok(answer.header("cache-control", "no-cache, no-store, must-revalidate"))
}

/// A login that asks for nothing is worth a line in the usage log.
fn note_login(context: &mut Context<'_>, subject: &str) {
    let namespace = subject.split('+').next().unwrap_or(subject).to_owned();
    let agent = context.call.header("user-agent").unwrap_or_default();
    let metadata = json!({ "type": "v2auth", "useragent": agent });
    context.caller.user = Some(subject.to_owned());
    context.log("login_success", &namespace, metadata);
}

struct Claims {
    audience: Value,
    access: Value,
    roots: Value,
    life: SignedDuration,
}

fn sign(state: &State, login: &Login, claims: Claims) -> String {
    let now = state.now().as_second();
    let mut context = login.entity.clone();
    context.insert("com.apostille.roots".into(), claims.roots);
    context.insert("com.apostille.root".into(), json!("$disabled"));
    state.signer.sign(&json!({
        "iss": "quay",
        "aud": claims.audience,
        "nbf": now,
        "iat": now,
        "exp": now + claims.life.as_secs(),
        "sub": login.subject,
        "access": claims.access,
        "context": context,
    }))
}

/// A token that is a robot's password for a while.
pub(super) fn robot_password(state: &State, robot: &str, life: SignedDuration) -> String {
    let login = Login::new(robot, Scopes::ALL, "robot", robot);
    let claims = Claims {
        audience: json!(state.hostname),
        access: json!({}),
        roots: Value::Null,
        life,
    };
    sign(state, &login, claims)
}

/// Who the credentials belong to: a robot, a user, or the owner of a token.
fn login(state: &mut State, name: &str, password: &str) -> Result<Login, Failure> {
    let now = state.now();
    if name == "$oauthtoken" {
        let Some(token) = state.tokens.get_mut(password) else {
            return Err(unauthorized(
                state,
                "OAuth access token could not be validated",
            ));
        };
        if token.expires <= now {
            return Err(unauthorized(state, "OAuth access token has expired"));
        }
        touch(&mut token.last_accessed, now);
        let (user, scopes) = (token.user.clone(), token.scopes);
        return Ok(Login::new(&user, scopes, "oauthtoken", &token.uuid));
    }
    if name == "$app" {
        let mut tokens = state.app_tokens.iter_mut();
        let Some(token) = tokens.find(|token| token.code == password) else {
            return Err(unauthorized(state, "Invalid token"));
        };
        touch(&mut token.last_accessed, now);
        let (user, uuid) = (token.user.clone(), token.uuid.clone());
        return Ok(Login::new(&user, Scopes::ALL, "appspecifictoken", &uuid));
    }
    if name.contains('+') {
        return robot_login(state, name, password);
    }
    match check_password(state, name, password) {
        Ok(()) => {
            let uuid = state.user(name).map(|user| user.uuid.clone());
            let uuid = uuid.unwrap_or_default();
            Ok(Login::new(name, Scopes::ALL, "user", &uuid))
        }
        Err(Refusal::LockedOut(seconds)) => Err(Failure::locked_out(seconds)),
        Err(Refusal::Wrong) => Err(unauthorized(state, "Invalid Username or Password")),
    }
}

/// A robot's password is its token, or a token given for an OIDC token.
fn robot_login(state: &mut State, name: &str, password: &str) -> Result<Login, Failure> {
    let Some(robot) = state.robots.get(name) else {
        return Err(unauthorized(
            state,
            "Could not find robot with specified username",
        ));
    };
    if robot.token != password {
        let claims = state.signer.verify(password);
        let Some(claims) = claims else {
            let message =
                format!("Could not find robot with username: {name} and supplied password.");
            return Err(unauthorized(state, &message));
        };
        let expired = claims
            .get("exp")
            .and_then(Value::as_i64)
            .is_none_or(|expires| expires <= state.now().as_second());
        if expired {
            return Err(unauthorized(state, "Signature has expired"));
        }
        if claims.get("sub").and_then(Value::as_str) != Some(name) {
            return Err(unauthorized(state, "Token does not match robot"));
        }
    }
    state.touch_robot(name);
    Ok(Login::new(name, Scopes::ALL, "robot", name))
}

/// What `scope` gives the login. Asking to push to a repository that does not exist makes it.
fn grant(
    state: &mut State,
    login: &Login,
    scope: &str,
) -> Result<(String, Vec<&'static str>), Failure> {
    let Some((name, actions)) = parse(scope) else {
        let message = format!("Unable to decode repository and actions: {scope}");
        return Err(Failure::registry(400, "INVALID_REQUEST", &message).into());
    };
    let (namespace, repository) = name.split_once('/').unwrap_or(("library", name));
    if !names::is_repository(repository) || !names::is_repository(namespace) {
        let message = format!("Invalid repository name: {name}");
        return Err(Failure::registry(400, "NAME_INVALID", &message).into());
    }
    let caller = &login.caller;
    let mut granted = Vec::new();
    if actions.contains(&"push") {
        let exists = state.repository(namespace, repository).is_some();
        let create = !exists && caller.can(state, Need::CreateRepo(namespace));
        if create {
            repositories::add(state, &login.subject, namespace, repository, false);
        }
        if create || exists && caller.can(state, Need::RepoWrite(namespace, repository)) {
            granted.push("push");
        }
    }
    let exists = state.repository(namespace, repository).is_some();
    if actions.contains(&"pull")
        && exists
        && caller.can(state, Need::RepoRead(namespace, repository))
    {
        granted.push("pull");
    }
    if actions.contains(&"*") && exists && caller.can(state, Need::RepoAdmin(namespace, repository))
    {
        granted.push("*");
    }
    Ok((name.to_owned(), granted))
}

/// `repository:<name>:<actions>`.
fn parse(scope: &str) -> Option<(&str, Vec<&str>)> {
    let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
    let actions: Vec<&str> = actions.split(',').collect();
    let known = |action: &&str| ["push", "pull", "*"].contains(action);
    (!name.is_empty() && actions.iter().all(known)).then_some((name, actions))
}
