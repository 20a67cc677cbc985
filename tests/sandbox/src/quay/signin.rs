//! Sessions: the CSRF token, signing in and out, and whether a password is right.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::answer::Answer;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::schema;
use super::state::State;

const SCHEMA: &str = include_str!("schemas/signin.txt");

/// Why a password was not taken.
pub(super) enum Refusal {
    Wrong,
    /// Somebody mistyped it a moment ago; so many seconds are left.
    LockedOut(i64),
}

/// Checks a user's password. Each failure locks the user out for twice as long as the last.
pub(super) fn check_password(state: &mut State, name: &str, password: &str) -> Result<(), Refusal> {
    let now = state.now();
    let user = state.users.iter_mut().find(|user| user.name == name);
    let user = user.ok_or(Refusal::Wrong)?;
    if let Some(failure) = user.last_failure {
        let wait = SignedDuration::from_secs(1 << user.failed_logins.saturating_sub(1).min(8));
        let left = wait - now.duration_since(failure);
        if left.is_positive() {
            return Err(Refusal::LockedOut(left.as_secs()));
        }
    }
    if user.password == password || user.encrypted_password == password {
        user.failed_logins = 0;
        user.last_failure = None;
        return Ok(());
    }
    user.failed_logins += 1;
    user.last_failure = Some(now);
    Err(Refusal::Wrong)
}

/// 200 with a fresh session of `user`.
pub(super) fn signed_in(
    state: &mut State,
    user: &str,
    body: impl FnOnce(&State) -> Value,
) -> Answer {
    let (cookie, csrf) = state.open_session(Some(user));
    Answer::json(&body(state))
        .header("x-next-csrf-token", csrf)
        .header("set-cookie", set_cookie(&cookie))
}

pub(super) fn set_cookie(cookie: &str) -> String {
    format!("_csrf_token={cookie}; HttpOnly; Path=/; SameSite=Lax")
}

/// The session's CSRF token; a caller without a session gets one.
pub(super) fn csrf_token(context: &mut Context<'_>) -> Handled {
    let cookie = context.call.session_cookie().map(str::to_owned);
    let known = cookie.and_then(|cookie| {
        let session = context.state.sessions.get(&cookie)?;
        Some((cookie, session.csrf.clone()))
    });
    let (cookie, csrf) = known.unwrap_or_else(|| context.state.open_session(None));
    let answer = Answer::compact(&json!({ "csrf_token": csrf }));
    Ok(answer.header("set-cookie", set_cookie(&cookie)))
}

pub(super) fn signin(context: &mut Context<'_>) -> Handled {
    let body = context.call.json()?;
    let field = |key: &str| -> Result<String, Failure> {
        let found = schema::required(&body, key, SCHEMA)?.as_str();
        Ok(found.unwrap_or_default().to_owned())
    };
    let (name, password) = (field("username")?, field("password")?);
    match check_password(context.state, &name, &password) {
        Ok(()) => Ok(signed_in(
            context.state,
            &name,
            |_| json!({ "success": true }),
        )),
        Err(Refusal::LockedOut(seconds)) => Err(Failure::locked_out(seconds)),
        Err(Refusal::Wrong) => {
            let body = json!({
                "needsEmailVerification": false,
                "invalidCredentials": true,
                "message": "Invalid Username or Password",
            });
            Err(Answer::json_with(403, &body).into())
        }
    }
}

pub(super) fn signout(context: &mut Context<'_>) -> Handled {
    if let Some(cookie) = &context.caller.session {
        context.state.sessions.remove(cookie);
    }
    let answer = Answer::json(&json!({ "success": true }));
    Ok(answer.header("set-cookie", "_csrf_token=; Max-Age=0; Path=/"))
}
