//! Watching a resource.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, Response, header};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::kinds::Kind;
use super::negotiate::Form;
use super::read;
use super::request::Params;
use super::selectors::Selector;
use super::status::{Outcome, Status};
use super::store::{Change, Collection, Event, Object};

/// How long a watch lasts that does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1800);

/// How often a quiet watch tells where it is.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// How long before its end a watch tells where it is for the last time.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);

/// What is watched, and how it is told.
struct Watch {
    kind: Arc<Kind>,
    collection: Arc<Collection>,
    namespace: Option<String>,
    selector: Selector,
    form: Form,
    bookmarks: bool,
}

/// Starts a watch and answers with its stream.
///
/// # Errors
/// 400 for parameters that make no sense.
pub(super) fn start(
    kind: &Arc<Kind>,
    collection: Arc<Collection>,
    namespace: Option<String>,
    selector: Selector,
    form: Form,
    params: &Params,
) -> Outcome<Response<Body>> {
    let from = match params.get("resourceVersion") {
        "" | "0" => None,
        version => Some(version.parse::<u64>().map_err(|_| {
            Status::internal(format!("resourceVersion: Invalid value: {version:?}: strconv.ParseUint: parsing {version:?}: invalid syntax"))
        })?),
    };
    let timeout = match params.get("timeoutSeconds").parse() {
        Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
        _ => DEFAULT_TIMEOUT,
    };
    let watch = Watch {
        kind: Arc::clone(kind),
        collection,
        namespace,
        selector,
        form,
        bookmarks: params.flag("allowWatchBookmarks"),
    };
    let streamed_list = params.flag("sendInitialEvents");
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(watch.run(from, streamed_list, timeout, sender));
    let mut response = Response::new(Body::new(Lines(receiver)));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// The watch is over: nobody listens any more.
struct Over;

impl Watch {
    async fn run(
        self,
        from: Option<u64>,
        streamed_list: bool,
        timeout: Duration,
        to: mpsc::Sender<Bytes>,
    ) {
        let end = Instant::now() + timeout;
        let mut changed = self.collection.subscribe();
        let Ok(mut version) = self.begin(from, streamed_list, &to).await else {
            return;
        };
        // A watch about to end tells where it is while there is time.
        let next = || match end.checked_sub(LAST_BOOKMARK) {
            Some(last) if last > Instant::now() => last.min(Instant::now() + BOOKMARKS),
            _ => end + BOOKMARKS,
        };
        let mut bookmark = next();
        loop {
            changed.mark_unchanged();
            match self.tell_changes(version, &to).await {
                Ok(reached) => version = reached,
                Err(Over) => return,
            }
            tokio::select! {
                _ = changed.changed() => {}
                () = to.closed() => return,
                () = tokio::time::sleep_until(end) => return,
                () = tokio::time::sleep_until(bookmark) => {
                    if self.bookmark(version, false, &to).await.is_err() {
                        return;
                    }
                    bookmark = next();
                }
            }
        }
    }

    /// Tells what there is, where the watch does not start at a known version.
    async fn begin(
        &self,
        from: Option<u64>,
        streamed_list: bool,
        to: &mpsc::Sender<Bytes>,
    ) -> Result<u64, Over> {
        if let (Some(version), false) = (from, streamed_list) {
            return Ok(version);
        }
        let (objects, version) = self.collection.list(self.namespace.as_deref());
        for object in objects
            .iter()
            .filter(|object| self.selector.matches(object))
        {
            self.tell("ADDED", object, to).await?;
        }
        if streamed_list {
            self.bookmark(version, true, to).await?;
        }
        Ok(version)
    }

    async fn tell_changes(&self, version: u64, to: &mpsc::Sender<Bytes>) -> Result<u64, Over> {
        let (events, reached) = match self.collection.since(version) {
            Ok(changes) => changes,
            Err(too_old) => {
                let message = format!("too old resource version: {version} ({})", too_old.oldest);
                let event = json!({"type": "ERROR", "object": Status::expired(message).body()});
                drop(to.send(line(&event)).await);
                return Err(Over);
            }
        };
        for event in &events {
            if self
                .namespace
                .as_deref()
                .is_some_and(|namespace| event.object.namespace() != namespace)
            {
                continue;
            }
            if let Some(what) = self.seen_as(event) {
                self.tell(what, &event.object, to).await?;
            }
        }
        Ok(reached)
    }

    /// What a change looks like through the selector.
    fn seen_as(&self, event: &Event) -> Option<&'static str> {
        let now = self.selector.matches(&event.object);
        let before = event
            .previous
            .as_ref()
            .map_or(now, |previous| self.selector.matches(previous));
        match (event.change, before, now) {
            (Change::Added, _, true) | (Change::Modified, false, true) => Some("ADDED"),
            (Change::Modified, true, true) => Some("MODIFIED"),
            (Change::Deleted, _, true) | (Change::Modified, true, false) => Some("DELETED"),
            _ => None,
        }
    }

    async fn tell(
        &self,
        what: &str,
        object: &Arc<Object>,
        to: &mpsc::Sender<Bytes>,
    ) -> Result<(), Over> {
        let object = read::render(&self.kind, object, self.form);
        let head = format!("{{\"type\":\"{what}\",\"object\":");
        let line = [head.as_bytes(), object.trim_ascii_end(), b"}\n"].concat();
        to.send(line.into()).await.map_err(|_| Over)
    }

    async fn bookmark(
        &self,
        version: u64,
        initial_end: bool,
        to: &mpsc::Sender<Bytes>,
    ) -> Result<(), Over> {
        if !self.bookmarks {
            return Ok(());
        }
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if initial_end && let Some(fields) = metadata.as_object_mut() {
            fields.insert(
                "annotations".into(),
                json!({"k8s.io/initial-events-end": "true"}),
            );
        }
        let object = json!({
            "kind": self.kind.kind,
            "apiVersion": self.kind.api_version(),
            "metadata": metadata,
        });
        let event = json!({"type": "BOOKMARK", "object": object});
        to.send(line(&event)).await.map_err(|_| Over)
    }
}

fn line(event: &Value) -> Bytes {
    format!("{event}\n").into()
}

/// The body of a watch: one JSON document a line, as they come.
struct Lines(mpsc::Receiver<Bytes>);

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut lines = VecDeque::new();
        loop {
            match self.0.poll_recv(context) {
                Poll::Ready(Some(line)) => lines.push_back(line),
                Poll::Ready(None) if lines.is_empty() => return Poll::Ready(None),
                Poll::Pending if lines.is_empty() => return Poll::Pending,
                // What has gathered goes out in one frame.
                _ => {
                    let lines: Vec<Bytes> = lines.into();
                    return Poll::Ready(Some(Ok(Frame::data(lines.concat().into()))));
                }
            }
        }
    }
}
