//! Which handler answers which path, and what is said where none does.

use std::sync::OnceLock;

use axum::http::Method;

use super::answer::{Answer, HTML};
use super::auth::{Caller, Need};
use super::call::Call;
use super::errors::{Failure, REQUEST_LINE};
use super::limits::{API_HTTP1, API_HTTP2, REGISTRY};
use super::state::State;
use super::{
    accounts, applications, federation, logs, oauth, organizations, permissions, prototypes,
    registry, repositories, robots, signin, site, superusers, teams, user_tokens,
};

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
type Handler = fn(&mut Context<'_>) -> Handled;

#[derive(Debug, PartialEq)]
enum Segment {
    Literal(&'static str),
    One,
    /// A repository's name, of one segment or several.
    Rest,
}

struct Route {
    segments: Vec<Segment>,
    slash: bool,
    handlers: Vec<(Method, Handler)>,
}

/// GET, PUT, POST and DELETE in that order.
type Row = (&'static str, [Option<Handler>; 4]);

/// Paths of `/api/v1`; the first that matches counts. A trailing slash belongs to the path.
const API: &[Row] = &[
    (
        "organization/",
        [None, None, Some(organizations::create), None],
    ),
    (
        "organization/{}",
        [
            Some(organizations::get),
            None,
            None,
            Some(organizations::delete),
        ],
    ),
    (
        "organization/{}/robots",
        [Some(robots::list_org), None, None, None],
    ),
    (
        "organization/{}/robots/{}",
        [
            Some(robots::get_org),
            Some(robots::put_org),
            None,
            Some(robots::delete_org),
        ],
    ),
    (
        "organization/{}/robots/{}/regenerate",
        [None, None, Some(robots::regenerate_org), None],
    ),
    (
        "organization/{}/robots/{}/permissions",
        [Some(robots::permissions_org), None, None, None],
    ),
    (
        "organization/{}/robots/{}/federation",
        [
            Some(federation::get_org),
            None,
            Some(federation::post_org),
            Some(federation::delete_org),
        ],
    ),
    ("user/robots", [Some(robots::list_user), None, None, None]),
    (
        "user/robots/{}",
        [
            Some(robots::get_user),
            Some(robots::put_user),
            None,
            Some(robots::delete_user),
        ],
    ),
    (
        "user/robots/{}/regenerate",
        [None, None, Some(robots::regenerate_user), None],
    ),
    (
        "user/robots/{}/permissions",
        [Some(robots::permissions_user), None, None, None],
    ),
    (
        "user/robots/{}/federation",
        [
            Some(federation::get_user),
            None,
            Some(federation::post_user),
            Some(federation::delete_user),
        ],
    ),
    (
        "organization/{}/prototypes",
        [Some(prototypes::list), None, Some(prototypes::create), None],
    ),
    (
        "organization/{}/prototypes/{}",
        [
            None,
            Some(prototypes::update),
            None,
            Some(prototypes::delete),
        ],
    ),
    (
        "organization/{}/team/{}",
        [None, Some(teams::put), None, Some(teams::delete)],
    ),
    (
        "organization/{}/team/{}/members",
        [Some(teams::members), None, None, None],
    ),
    (
        "organization/{}/team/{}/members/{}",
        [
            None,
            Some(teams::add_member),
            None,
            Some(teams::remove_member),
        ],
    ),
    (
        "organization/{}/team/{}/permissions",
        [Some(teams::permissions), None, None, None],
    ),
    (
        "organization/{}/members/{}",
        [Some(organizations::member), None, None, None],
    ),
    (
        "organization/{}/applications",
        [
            Some(applications::list),
            None,
            Some(applications::create),
            None,
        ],
    ),
    (
        "organization/{}/applications/{}",
        [
            Some(applications::get),
            None,
            None,
            Some(applications::delete),
        ],
    ),
    (
        "organization/{}/applications/{}/tokens",
        [
            Some(applications::tokens),
            None,
            Some(applications::create_token),
            None,
        ],
    ),
    (
        "organization/{}/applications/{}/tokens/{}",
        [None, None, None, Some(applications::revoke_token)],
    ),
    (
        "organization/{}/logs",
        [Some(logs::organization), None, None, None],
    ),
    ("user/logs", [Some(logs::user), None, None, None]),
    (
        "user/",
        [Some(accounts::get), None, Some(accounts::create), None],
    ),
    (
        "user/initialize",
        [None, None, Some(accounts::initialize), None],
    ),
    (
        "user/authorizations",
        [Some(user_tokens::authorizations), None, None, None],
    ),
    (
        "user/authorizations/{}",
        [
            Some(user_tokens::authorization),
            None,
            None,
            Some(user_tokens::delete_authorization),
        ],
    ),
    (
        "user/apptoken",
        [
            Some(user_tokens::app_tokens),
            None,
            Some(user_tokens::create_app_token),
            None,
        ],
    ),
    (
        "user/apptoken/{}",
        [None, None, None, Some(user_tokens::delete_app_token)],
    ),
    ("signin", [None, None, Some(signin::signin), None]),
    ("signout", [None, None, Some(signin::signout), None]),
    (
        "repository",
        [
            Some(repositories::list),
            None,
            Some(repositories::create),
            None,
        ],
    ),
    (
        "repository/{}/{*}/permissions/user/",
        [Some(permissions::list_users), None, None, None],
    ),
    (
        "repository/{}/{*}/permissions/user/{}/transitive",
        [Some(permissions::transitive), None, None, None],
    ),
    (
        "repository/{}/{*}/permissions/user/{}",
        [
            Some(permissions::get_user),
            Some(permissions::put_user),
            None,
            Some(permissions::delete_user),
        ],
    ),
    (
        "repository/{}/{*}/permissions/team/",
        [Some(permissions::list_teams), None, None, None],
    ),
    (
        "repository/{}/{*}/permissions/team/{}",
        [
            Some(permissions::get_team),
            Some(permissions::put_team),
            None,
            Some(permissions::delete_team),
        ],
    ),
    (
        "repository/{}/{*}",
        [
            Some(repositories::get),
            None,
            None,
            Some(repositories::delete),
        ],
    ),
    (
        "superuser/users/",
        [None, None, Some(superusers::create_user), None],
    ),
    (
        "superuser/organizations/",
        [Some(superusers::organizations), None, None, None],
    ),
    (
        "entities/{}",
        [Some(organizations::entities), None, None, None],
    ),
    ("error/{}", [Some(site::error), None, None, None]),
    ("discovery", [Some(site::discovery), None, None, None]),
];

/// Paths outside the API.
const WEB: &[Row] = &[
    ("csrf_token", [Some(signin::csrf_token), None, None, None]),
    ("config", [Some(site::config), None, None, None]),
    ("health/instance", [Some(site::health), None, None, None]),
    (
        "oauth/authorize",
        [Some(oauth::authorize), None, None, None],
    ),
    (
        "oauth/authorizeapp",
        [None, None, Some(oauth::authorize_app), None],
    ),
    ("oauth/localapp", [Some(oauth::local_app), None, None, None]),
    (
        "oauth2/federation/robot/token",
        [Some(federation::exchange), None, None, None],
    ),
    ("v2/", [Some(registry::ping), None, None, None]),
    ("v2/auth", [Some(registry::auth), None, None, None]),
    ("v2/{*}/tags/list", [Some(registry::tags), None, None, None]),
    (
        "v2/{*}/manifests/{}",
        [Some(registry::manifest), None, None, None],
    ),
];

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
    let web = table(&WEB_ROUTES, WEB);
    let path = call.path.trim_start_matches('/');
    let (handler, params) = find(state, call, web, path)?;
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
    let (handler, params) = find(state, call, table(&API_ROUTES, API), path)?;
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

static API_ROUTES: OnceLock<Vec<Route>> = OnceLock::new();
static WEB_ROUTES: OnceLock<Vec<Route>> = OnceLock::new();

fn table(routes: &'static OnceLock<Vec<Route>>, rows: &[Row]) -> &'static [Route] {
    routes.get_or_init(|| rows.iter().map(Route::new).collect())
}

impl Route {
    fn new((pattern, handlers): &Row) -> Self {
        let methods = [Method::GET, Method::PUT, Method::POST, Method::DELETE];
        let segments = pattern.trim_end_matches('/').split('/');
        Self {
            slash: pattern.ends_with('/'),
            segments: segments
                .map(|segment| match segment {
                    "{}" => Segment::One,
                    "{*}" => Segment::Rest,
                    literal => Segment::Literal(literal),
                })
                .collect(),
            handlers: methods
                .into_iter()
                .zip(handlers)
                .filter_map(|(method, handler)| Some((method, (*handler)?)))
                .collect(),
        }
    }

    /// The parameters of the path, if it is this route's; the slash at its end is not looked at.
    fn matches(&self, path: &[&str]) -> Option<Vec<String>> {
        let spare = (path.len() + 1).checked_sub(self.segments.len())?;
        let mut rest = path.iter();
        let mut params = Vec::new();
        for segment in &self.segments {
            let first = rest.next()?;
            match segment {
                Segment::Literal(literal) if literal == first => {}
                Segment::Literal(_) => return None,
                Segment::One if first.is_empty() => return None,
                Segment::One => params.push((*first).to_owned()),
                Segment::Rest => {
                    let more = rest.by_ref().take(spare.checked_sub(1)?);
                    let name: Vec<&str> = [*first].into_iter().chain(more.copied()).collect();
                    params.push(name.join("/"));
                }
            }
        }
        rest.next().is_none().then_some(params)
    }

    fn handler(&self, method: &Method) -> Option<Handler> {
        // Flask answers HEAD with the GET handler; the server drops the body.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let found = self.handlers.iter().find(|(own, _)| own == method);
        found.map(|(_, handler)| *handler)
    }

    fn allow(&self) -> String {
        let mut names: Vec<&str> = self.handlers.iter().map(|(own, _)| own.as_str()).collect();
        if names.contains(&"GET") {
            names.insert(0, "HEAD");
        }
        names.push("OPTIONS");
        names.join(", ")
    }
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
