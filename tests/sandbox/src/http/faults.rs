//! Rules by which a server fails on purpose.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;
use futures::stream::{self, StreamExt};

use super::hold::Hold;
use super::log::{mutates, path_of};

/// What nginx in front of Quay answers to a caller over its rate.
const HTML_429: &str = "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n\
    <center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

/// What gunicorn answers when Quay's code raised.
const HTML_500: &str = "<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n    \
    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n";

/// What Quay answers to every write while REGISTRY_STATE is `readonly`.
const READ_ONLY: &str = "{\"is_readonly\":true,\"message\":\"System is currently read-only. \
    Pulls will succeed but all write operations are currently suspended.\"}\n";

/// What kube-apiserver answers when its queues are full.
const TOO_MANY: &str = "Too many requests, please try again later.\n";

/// What happens to a request a [`Fault`] hits.
#[derive(Clone, Debug)]
pub enum FaultAction {
    /// This answer instead of the real one.
    Status {
        /// The status code.
        code: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
        /// Further headers.
        headers: Vec<(String, String)>,
    },
    /// 429 as nginx answers in front of Quay: an HTML page, no `Retry-After`.
    Html429,
    /// 500 as Quay answers when its code raised: an HTML page.
    Html500,
    /// 503 as Quay answers writes while the registry is read-only.
    ReadOnly503,
    /// 429 as kube-apiserver answers: plain text with `Retry-After`.
    TooManyRequests {
        /// The value of `Retry-After`, in seconds.
        retry_after_seconds: u64,
    },
    /// The connection is closed; the request is not carried out.
    Reset,
    /// No answer until the client gives up; the request is not carried out.
    Stall,
    /// The real answer, the connection closed in the middle of its body.
    HalfBody,
    /// The request is carried out, the connection closed instead of the answer.
    AnswerLost,
    /// The real answer, that much later.
    Delay(Duration),
    /// The request waits there before it is carried out.
    HoldBefore(Hold),
    /// The request is carried out, and its answer waits there.
    HoldAfter(Hold),
    /// 307 to this address; the request is not carried out.
    Redirect(String),
    /// An answer whose body comes in pieces; the request is not carried out.
    Pieces(Pieces),
    /// The real answer, and no further request on this connection: GOAWAY, or `close` in HTTP/1.1.
    GoAway,
}

/// A body that comes in pieces, all of them alike.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// The status code.
    pub code: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// What comes first.
    pub head: String,
    /// One piece.
    pub piece: Bytes,
    /// How many there are.
    pub times: usize,
    /// How long each comes after the one before.
    pub every: Duration,
}

/// Which requests get which fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Only requests with this verb; `None` means any.
    pub method: Option<Method>,
    /// Only requests whose path with query holds this text.
    pub path_contains: String,
    /// How many matching requests pass first.
    pub skip: usize,
    /// How many matching requests are hit after those; `usize::MAX` means all.
    pub times: usize,
    /// What happens to them.
    pub action: FaultAction,
}

impl Fault {
    /// Every request of this verb whose path with query holds `path_contains`.
    pub fn always(method: Method, path_contains: &str, action: FaultAction) -> Self {
        Self {
            method: Some(method),
            path_contains: path_contains.to_owned(),
            skip: 0,
            times: usize::MAX,
            action,
        }
    }

    /// Only the next such request.
    pub fn once(method: Method, path_contains: &str, action: FaultAction) -> Self {
        Self {
            times: 1,
            ..Self::always(method, path_contains, action)
        }
    }
}

/// The rules of a server. The first that applies decides.
#[derive(Default)]
pub struct Faults {
    rules: Mutex<Rules>,
}

#[derive(Default)]
struct Rules {
    list: Vec<Rule>,
    hits: usize,
}

struct Rule {
    fault: Fault,
    /// Whether requests that change nothing pass by it.
    only_mutating: bool,
}

impl Faults {
    /// Adds a rule after the ones there are.
    pub fn add(&self, fault: Fault) {
        self.push(fault, false);
    }

    /// Adds a rule for one request: the one that asks to change something after `skip`
    /// others that do, see [`Recorded::mutates`](super::Recorded).
    pub fn add_nth_mutating(&self, skip: usize, action: FaultAction) {
        let fault = Fault {
            method: None,
            path_contains: String::new(),
            skip,
            times: 1,
            action,
        };
        self.push(fault, true);
    }

    fn push(&self, fault: Fault, only_mutating: bool) {
        self.lock().list.push(Rule {
            fault,
            only_mutating,
        });
    }

    /// Removes every rule and sets [`Faults::hits`] back to 0.
    pub fn clear(&self) {
        *self.lock() = Rules::default();
    }

    /// How many requests were hit, so that a test can tell its rule applied.
    pub fn hits(&self) -> usize {
        self.lock().hits
    }

    pub(super) fn next(&self, request: &Parts) -> Option<FaultAction> {
        let (path, mutates) = (path_of(request), mutates(request));
        let mut rules = self.lock();
        let hit = rules.list.iter_mut().find_map(|rule| {
            let fault = &mut rule.fault;
            let matches = fault
                .method
                .as_ref()
                .is_none_or(|wanted| *wanted == request.method)
                && (mutates || !rule.only_mutating)
                && path.contains(&fault.path_contains)
                && fault.times > 0;
            if !matches {
                return None;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                return None;
            }
            if fault.times != usize::MAX {
                fault.times -= 1;
            }
            Some(fault.action.clone())
        });
        rules.hits += usize::from(hit.is_some());
        hit
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FaultAction {
    /// The answer made up for this fault; `None` where the fault is not an answer.
    pub(super) fn answer(&self) -> Option<Response<Body>> {
        let html = |code, body| answer(code, "text/html", body, &[]);
        Some(match self {
            Self::Status {
                code,
                content_type,
                body,
                headers,
            } => answer(*code, content_type, body, headers),
            Self::Html429 => html(429, HTML_429),
            Self::Html500 => html(500, HTML_500),
            Self::ReadOnly503 => answer(503, "application/json", READ_ONLY, &[]),
            Self::TooManyRequests {
                retry_after_seconds,
            } => {
                let wait = ("Retry-After".into(), retry_after_seconds.to_string());
                answer(429, "text/plain; charset=utf-8", TOO_MANY, &[wait])
            }
            Self::Redirect(to) => {
                let location = ("Location".into(), to.clone());
                answer(307, "text/html; charset=utf-8", "", &[location])
            }
            Self::Pieces(pieces) => pieces.answer(),
            Self::Reset
            | Self::Stall
            | Self::HalfBody
            | Self::AnswerLost
            | Self::Delay(_)
            | Self::HoldBefore(_)
            | Self::HoldAfter(_)
            | Self::GoAway => return None,
        })
    }
}

impl Pieces {
    fn answer(&self) -> Response<Body> {
        let first = std::iter::once(Bytes::from(self.head.clone()));
        let pieces = first.chain(std::iter::repeat_n(self.piece.clone(), self.times));
        let every = self.every;
        let body = stream::iter(pieces).then(move |piece| async move {
            if !every.is_zero() {
                tokio::time::sleep(every).await;
            }
            Ok::<Bytes, Infallible>(piece)
        });
        let mut response = answer(self.code, "application/json", "", &self.headers);
        *response.body_mut() = Body::from_stream(body);
        response
    }
}

/// Headers and codes that HTTP does not allow are left out: a rule is test data.
fn answer(
    code: u16,
    content_type: &str,
    body: &str,
    headers: &[(String, String)],
) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() =
        StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::from_str(value),
        ) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
