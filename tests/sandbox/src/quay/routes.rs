//! Which handler answers which path.

use std::sync::OnceLock;

use axum::http::Method;

use super::dispatch::Handler;
use super::{
    accounts, applications, federation, images, logs, oauth, organizations, permissions,
    prototypes, registry, repositories, robots, signin, site, superusers, teams, user_tokens,
};

#[derive(Debug, PartialEq)]
enum Segment {
    Literal(&'static str),
    One,
    /// A repository's name, of one segment or several.
    Rest,
}

/// A path with its handlers.
pub(super) struct Route {
    segments: Vec<Segment>,
    /// Whether it ends with a slash.
    pub(super) slash: bool,
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
    ("v2/{*}/tags/list", [Some(images::tags), None, None, None]),
    (
        "v2/{*}/manifests/{}",
        [Some(images::manifest), None, None, None],
    ),
    ("v2/{*}/blobs/{}", [Some(images::blob), None, None, None]),
];

/// The API's routes, below `/api/v1/`.
pub(super) fn api_routes() -> &'static [Route] {
    static ROUTES: OnceLock<Vec<Route>> = OnceLock::new();
    ROUTES.get_or_init(|| API.iter().map(Route::new).collect())
}

/// All other routes.
pub(super) fn web_routes() -> &'static [Route] {
    static ROUTES: OnceLock<Vec<Route>> = OnceLock::new();
    ROUTES.get_or_init(|| WEB.iter().map(Route::new).collect())
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
    pub(super) fn matches(&self, path: &[&str]) -> Option<Vec<String>> {
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

    pub(super) fn handler(&self, method: &Method) -> Option<Handler> {
        // Flask answers HEAD with the GET handler; the server drops the body.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let found = self.handlers.iter().find(|(own, _)| own == method);
        found.map(|(_, handler)| *handler)
    }

    pub(super) fn allow(&self) -> String {
        let mut names: Vec<&str> = self.handlers.iter().map(|(own, _)| own.as_str()).collect();
        if names.contains(&"GET") {
            names.insert(0, "HEAD");
        }
        names.push("OPTIONS");
        names.join(", ")
    }
}
