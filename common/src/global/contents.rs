//! Contents that a controller wrote, held against those it was given, entry by entry. It writes
//! the same JSON with other spaces, and with its members in another order.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The entries of one content, by their keys.
pub(super) type Auths = Map<String, Value>;

/// The entries of a content, where a controller finds them; `None` if it finds none to read.
pub(super) fn auths(content: &[u8]) -> Option<Auths> {
    let mut content: Value = serde_json::from_slice(content).ok()?;
    match content.get_mut("auths").map(Value::take) {
        Some(Value::Object(auths)) => Some(auths),
        _ => None,
    }
}

/// How one content differs from what it should be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Keys that it lacks, or holds another entry at.
    pub behind: Vec<String>,
    /// Keys that it holds beyond.
    pub beyond: Vec<String>,
}

impl Difference {
    /// Of `found` from `wanted`.
    pub(super) fn between(wanted: &Auths, found: &Auths) -> Self {
        let keys = |auths: &Auths| auths.keys().cloned().collect::<BTreeSet<String>>();
        let (wanted_keys, found_keys) = (keys(wanted), keys(found));
        let behind = wanted_keys.iter();
        let behind = behind.filter(|key| wanted.get(*key) != found.get(*key));
        Self {
            behind: behind.cloned().collect(),
            beyond: found_keys.difference(&wanted_keys).cloned().collect(),
        }
    }

    /// Whether there is none.
    pub(super) fn is_none(&self) -> bool {
        self.behind.is_empty() && self.beyond.is_empty()
    }
}

/// The first few names, and how many more there are.
pub(super) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_the_same_whatever_their_spaces_and_order() {
        let given = auths(br#"{"auths": {"b": {"email": "", "auth": "YTpi"}, "a": {}}}"#).unwrap();
        let written = auths(br#"{"auths":{"a":{},"b":{"auth":"YTpi","email":""}}}"#).unwrap();
        assert!(Difference::between(&given, &written).is_none());
        let other = auths(br#"{"auths":{"a":{},"b":{"auth":"YTpj"},"c":{}}}"#).unwrap();
        let difference = Difference::between(&given, &other);
        assert_eq!(difference.behind, ["b"]);
        assert_eq!(difference.beyond, ["c"]);
        for unreadable in ["", "[]", "{}", r#"{"auths":[]}"#, r#"{"Auths":{}}"#] {
            assert_eq!(auths(unreadable.as_bytes()), None, "{unreadable}");
        }
    }
}
