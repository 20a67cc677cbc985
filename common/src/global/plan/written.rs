//! What a plan wrote: what tells later whether an entry still is ours.

use super::Plan;
use crate::dockerconfig::Document;
use crate::kubelet::Format;
use std::collections::BTreeSet;

/// Entries as they were written, and the keys of those that were removed.
///
/// It holds credentials: a hash of a password that a person chose could be guessed back, and
/// would not be safer.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// All of them.
    keys: BTreeSet<String>,
    /// Those that are there after the write.
    entries: Document,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            keys: BTreeSet::new(),
            entries: Document::empty(Format::DockerConfigJson),
        }
    }
}

impl Written {
    /// What the plan writes.
    pub fn by(plan: &Plan) -> Self {
        let mut written = Self::default();
        for key in plan.changed_keys() {
            if let Some(document) = plan.document() {
                written.entries.copy(&key, document);
            }
            written.keys.insert(key);
        }
        written
    }

    /// These entries, and that those were removed.
    pub fn read(entries: Document, removed: impl IntoIterator<Item = String>) -> Self {
        let mut keys: BTreeSet<String> = removed.into_iter().collect();
        keys.extend(entries.entries().map(|(key, _)| key.to_owned()));
        Self { keys, entries }
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The entries that are there after the write.
    pub fn entries(&self) -> &Document {
        &self.entries
    }

    /// The keys of all that was written or removed.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// The keys of the entries that were removed.
    pub fn removed(&self) -> impl Iterator<Item = &str> {
        let gone = |key: &&String| self.entries.times(key) == 0;
        self.keys.iter().filter(gone).map(String::as_str)
    }

    /// Whether the entry was written, and still is what was written; `None` where it was not.
    pub fn is_still(&self, key: &str, current: &Document) -> Option<bool> {
        let written = self.keys.contains(key);
        written.then(|| current.agrees(key, &self.entries))
    }

    /// Whether the entry was written by one of these writes, and still is what that wrote. A
    /// later one may be known that never came about, since its run was ended before it.
    pub fn is_still_any(writes: &[Self], key: &str, current: &Document) -> Option<bool> {
        let known = writes.iter();
        let known = known.filter_map(|wrote| wrote.is_still(key, current));
        known.reduce(|ours, other| ours || other)
    }
}
