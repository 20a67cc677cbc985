//! JSON as Go's `encoding/json` takes it: bytes that are not UTF-8, half surrogates, names in
//! any case.
//!
//! serde_json knows the grammar, but wants text. So each byte of the content is one char,
//! U+0000 to U+00FF, while it is taken apart and put together again: whatever nobody changes
//! stays the bytes it was.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What Go puts in place of a byte that is not UTF-8, and of half a surrogate pair.
const REPLACEMENT: char = '\u{FFFD}';

/// JSON text, one char for each byte.
pub(crate) type Raw = Box<RawValue>;

/// Where content is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Line, from 1.
    pub line: usize,
    /// The byte in its line, from 1.
    pub column: usize,
}

/// Takes content for JSON, as it is.
pub(crate) fn parse(content: &[u8]) -> Result<Raw, SyntaxError> {
    // ASCII, as nearly all content is, is one byte a char already.
    let ascii = content.is_ascii().then(|| str::from_utf8(content).ok());
    let text: Cow<'_, str> = match ascii.flatten() {
        Some(text) => text.into(),
        None => content.iter().copied().map(char::from).collect(),
    };
    serde_json::from_str(&text).map_err(|error| {
        let line = text.lines().nth(error.line().saturating_sub(1));
        // serde_json counts two for a byte above 127.
        let before = |line: &str| {
            line.char_indices()
                .take_while(|(at, _)| *at < error.column())
                .count()
        };
        SyntaxError {
            line: error.line(),
            column: line.map_or(error.column(), before),
        }
    })
}

/// The bytes of JSON text.
pub(crate) fn bytes(raw: &RawValue) -> Vec<u8> {
    if raw.get().is_ascii() {
        return raw.get().as_bytes().to_vec();
    }
    // Every char is one byte: `parse` and `raw` see to it.
    raw.get().chars().map(|c| c as u8).collect()
}

/// The text of something that serde can write as JSON.
pub(crate) fn raw(value: &impl Serialize) -> Raw {
    // Only a map with keys that are no text could fail, and nothing here has those.
    let text = serde_json::to_vec(value).unwrap_or_default();
    parse(&text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Whether it is `null`, which Go leaves a field as it was for.
pub(crate) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// The text of a JSON string as Go reads it; `None` if it is no string.
pub(crate) fn text(raw: &RawValue) -> Option<String> {
    if let Some(text) = plain(raw) {
        return Some(text.to_owned());
    }
    let inner = bytes(raw);
    let inner = inner.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&first, after)) = rest.split_first() {
        rest = match first {
            b'\\' => escape(after, &mut text),
            ..0x80 => {
                text.push(first.into());
                after
            }
            _ => {
                let (c, length) = decode(rest);
                text.push(c);
                &rest[length..]
            }
        };
    }
    Some(text)
}

/// The text of a JSON string that stands there as it is: ASCII without escapes.
fn plain(raw: &RawValue) -> Option<&str> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    (inner.is_ascii() && !inner.contains('\\')).then_some(inner)
}

/// Reads what follows a backslash, and returns what follows that.
fn escape<'a>(after: &'a [u8], text: &mut String) -> &'a [u8] {
    let Some((&kind, rest)) = after.split_first() else {
        return after;
    };
    if kind != b'u' {
        text.push(match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            other => other.into(),
        });
        return rest;
    }
    let (unit, rest) = (hex(rest), rest.get(4..).unwrap_or_default());
    let low = rest.strip_prefix(b"\\u").map(hex);
    let pair = [Some(unit), low].into_iter().flatten();
    match char::decode_utf16(pair).next() {
        Some(Ok(c)) => {
            text.push(c);
            &rest[if c.len_utf16() == 2 { 6 } else { 0 }..]
        }
        _ => {
            text.push(REPLACEMENT);
            rest
        }
    }
}

/// The four hexadecimal digits that serde_json has found there.
fn hex(digits: &[u8]) -> u16 {
    let digits = digits
        .get(..4)
        .and_then(|digits| str::from_utf8(digits).ok());
    digits
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .unwrap_or(0)
}

/// The first char of bytes, and how many it takes; one byte that is not UTF-8 is one
/// replacement, where Rust would take several for one.
fn decode(bytes: &[u8]) -> (char, usize) {
    let longest = &bytes[..bytes.len().min(4)];
    let valid = match str::from_utf8(longest) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&longest[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid
        .chars()
        .next()
        .map_or((REPLACEMENT, 1), |c| (c, c.len_utf8()))
}

/// Whether Go takes a member for this field of a struct: letters in any case count, and so does
/// the long s, which folds to `s`.
pub(crate) fn names(member: &RawValue, field: &str) -> bool {
    if let Some(name) = plain(member) {
        return name.eq_ignore_ascii_case(field);
    }
    let folded = |c: char| match c {
        'ſ' => 's',
        other => other.to_ascii_lowercase(),
    };
    text(member).is_some_and(|name| name.chars().map(folded).eq(field.chars()))
}

/// An object's members in their order, repeated names included, names and values as they
/// were written.
#[derive(Clone, Default)]
pub(crate) struct Members(pub Vec<(Raw, Raw)>);

impl Members {
    /// Reads a value's text; `None` if it is no object.
    pub fn of(value: &RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    /// The values that Go would set one field to, one after the other; `null` leaves it.
    pub fn values<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a RawValue> {
        let members = self.0.iter().filter(move |(name, _)| names(name, field));
        members
            .map(|(_, value)| &**value)
            .filter(|value| !is_null(value))
    }

    /// The object's text.
    pub fn to_raw(&self) -> Raw {
        let members = self
            .0
            .iter()
            .map(|(name, value)| format!("{}:{}", name.get(), value.get()));
        let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> String {
        text(&parse(content).unwrap()).unwrap()
    }

    #[test]
    fn strings_are_read_as_go_reads_them() {
        assert_eq!(read(br#""a\u0062\n\/\"""#), "ab\n/\"");
        assert_eq!(read(b"\"M\xfcller\""), "M\u{FFFD}ller");
        // Three bytes of a sequence of four: one replacement for each.
        assert_eq!(read(b"\"\xf0\x9f\x92\""), "\u{FFFD}\u{FFFD}\u{FFFD}");
        assert_eq!(read("\"ü😀\"".as_bytes()), "ü😀");
        assert_eq!(
            read(br#""\ud83d\ude00 \ud83d \ude00\ud83d""#),
            "😀 \u{FFFD} \u{FFFD}\u{FFFD}"
        );
    }

    #[test]
    fn what_is_taken_apart_is_put_together_to_the_byte() {
        let content = b"{\"\xfc\\u00fc\":\"\xff\",\"\\ud800\":[1.50, 1e400]}";
        let members = Members::of(&parse(content).unwrap()).unwrap();
        assert_eq!(bytes(&members.to_raw()), content);
    }

    #[test]
    fn fields_are_named_in_any_case() {
        for name in ["auths", "Auths", "AUTHS", "authſ"] {
            assert!(names(&raw(&name), "auths"), "{name}");
        }
        assert!(!names(&raw(&"auth"), "auths"));
    }

    #[test]
    fn a_place_is_told_in_bytes() {
        let place = parse(b"{\n\"\xfc\xfc\": x}").unwrap_err();
        assert_eq!((place.line, place.column), (2, 7));
    }
}
