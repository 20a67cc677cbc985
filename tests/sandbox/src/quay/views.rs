//! Pieces of JSON that many answers share.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Organization, Team, User};
use super::state::State;

/// AVATAR colours, as `GET /config` lists them.
pub(super) const COLORS: [&str; 32] = [
    "#969696", "#aec7e8", "#ff7f0e", "#ffbb78", "#2ca02c", "#98df8a", "#d62728", "#ff9896",
    "#9467bd", "#c5b0d5", "#8c564b", "#c49c94", "#e377c2", "#f7b6d2", "#7f7f7f", "#c7c7c7",
    "#bcbd22", "#1f77b4", "#17becf", "#9edae5", "#393b79", "#5254a3", "#6b6ecf", "#9c9ede",
    "#9ecae1", "#31a354", "#b5cf6b", "#a1d99b", "#8c6d31", "#ad494a", "#e7ba52", "#a55194",
];

/// An avatar: the hash of an address, and the colour its first two digits choose.
pub(super) fn avatar(name: &str, address: &str, kind: &str) -> Value {
    let address = address.trim().to_lowercase();
    let digest = ring::digest::digest(&ring::digest::SHA256, address.as_bytes());
    let digest = digest.as_ref();
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let first = digest.first().copied().unwrap_or_default();
    let color = COLORS[usize::from(first) % COLORS.len()];
    json!({ "name": name, "hash": hash, "color": color, "kind": kind })
}

pub(super) fn user_avatar(user: &User) -> Value {
    avatar(&user.name, &user.email, "user")
}

pub(super) fn org_avatar(org: &Organization, kind: &str) -> Value {
    avatar(&org.name, &org.email, kind)
}

pub(super) fn team_avatar(team: &Team) -> Value {
    avatar(&team.name, &team.name, "team")
}

/// The avatar of a user or robot by its name.
pub(super) fn account_avatar(state: &State, name: &str) -> Value {
    if let Some(robot) = state.robots.get(name) {
        return avatar(name, &robot.email, "robot");
    }
    match state.user(name) {
        Some(user) => user_avatar(user),
        None => avatar(name, name, "user"),
    }
}

/// RFC 2822 with the `-0000` Python writes for a time without a zone.
pub(super) fn date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S -0000").to_string()
}

pub(super) fn maybe_date(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| json!(date(time)))
}

/// ISO 8601 with microseconds, as token dates are written.
pub(super) fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
