//! From a request to its handler, and what is said where there is none.

use axum::http::Method;

use super::answer::{Answer, HTML};
use super::auth::{Caller, Need};
use super::call::Call;
use super::errors::{Failure, REQUEST_LINE};
use super::limits::{API_HTTP1, API_HTTP2, REGISTRY};
use super::routes::{Route, api_routes, web_routes};
use super::state::State;

/// Everything a handler works with.
pub(super) struct Context<'a> {
    pub(super) state: &'a mut State,
    pub(super) call: &'a Call,
    pub(super) caller: Caller,
    params: Vec<String>,
}

impl Context<'_> {
    /// The path's parameter number `index`.
    pub(super) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// An owned copy of it, for handlers that change the state.
    pub(super) fn owned(&self, index: usize) -> String {
        self.param(index).to_owned()
    }

    pub(super) fn authorize(&self, need: Need<'_>) -> Result<(), Failure> {
        self.caller.authorize(self.state, need)
    }

    pub(super) fn can(&self, need: Need<'_>) -> bool {
        self.caller.can(self.state, need)
    }
}

pub(super) type Handled = Result<Answer, Failure>;
pub(super) type Handler = fn(&mut Context<'_>) -> Handled;

/// API calls that need no session and so no CSRF token, and that anonymous callers may make even
/// where anonymous access is off.
const OPEN: [&str; 3] = ["/api/v1/user/", "/api/v1/user/initialize", "/api/v1/signin"];

/// Answers a request.
pub(super) fn dispatch(state: &mut State, call: &Call) -> Answer {
    let base = called_base(state, call);
    let answered = answer(state, call);
    answered.unwrap_or_else(|failure| failure.into_answer(&base))
}

/// Flask makes absolute addresses from the host that was called, not from SERVER_HOSTNAME.
fn called_base(state: &State, call: &Call) -> String {
    let host = call.host.as_deref().unwrap_or(&state.hostname);
    format!("{}://{host}", state.scheme)
}

fn answer(state: &mut State, call: &Call) -> Handled {
    throttle(state, call)?;
    if let Some(path) = call.path.strip_prefix("/api/v1/") {
        return api(state, call, path);
    }
    if call.http1 && call.path == "/v2/auth" && call.line > REQUEST_LINE {
        return Err(Failure::line_too_long(call.line));
    }
    let path = call.path.trim_start_matches('/');
    let (handler, params) = find(state, call, web_routes(), path)?;
    let mut context = Context {
        state,
        call,
        caller: Caller::default(),
        params,
    };
    handler(&mut context)
}

fn throttle(state: &mut State, call: &Call) -> Result<(), Failure> {
    if !state.switches.rate_limits {
        return Ok(());
    }
    let now = state.now();
    let admitted = if call.path.starts_with("/api/") {
        let (key, rate) = if call.http1 {
            ("api", &API_HTTP1)
        } else {
            ("api2", &API_HTTP2)
        };
        state.limits.admit(key, rate, now)
    } else if call.path == "/v2/auth" {
        let key = call.header("authorization").unwrap_or_default();
        state.limits.admit(&format!("v2 {key}"), &REGISTRY, now)
    } else {
        true
    };
    if admitted {
        Ok(())
    } else {
        Err(Failure::rate_limited())
    }
}

fn api(state: &mut State, call: &Call, path: &str) -> Handled {
    let (handler, params) = find(state, call, api_routes(), path)?;
    if call.method == Method::GET && state.switches.browser_xhr_only && is_browser(call) {
        let error = "API calls must be invoked with an X-Requested-With header if called from a \
            browser";
        return Err(Failure::labelled_html(400, error));
    }
    let caller = Caller::of(state, call)?;
    if call.path != "/api/v1/user/initialize" {
        caller.check_csrf(state, call)?;
    }
    let open = OPEN.contains(&call.path.as_str());
    if caller.user.is_none() && !state.switches.anonymous_access && !open {
        let error = "Anonymous access is not allowed";
        return Err(Failure::labelled_html(401, error));
    }
    let writes = ![Method::GET, Method::HEAD].contains(&call.method);
    if writes && state.switches.read_only {
        return Err(Failure::read_only());
    }
    let mut context = Context {
        state,
        call,
        caller,
        params,
    };
    handler(&mut context)
}

/// Browsers say Mozilla; every script that does is taken for one.
fn is_browser(call: &Call) -> bool {
    call.header("user-agent")
        .is_some_and(|agent| agent.starts_with("Mozilla/"))
        && call.header("x-requested-with") != Some("XMLHttpRequest")
}

/// Everything below `/` that is read belongs to the web interface, so a path without an owner is
/// redirected to itself with a slash, then answered with the interface's page.
fn find(
    state: &State,
    call: &Call,
    routes: &[Route],
    path: &str,
) -> Result<(Handler, Vec<String>), Failure> {
    let slash = path.ends_with('/');
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let mut matching = routes
        .iter()
        .filter_map(|route| Some((route, route.matches(&segments)?)));
    let owner = matching.next();
    let reads = [Method::GET, Method::HEAD].contains(&call.method);
    match owner {
        Some((route, params)) if route.slash == slash => {
            if let Some(handler) = route.handler(&call.method) {
                return Ok((handler, params));
            }
            if call.method == Method::OPTIONS {
                let answer = Answer::new(200, HTML, "").header("allow", route.allow());
                return Err(answer.into());
            }
            if route.handler(&Method::GET).is_some() && call.path.starts_with("/api/") {
                return Err(Failure::method(&route.allow()));
            }
            if route.handler(&Method::GET).is_some() {
                return Err(Failure::method_page(&route.allow()));
            }
            if reads && !slash {
                return Err(redirect(state, call));
            }
            Err(Failure::method_page("HEAD, POST, GET, OPTIONS"))
        }
        Some((route, _)) if route.slash => Err(redirect(state, call)),
        _ if reads && !slash => Err(redirect(state, call)),
        _ if reads => Err(Failure::page_not_found()),
        _ => Err(Failure::method_page("HEAD, GET, OPTIONS")),
    }
}

fn redirect(state: &State, call: &Call) -> Failure {
    Failure::redirect(&format!("{}{}/", called_base(state, call), call.path))
}
