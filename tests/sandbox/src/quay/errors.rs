//! The shapes in which Quay says no. Which one it is depends on the layer that refused.

use serde_json::json;

use super::answer::{Answer, HTML, JSON, spaced};

/// The body gunicorn sends when Quay's code raised.
const INTERNAL: &str = "<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  \
    <body>\n    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n";

/// How the page of Quay's web interface starts; it answers every path nobody else does.
const UI_PAGE: &str = "<!DOCTYPE html>\n<html ng-app=\"quay\" class=\"onprem\">\n  <head>\n    \
    <base href=\"/\">\n  <title>Quay</title>\n  </head>\n  <body></body>\n</html>\n";

/// The longest request line, in bytes, without its line end.
pub(super) const REQUEST_LINE: usize = 4094;

const FORBIDDEN: &str = "You don't have the permission to access the requested resource. \
    It is either read-protected or not readable by the server.";

const UNAUTHENTICATED: &str = "The server could not verify that you are authorized to access the \
    URL requested. You either supplied the wrong credentials (e.g. a bad password), or your \
    browser doesn't understand how to supply the credentials required.";

/// The `error_type` of a problem document, with its status.
#[derive(Clone, Copy, Debug)]
pub(super) enum Problem {
    InvalidRequest,
    InvalidToken,
    InsufficientScope,
    NotFound,
}

impl Problem {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::NotFound => "not_found",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::NotFound => 404,
        }
    }
}

/// A refusal.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// A problem document; it names the server, so it is rendered at the end.
    Problem {
        kind: Problem,
        detail: String,
        /// Whether it carries `session_required: false`, as on `/api/v1/user/`.
        session: bool,
    },
    /// An answer that is complete as it is. Boxed: it is far larger than the happy path's error.
    Other(Box<Answer>),
}

impl From<Answer> for Failure {
    fn from(answer: Answer) -> Self {
        Self::Other(Box::new(answer))
    }
}

impl Failure {
    /// Renders the refusal; `base` is the scheme and host the client called.
    pub(super) fn into_answer(self, base: &str) -> Answer {
        match self {
            Self::Other(answer) => *answer,
            Self::Problem {
                kind,
                detail,
                session,
            } => {
                let name = kind.name();
                let mut body = json!({});
                if session {
                    body["session_required"] = json!(false);
                }
                body["detail"] = json!(detail);
                body["error_message"] = json!(detail);
                body["error_type"] = json!(name);
                body["title"] = json!(name);
                body["type"] = json!(format!("{base}/api/v1/error/{name}"));
                body["status"] = json!(kind.status());
                Answer::json_with(kind.status(), &body)
            }
        }
    }

    fn problem(kind: Problem, detail: impl Into<String>) -> Self {
        Self::Problem {
            kind,
            detail: detail.into(),
            session: false,
        }
    }

    /// 400 from an API handler.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::problem(Problem::InvalidRequest, detail)
    }

    /// 404 from an API handler.
    pub(super) fn not_found() -> Self {
        Self::problem(Problem::NotFound, "Not Found")
    }

    /// 403: signed in, but not allowed.
    pub(super) fn unauthorized() -> Self {
        Self::problem(Problem::InsufficientScope, "Unauthorized")
    }

    /// 401: not signed in.
    pub(super) fn unauthenticated() -> Self {
        Self::problem(Problem::InvalidToken, "Requires authentication")
    }

    /// 401 of `/api/v1/user/`.
    pub(super) fn no_session() -> Self {
        Self::Problem {
            kind: Problem::InvalidToken,
            detail: "Requires authentication".into(),
            session: true,
        }
    }

    /// 400 from the data model, by Flask's own error handler.
    pub(super) fn model(message: impl Into<String>) -> Self {
        let message: String = message.into();
        Answer::compact_with(400, &json!({ "message": message })).into()
    }

    /// What flask-restful makes of an abort.
    pub(super) fn abort(status: u16, message: &str) -> Self {
        Answer::json_with(status, &json!({ "message": message })).into()
    }

    /// 403 of an abort in a handler.
    pub(super) fn forbidden() -> Self {
        Self::abort(403, FORBIDDEN)
    }

    /// `{"error": …}` that calls itself HTML: what decorators and the token parser answer.
    pub(super) fn labelled_html(status: u16, error: &str) -> Self {
        Answer::new(status, HTML, spaced(&json!({ "error": error }))).into()
    }

    /// 403 for a write without a token or a session's CSRF token.
    pub(super) fn csrf(user: Option<&str>) -> Self {
        let message = "CSRF token was invalid or missing.";
        match user {
            None => Self::labelled_html(403, message),
            Some(user) => Self::labelled_html(403, &format!("{message} (authorized: user {user})")),
        }
    }

    /// The registry's error document.
    pub(super) fn registry(status: u16, code: &str, message: &str) -> Answer {
        let error = json!({ "code": code, "detail": {}, "message": message });
        Answer::compact_with(status, &json!({ "errors": [error] }))
    }

    /// 500: Quay's code raised.
    pub(super) fn internal() -> Self {
        Answer::new(500, "text/html", INTERNAL).into()
    }

    /// 503 for writes while the registry is read-only.
    pub(super) fn read_only() -> Self {
        let message = "System is currently read-only. Pulls will succeed but all write \
            operations are currently suspended.";
        let body = json!({ "is_readonly": true, "message": message });
        Answer::compact_with(503, &body).into()
    }

    /// 404 of a path nobody serves: the web interface's page.
    pub(super) fn page_not_found() -> Self {
        Answer::new(404, HTML, UI_PAGE).into()
    }

    /// 405 of a path the API does not own.
    pub(super) fn method_page(allow: &str) -> Self {
        werkzeug(
            405,
            "Method Not Allowed",
            "The method is not allowed for the requested URL.",
        )
        .header("allow", allow)
        .into()
    }

    /// 405 of an API resource.
    pub(super) fn method(allow: &str) -> Self {
        let body = json!({ "message": "The method is not allowed for the requested URL." });
        Answer::json_with(405, &body).header("allow", allow).into()
    }

    /// 401 page of the web part.
    pub(super) fn unauthenticated_page() -> Self {
        werkzeug(401, "Unauthorized", UNAUTHENTICATED).into()
    }

    /// 403 page of the web part.
    pub(super) fn forbidden_page() -> Self {
        werkzeug(403, "Forbidden", FORBIDDEN).into()
    }

    /// 429 for a user who mistyped the password a moment ago.
    pub(super) fn locked_out(seconds: i64) -> Self {
        let text = "Too many login attempts. \nPlease reset your Quay password and try again.";
        Answer::new(429, HTML, text)
            .header("retry-after", seconds.to_string())
            .into()
    }

    /// 429 of nginx: an HTML page without `Retry-After`.
    pub(super) fn rate_limited() -> Self {
        let page = "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n\
            <center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx</center>\r\n\
            </body>\r\n</html>\r\n";
        Answer::new(429, "text/html", page).into()
    }

    /// 308 to the same path with a slash.
    pub(super) fn redirect(to: &str) -> Self {
        let page = format!(
            "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n\
            <h1>Redirecting...</h1>\n<p>You should be redirected automatically to the target \
            URL: <a href=\"{to}\">{to}</a>. If not, click the link.\n"
        );
        Answer::new(308, HTML, page).header("location", to).into()
    }

    /// `{"error": …}` of the federation endpoint, which is JSON for once.
    pub(super) fn federation(error: &str) -> Self {
        Answer::compact_with(401, &json!({ "error": error })).into()
    }

    /// 400 of the OAuth endpoints.
    pub(super) fn oauth_request() -> Self {
        let body = spaced(&json!({ "error": "invalid_request" }));
        Answer::new(400, "application/json;charset=UTF-8", body)
            .header("cache-control", "no-store")
            .header("pragma", "no-cache")
            .into()
    }

    /// 400 of gunicorn for a request line that is too long.
    pub(super) fn line_too_long(length: usize) -> Self {
        let page = format!(
            "<html>\n  <head>\n    <title>Bad Request</title>\n  </head>\n  <body>\n    \
            <h1><p>Bad Request</p></h1>\n    Request Line is too large ({length} &gt; \
            {REQUEST_LINE})\n  </body>\n</html>\n"
        );
        Answer::new(400, "text/html", page).into()
    }

    /// 415 and 400 for a body that is not JSON.
    pub(super) fn not_json(labelled: bool) -> Self {
        if labelled {
            return Self::abort(
                400,
                "The browser (or proxy) sent a request that this server could not understand.",
            );
        }
        Self::abort(
            415,
            "Did not attempt to load JSON data because the request Content-Type was not \
            'application/json'.",
        )
    }
}

fn werkzeug(status: u16, title: &str, text: &str) -> Answer {
    let text = text.replace('\'', "&#39;");
    let page = format!(
        "<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n\
        <p>{text}</p>\n"
    );
    Answer::new(status, HTML, page)
}

/// The documents problem types link to.
pub(super) fn describe(base: &str, name: &str) -> Option<Answer> {
    let description = match name {
        "insufficient_scope" => {
            "The access token did not have sufficient scope to access the requested resource."
        }
        "invalid_token" => {
            "The access token provided is expired, revoked, malformed, or invalid for other reasons."
        }
        "invalid_request" => {
            "The request was invalid. It may contain invalid values or was improperly formatted."
        }
        "not_found" => "The resource was not found.",
        _ => return None,
    };
    let kind = format!("{base}/api/v1/error/{name}");
    let body = json!({ "type": kind, "title": name, "description": description });
    let mut answer = Answer::json(&body);
    answer.content_type = JSON;
    Some(answer)
}
