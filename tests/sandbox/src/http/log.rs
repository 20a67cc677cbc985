//! What arrived at a server, in order of arrival.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Version, header};

/// Headers worth asserting on. `Authorization` is recorded as a fingerprint only.
const KEPT: [&str; 5] = [
    "accept",
    "content-type",
    "host",
    "user-agent",
    "x-requested-with",
];

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The verb.
    pub method: Method,
    /// The path with its query, as sent.
    pub path: String,
    /// `accept`, `content-type`, `host`, `user-agent` and `x-requested-with`, where sent.
    pub headers: Vec<(&'static str, String)>,
    /// The scheme and the first 12 hex digits of the SHA-256 of what followed it.
    pub authorization: Option<String>,
    /// The protocol the request came over.
    pub version: Version,
    /// Counts connections from 0, so that requests that shared one can be told.
    pub connection: u64,
    /// What was answered; `None` while nothing was, or where a fault withheld the answer.
    pub status: Option<u16>,
    /// When the request's head had been read.
    pub began: Instant,
    /// When the answer's head was ready, or the connection was dropped.
    pub ended: Option<Instant>,
    /// Whether it asks to change something: a POST, PUT, PATCH or DELETE that is
    /// neither a dry run nor a question to Kubernetes about access.
    pub mutates: bool,
}

impl Recorded {
    /// The value of one of the kept headers, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(kept, _)| *kept == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Every request that arrived since the start or the last [`RequestLog::clear`].
#[derive(Default)]
pub struct RequestLog {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    list: Vec<Recorded>,
    /// Everything that clients sent, where somebody wants it.
    transcript: Option<Vec<u8>>,
    /// Grows with every clear, so that an answer never lands in a later entry.
    generation: u64,
}

/// Where an answer is to be written down.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    index: usize,
    generation: u64,
}

impl RequestLog {
    /// A copy of everything recorded, in order of arrival.
    pub fn all(&self) -> Vec<Recorded> {
        self.lock().list.clone()
    }

    /// Forgets everything recorded so far.
    pub fn clear(&self) {
        let mut entries = self.lock();
        entries.list.clear();
        entries.generation += 1;
    }

    /// How many recorded requests satisfy `wanted`.
    pub fn count(&self, wanted: impl Fn(&Recorded) -> bool) -> usize {
        self.lock()
            .list
            .iter()
            .filter(|entry| wanted(entry))
            .count()
    }

    /// From now on keeps everything that clients send, to the byte: also what is secret.
    pub fn keep_transcript(&self) {
        self.lock().transcript = Some(Vec::new());
    }

    /// Every request's line, headers and body since [`RequestLog::keep_transcript`]; a clear does
    /// not forget them.
    pub fn transcript(&self) -> Vec<u8> {
        self.lock().transcript.clone().unwrap_or_default()
    }

    pub(super) fn keeps_transcript(&self) -> bool {
        self.lock().transcript.is_some()
    }

    pub(super) fn write_down(&self, request: &Parts, body: &[u8]) {
        let mut entries = self.lock();
        let Some(transcript) = &mut entries.transcript else {
            return;
        };
        let line = format!("{} {}\n", request.method, request.uri);
        transcript.extend(line.as_bytes());
        for (name, value) in &request.headers {
            transcript.extend(name.as_str().as_bytes());
            transcript.extend(b": ");
            transcript.extend(value.as_bytes());
            transcript.push(b'\n');
        }
        transcript.extend(body);
        transcript.push(b'\n');
    }

    pub(super) fn begin(&self, request: &Parts, connection: u64) -> Slot {
        let recorded = Recorded {
            method: request.method.clone(),
            path: path_of(request).to_owned(),
            headers: kept_headers(&request.headers),
            authorization: fingerprint(&request.headers),
            version: request.version,
            connection,
            status: None,
            began: Instant::now(),
            ended: None,
            mutates: mutates(request),
        };
        let mut entries = self.lock();
        entries.list.push(recorded);
        Slot {
            index: entries.list.len() - 1,
            generation: entries.generation,
        }
    }

    pub(super) fn end(&self, slot: Slot, status: Option<u16>) {
        let mut entries = self.lock();
        if entries.generation == slot.generation
            && let Some(entry) = entries.list.get_mut(slot.index)
        {
            entry.status = status;
            entry.ended = Some(Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path with its query, without the scheme and host HTTP/2 puts before it.
pub(super) fn path_of(request: &Parts) -> &str {
    request
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
}

fn kept_headers(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    KEPT.iter()
        .filter_map(|name| {
            let value = headers.get(*name)?;
            Some((*name, String::from_utf8_lossy(value.as_bytes()).into()))
        })
        .collect()
}

fn fingerprint(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let text = String::from_utf8_lossy(value);
    let (scheme, credential) = text.split_once(' ').unwrap_or(("", &text));
    Some(format!(
        "{scheme} {}",
        crate::fingerprint(credential.as_bytes())
    ))
}

/// See [`Recorded::mutates`].
pub(super) fn mutates(request: &Parts) -> bool {
    let path = request.uri.path();
    let asks_only = path.starts_with("/apis/authorization.k8s.io/")
        || path.starts_with("/apis/authentication.k8s.io/")
        || request
            .uri
            .query()
            .is_some_and(|query| query.contains("dryRun=All"));
    let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    writes.contains(&request.method) && !asks_only
}
