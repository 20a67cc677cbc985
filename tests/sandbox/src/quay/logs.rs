//! Usage logs.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::Need;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::LogEntry;
use super::repositories::{page_start, page_token};
use super::state::State;
use super::user_tokens::issuer;
use super::views::{account_avatar, date};

/// Entries on a page.
const PAGE: usize = 20;

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Context<'_> {
    /// Writes down what the caller did in a namespace, and with which token.
    pub(super) fn log(&mut self, kind: &'static str, namespace: &str, mut metadata: Value) {
        let token = self.caller.token.as_ref();
        if let Some(token) = token.and_then(|secret| self.state.tokens.get(secret)) {
            metadata["oauth_token_id"] = json!(token.id);
            metadata["oauth_token_application_id"] = json!(token.client_id);
            metadata["oauth_token_application"] = json!(issuer(self.state, token).name);
        }
        let entry = LogEntry {
            kind,
            namespace: namespace.to_owned(),
            performer: self.caller.user.clone(),
            ip: "127.0.0.1".into(),
            time: self.state.now(),
            metadata,
        };
        self.state.logs.push(entry);
    }
}

pub(super) fn organization(context: &mut Context<'_>) -> Handled {
    context.authorize(Need::OrgAdmin(context.param(0)))?;
    list(context, context.param(0))
}

pub(super) fn user(context: &mut Context<'_>) -> Handled {
    context.authorize(Need::UserAdmin)?;
    list(context, context.caller.name()?)
}

/// A day given as `MM/DD/YYYY`, at midnight UTC. Anything else counts as not given.
fn day(text: Option<&str>) -> Option<Timestamp> {
    let date = Date::strptime("%m/%d/%Y", text?).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Newest first. Without a start only the last day is searched; the end is pushed out by a day.
fn list(context: &Context<'_>, namespace: &str) -> Handled {
    let (state, call) = (&*context.state, context.call);
    let now = state.now();
    let start = day(call.query("starttime")).unwrap_or(now - DAY);
    let end = day(call.query("endtime")).unwrap_or(now) + DAY;
    if end < start {
        return Err(Failure::abort(
            400,
            "The browser (or proxy) sent a request that this server could not understand.",
        ));
    }
    let performer = call.query("performer");
    let found = state.logs.iter().rev().filter(|entry| {
        entry.namespace == namespace
            && (start..end).contains(&entry.time)
            && performer.is_none_or(|name| entry.performer.as_deref() == Some(name))
    });
    let skipped = call.query("next_page").and_then(page_start).unwrap_or(0);
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
    let mut rest = found.skip(skipped);
    let views: Vec<Value> = rest
        .by_ref()
        .take(PAGE)
        .map(|entry| view(state, entry))
        .collect();
    let mut body = json!({
        "start_time": date(start),
        "end_time": date(end),
        "logs": views,
    });
    if rest.next().is_some() {
        body["next_page"] = json!(page_token((skipped + PAGE) as u64));
    }
    Ok(Answer::json(&body))
}

fn view(state: &State, entry: &LogEntry) -> Value {
    let mut view = json!({
        "kind": entry.kind,
        "metadata": entry.metadata,
        "ip": entry.ip,
        "datetime": date(entry.time),
    });
    if let Some(name) = &entry.performer {
        view["performer"] = json!({
            "kind": "user",
            "name": name,
            "is_robot": name.contains('+'),
            "avatar": account_avatar(state, name),
        });
    }
    view
}
