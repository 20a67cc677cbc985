//! A pull secret's content, taken apart as the kubelet takes it apart.

use super::entry::{EntryFault, Login};
use super::format::Format;
use super::json::{self, Members, Raw, SyntaxError};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

const AUTHS: &str = "auths";

/// Why content is no pull secret. The kubelet refuses a pod that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    /// Not JSON; the place is told, the text around it may be a secret.
    #[error("its JSON is broken at line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// The byte in its line, from 1.
        column: usize,
    },
    /// JSON, but not the shape of a pull secret.
    #[error("its JSON is not an object with `auths`")]
    NoAuths,
    /// `HttpHeaders`, which the kubelet reads and never uses, is no object of texts.
    #[error("its `HttpHeaders` is not an object of text fields")]
    Headers,
}

/// Content whose entries can be found, and everything around them.
#[derive(Clone)]
pub(crate) struct Content {
    /// Which of the two shapes it has.
    pub format: Format,
    /// The members beside the entries, and in the place of entries what they were read from;
    /// empty for the legacy format.
    pub root: Arc<Members>,
    /// The objects that hold the entries that count, in their order: Go puts what stands in
    /// `auths` and `Auths` together, and a `null` takes away what was before it.
    pub auths: Vec<Auths>,
    /// Those that a `null` took away. They are decoded all the same, and may be broken.
    pub taken_away: Vec<Auths>,
}

/// One object of entries.
#[derive(Clone)]
pub(crate) struct Auths {
    /// Which member of the root it is.
    pub at: usize,
    /// Its entries, in their order.
    pub entries: Vec<Arc<Entry>>,
}

/// One entry as it was written, and what was read in it.
pub(crate) struct Entry {
    pub key: String,
    /// The key as JSON.
    pub name: Raw,
    /// What stands there.
    pub value: Raw,
    /// What the kubelet makes of it. It is asked for often, and takes longest to find out.
    pub login: Result<Login, EntryFault>,
}

impl Entry {
    /// Reads what stands at `key`, which is `name` as JSON.
    pub fn new(key: String, name: Raw, value: Raw) -> Self {
        Self {
            key,
            name,
            login: Login::read(&value),
            value,
        }
    }
}

impl Auths {
    fn of(at: usize, object: Members) -> Self {
        let entries = object.0.into_iter().map(|(name, value)| {
            let key = json::text(&name).unwrap_or_default();
            Arc::new(Entry::new(key, name, value))
        });
        Self {
            at,
            entries: entries.collect(),
        }
    }
}

impl Content {
    /// Takes content apart. `null`, `{}` and `"auths": null` are content without entries.
    ///
    /// # Errors
    /// If no entry can be found in it.
    pub fn parse(format: Format, content: &[u8]) -> Result<Self, ContentFault> {
        let not_json = |SyntaxError { line, column }| ContentFault::NotJson { line, column };
        let root = json::parse(content).map_err(not_json)?;
        let root = object(&root)?;
        let mut found = Self {
            format,
            root: Arc::default(),
            auths: Vec::new(),
            taken_away: Vec::new(),
        };
        if format == Format::DockerCfg {
            found.auths.push(Auths::of(0, root));
            return Ok(found);
        }
        for (at, (name, value)) in root.0.iter().enumerate() {
            match json::names(name, AUTHS) {
                true if json::is_null(value) => found.taken_away.append(&mut found.auths),
                true => found.auths.push(Auths::of(at, object(value)?)),
                false => {}
            }
        }
        found.root = Arc::new(root);
        Ok(found)
    }

    /// The entries that count: each key once, with its last value, in the order of the last ones.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let mut seen = HashSet::new();
        let last = self
            .all_entries()
            .rev()
            .filter(move |entry| seen.insert(entry.key.as_str()));
        let mut last: Vec<&Entry> = last.collect();
        last.reverse();
        last.into_iter()
    }

    /// Every entry, also one that another of its key replaces.
    pub fn all_entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        let entries = self.auths.iter().flat_map(|auths| &auths.entries);
        entries.map(Arc::as_ref)
    }

    /// What makes the kubelet refuse a pod that names this content: the first fault in it,
    /// and in which entry it is.
    pub fn fault(&self) -> Option<Fault> {
        // Also an entry that another one of its key replaces is decoded, and may be broken.
        let auths = self.taken_away.iter().chain(&self.auths);
        let broken = auths.flat_map(|auths| &auths.entries).find_map(|entry| {
            let fault = entry.login.as_ref().err()?;
            Some(Fault::Entry(entry.key.clone(), *fault))
        });
        broken.or_else(|| {
            self.headers_fault()
                .then_some(Fault::Content(ContentFault::Headers))
        })
    }

    fn headers_fault(&self) -> bool {
        let headers = self
            .root
            .0
            .iter()
            .filter(|(name, _)| json::names(name, "httpheaders"));
        let mut headers = headers
            .map(|(_, value)| value)
            .filter(|value| !json::is_null(value));
        headers.any(|value| {
            let text =
                |(_, value): &(Raw, Raw)| json::is_null(value) || json::text(value).is_some();
            !Members::of(value).is_some_and(|members| members.0.iter().all(text))
        })
    }
}

/// What makes the kubelet refuse a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The content as a whole.
    Content(ContentFault),
    /// The entry of this key.
    Entry(String, EntryFault),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(fault) => fault.fmt(f),
            Self::Entry(key, fault) => write!(f, "entry `{key}`: {fault}"),
        }
    }
}

fn object(value: &RawValue) -> Result<Members, ContentFault> {
    if json::is_null(value) {
        return Ok(Members::default());
    }
    Members::of(value).ok_or(ContentFault::NoAuths)
}
