//! What happened at the recorded server outside of the recordings: settings that were changed,
//! and the accounts and repositories that were made by other means.

use std::io;

use jiff::Timestamp;
use quay_sandbox::http::{Fault, FaultAction};
use quay_sandbox::quay::{Quay, Role, Switches};
use reqwest::Method;

use crate::recording::Recording;
use crate::replay::HOSTNAME;
use crate::rules::Learned;

/// Sets the stage for a recording.
pub fn set(quay: &Quay, recording: &Recording) -> io::Result<()> {
    let number = recording.name.split('-').next().unwrap_or_default();
    quay.server().faults().clear();
    quay.edit(|state| state.switches = Switches::default());
    match number {
        "01" => quay.edit(|state| state.superusers = vec!["quayadmin".into()]),
        "24" => quay.edit(|state| state.trusted_issuers = vec!["https://localhost:9443/".into()]),
        "26" => {
            for name in repositories_of(recording, "bigorg") {
                quay.edit(|state| state.add_repository("bigorg", &name, false));
            }
        }
        "29" => racer(quay)?,
        "30" => quay.edit(|state| state.switches.superusers_full_access = true),
        "31" => quay.edit(|state| state.switches.robots_disallowed = true),
        "32" => quay.edit(|state| state.switches.read_only = true),
        "33" => quay.edit(|state| state.switches.anonymous_access = false),
        "34" => {
            for method in [Method::GET, Method::PUT] {
                let fault = Fault::always(method, "/robots/", FaultAction::Html500);
                quay.server().faults().add(fault);
            }
        }
        "35" => quay.edit(|state| state.switches.rate_limits = true),
        "39" => mirror(quay),
        _ => {}
    }
    Ok(())
}

/// The host the recorder called: Quay itself where a recording says so, else nginx before it.
pub fn host(recording: &Recording) -> &'static str {
    if recording.description.contains("direct gunicorn") {
        "127.0.0.1:8090"
    } else {
        HOSTNAME
    }
}

/// Every repository of a namespace that a recording shows.
fn repositories_of(recording: &Recording, namespace: &str) -> Vec<String> {
    let mut names: Vec<String> = recording
        .exchanges
        .iter()
        .filter_map(|exchange| exchange.response.as_ref())
        .filter_map(|response| serde_json::from_str::<serde_json::Value>(response.body()).ok())
        .flat_map(|body| body["repositories"].as_array().cloned().unwrap_or_default())
        .filter(|repository| repository["namespace"] == namespace)
        .filter_map(|repository| Some(repository["name"].as_str()?.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// A robot that raced against itself, and logged in once.
fn racer(quay: &Quay) -> io::Result<()> {
    let time = |text: &str| text.parse::<Timestamp>().map_err(io::Error::other);
    let (created, used) = (time("2026-11-22T10:26:36Z")?, time("2026-11-22T10:26:38Z")?);
    quay.edit(|state| {
        state.add_robot("myorg+racer");
        state.set_created("myorg+racer", created);
        state.set_last_accessed("myorg+racer", Some(used));
        state.set_permission("myorg", "my-app", "myorg+racer", Some(Role::Read))
    })
}

/// A repository that mirrors another with a robot.
fn mirror(quay: &Quay) {
    let created = "2026-11-22T10:28:43Z".parse::<Timestamp>().ok();
    quay.edit(|state| {
        state.add_robot("myorg+mirrorbot");
        state.set_mirrored("myorg+mirrorbot", true);
        if let Some(created) = created {
            state.set_created("myorg+mirrorbot", created);
        }
        state.add_repository("myorg", "mirrored", false);
    });
}

/// Signs in whoever a recorded session belongs to that was opened outside of the recordings.
pub fn session(quay: &Quay, label: &str, cookie: &str, csrf: Option<&str>, learned: &mut Learned) {
    let user = match label.split(':').next() {
        Some("alice") => "alice",
        Some("bob") => "bob",
        _ => "quayadmin",
    };
    let (own, own_csrf) = quay.edit(|state| state.open_session(Some(user)));
    learned.learn(cookie, &own);
    if let Some(csrf) = csrf {
        learned.learn(csrf, &own_csrf);
    }
}
