//! `/api/v1/repository`.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::{Delegate, Repository, Role, upsert};
use super::names;
use super::schema;
use super::state::State;

const SCHEMA: &str = include_str!("schemas/repository.txt");

/// Repositories on a page.
const PAGE: usize = 100;

/// How an opaque page token starts.
const PAGE_MARK: &str = "gAAAAAB";

pub(super) fn create(context: &mut Context<'_>) -> Handled {
    let caller = context.caller.name()?.to_owned();
    let body = context.call.json()?;
    for key in ["repository", "visibility", "description"] {
        schema::required(&body, key, SCHEMA)?;
    }
    let field = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = field("repository");
    let namespace = match field("namespace") {
        "" => caller.as_str(),
        given => given,
    };
    context.authorize(Need::CreateRepo(namespace))?;
    if context.state.repository(namespace, name).is_some() {
        return Err(Failure::invalid("Repository already exists"));
    }
    if !names::is_repository(name) {
        return Err(Failure::invalid("Invalid repository name"));
    }
    let public = field("visibility") == "public";
    add(context.state, &caller, namespace, name, public);
    if let Some(repository) = context.state.repository_mut(namespace, name) {
        field("description").clone_into(&mut repository.description);
    }
    let logged = json!({ "repo": name, "namespace": namespace });
    context.log("create_repo", namespace, logged);
    let view = json!({ "namespace": namespace, "name": name, "kind": "image" });
    Ok(Answer::json_with(201, &view))
}

/// Adds an empty repository with what its creator and the default permissions give on it.
pub(super) fn add(state: &mut State, creator: &str, namespace: &str, name: &str, public: bool) {
    state.add_repository(namespace, name, public);
    let org = state.organization(namespace);
    let prototypes = org.map(|org| org.prototypes.clone()).unwrap_or_default();
    let Some(repository) = state.repository_mut(namespace, name) else {
        return;
    };
    repository.tags.clear();
    if creator != namespace {
        upsert(&mut repository.users, creator, Role::Admin);
    }
    for prototype in prototypes {
        let activating = prototype.activating_user.as_deref();
        if activating.is_some_and(|user| user != creator) {
            continue;
        }
        match prototype.delegate {
            Delegate::User(who) => upsert(&mut repository.users, &who, prototype.role),
            Delegate::Team(team) => upsert(&mut repository.teams, &team, prototype.role),
        }
    }
}

pub(super) fn get(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = (context.param(0), context.param(1));
    context.authorize(Need::RepoRead(namespace, name))?;
    let repository = context.state.repository(namespace, name);
    let repository = repository.ok_or_else(Failure::not_found)?;
    let admin = context.can(Need::RepoAdmin(namespace, name));
    let write = context.can(Need::RepoWrite(namespace, name));
    Ok(Answer::json(&json!({
        "namespace": namespace,
        "name": name,
        "kind": "image",
        "description": repository.description,
        "is_public": repository.public,
        "is_organization": context.state.organization(namespace).is_some(),
        "is_starred": false,
        "status_token": if admin { repository.status_token.as_str() } else { "" },
        "trust_enabled": false,
        "tag_expiration_s": 1_209_600,
        "is_free_account": true,
        "state": "NORMAL",
        "tags": {},
        "can_write": write,
        "can_admin": admin,
    })))
}

pub(super) fn delete(context: &mut Context<'_>) -> Handled {
    let (namespace, name) = (context.owned(0), context.owned(1));
    context.authorize(Need::RepoAdmin(&namespace, &name))?;
    let key = (namespace.clone(), name.clone());
    if context.state.repositories.remove(&key).is_none() {
        return Err(Failure::not_found());
    }
    let logged = json!({ "repo": name, "namespace": namespace });
    context.log("delete_repo", &namespace, logged);
    Ok(Answer::no_content())
}

/// What the caller has a role on, whatever its token's scopes; public ones where asked.
pub(super) fn list(context: &mut Context<'_>) -> Handled {
    let call = context.call;
    let public = call.flag("public", false);
    let namespace = call.query("namespace");
    if namespace.is_none() && !public && !call.flag("starred", false) {
        return Err(Failure::invalid(
            "namespace, starred or public are required for this API call",
        ));
    }
    let state = &*context.state;
    let user = context.caller.user.as_deref();
    let after = call.query("next_page").and_then(page_start).unwrap_or(0);
    let mut found: Vec<&Repository> = state
        .repositories
        .values()
        .filter(|repo| repo.id > after && namespace.is_none_or(|name| name == repo.namespace))
        .filter(|repo| {
            public && repo.public || user.is_some_and(|user| state.role_on(user, repo).is_some())
        })
        .collect();
    found.sort_by_key(|repo| repo.id);
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let (modified, popularity) = (
        call.flag("last_modified", false),
        call.flag("popularity", false),
    );
    let views: Vec<Value> = found
        .iter()
        .map(|repo| {
            let mut view = json!({
                "namespace": repo.namespace,
                "name": repo.name,
                "description": repo.description,
                "is_public": repo.public,
                "kind": "image",
                "state": "NORMAL",
            });
            if modified {
                view["last_modified"] = Value::Null;
            }
            if popularity {
                view["popularity"] = json!(0.0);
            }
            if user.is_some() {
                view["is_starred"] = json!(false);
            }
            view
        })
        .collect();
    let mut body = json!({ "repositories": views });
    if let Some(last) = found.last().filter(|_| more) {
        body["next_page"] = json!(page_token(last.id));
    }
    Ok(Answer::json(&body))
}

/// A page token, opaque to clients, and with the padding that has to be percent-encoded.
pub(super) fn page_token(after: u64) -> String {
    format!("{PAGE_MARK}{}", URL_SAFE.encode(format!("{after:011}")))
}

/// Where a page starts. Nonsense starts at the beginning, without a word.
pub(super) fn page_start(token: &str) -> Option<u64> {
    let encoded = token.strip_prefix(PAGE_MARK)?.trim_end_matches('=');
    let text = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    String::from_utf8(text).ok()?.parse().ok()
}
