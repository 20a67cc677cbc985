//! What everybody may read: configuration, health, and the API's description.

use serde_json::{Value, from_str, json};

use super::answer::Answer;
use super::dispatch::{Context, Handled};
use super::errors::{Failure, describe};

/// The server recordings were made at, as its documents name it.
const RECORDED: &str = "http://localhost:8080";

const CONFIG: &str = include_str!("data/config.json");
const DISCOVERY: &str = include_str!("data/discovery.json");

fn document(text: &str) -> Result<Value, Failure> {
    from_str(text).map_err(|_| Failure::internal())
}

pub(super) fn config(context: &mut Context<'_>) -> Handled {
    let state = &*context.state;
    let mut body = document(CONFIG)?;
    body["config"]["SERVER_HOSTNAME"] = json!(state.hostname);
    body["config"]["PREFERRED_URL_SCHEME"] = json!(state.scheme);
    let switches = &state.switches;
    let features = &mut body["features"];
    features["ANONYMOUS_ACCESS"] = json!(switches.anonymous_access);
    features["RATE_LIMITS"] = json!(switches.rate_limits);
    features["SUPERUSERS_FULL_ACCESS"] = json!(switches.superusers_full_access);
    features["USER_LAST_ACCESSED"] = json!(switches.last_accessed);
    if switches.read_only {
        body["registry_state"] = json!("readonly");
    }
    Ok(Answer::compact(&body))
}

pub(super) fn health(_: &mut Context<'_>) -> Handled {
    let services = json!({
        "auth": true,
        "database": true,
        "disk_space": true,
        "registry_gunicorn": true,
        "service_key": true,
        "web_gunicorn": true,
    });
    let body = json!({ "data": { "services": services }, "status_code": 200 });
    Ok(Answer::compact(&body))
}

/// The first part of Quay's own description; it ends with the usage logs.
pub(super) fn discovery(context: &mut Context<'_>) -> Handled {
    let text = DISCOVERY.replace(RECORDED, &context.state.base());
    let mut body = document(&text)?;
    body["host"] = json!(context.state.hostname);
    body["schemes"] = json!([context.state.scheme]);
    Ok(Answer::json(&body))
}

pub(super) fn error(context: &mut Context<'_>) -> Handled {
    describe(&context.state.base(), context.param(0)).ok_or_else(Failure::not_found)
}
