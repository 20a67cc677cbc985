//! What an edit left alone is the bytes it was: found by a scanner that knows none of this
//! project's rules but which members may change.

use super::edit::Edited;
use quay_common::kubelet::Format;

type Member<'a> = (&'a [u8], &'a [u8]);

/// What changed that nobody asked for. A member's name that is no text to Unicode ends the
/// search: which entry it is cannot be said here.
pub fn strays(format: Format, before: &[u8], after: &[u8], edited: &Edited) -> Option<String> {
    match format {
        Format::DockerCfg => entries(before, after, edited),
        Format::DockerConfigJson => roots(before, after, edited),
    }
}

fn roots(before: &[u8], after: &[u8], edited: &Edited) -> Option<String> {
    let (before, after) = (members(before), members(after));
    for (at, (name, was)) in before.iter().enumerate() {
        let Some((same, is)) = after.get(at) else {
            return Some(format!("{} is gone", shown(name)));
        };
        if same != name {
            return Some(format!("{} became {}", shown(name), shown(same)));
        }
        if was == is {
            continue;
        }
        if !is_field(name, "auths") {
            return Some(format!("{} changed", shown(name)));
        }
        if let Some(stray) = entries(was, is, edited) {
            return Some(stray);
        }
    }
    match after.get(before.len()..).unwrap_or_default() {
        [] => None,
        [(name, added)] if *name == b"\"auths\"" => entries(b"{}", added, edited),
        more => Some(format!("{} members were added", more.len())),
    }
}

/// The same for one object of entries.
fn entries(before: &[u8], after: &[u8], edited: &Edited) -> Option<String> {
    let mut left = &members(after)[..];
    for (name, was) in members(before) {
        let edit = edited.get(&text(name)?);
        if edit == Some(&None) {
            continue;
        }
        let Some(((same, is), rest)) = left.split_first() else {
            return Some(format!("the entry {} is gone", shown(name)));
        };
        if *same != name {
            return Some(format!("the entry {} became {}", shown(name), shown(same)));
        }
        let stray = match edit {
            Some(_) => fields(was, is),
            None => (was != *is).then(|| format!("the entry {} changed", shown(name))),
        };
        if stray.is_some() {
            return stray;
        }
        left = rest;
    }
    let mut added = left.iter().filter(|(name, _)| {
        let key = text(name);
        !key.is_some_and(|key| edited.get(&key).is_some_and(Option::is_some))
    });
    let stray = added.next();
    stray.map(|(name, _)| format!("the entry {} was added", shown(name)))
}

/// The same for an entry that was set: what is no credential stays.
fn fields(before: &[u8], after: &[u8]) -> Option<String> {
    let credential = ["auth", "username", "password"];
    let is_credential =
        |(name, _): &Member<'_>| credential.iter().any(|field| is_field(name, field));
    // An `email` that is no text would make a kubelet refuse the new credential.
    let is_broken = |(name, value): &Member<'_>| is_field(name, "email") && !is_text_or_null(value);
    let (was, is) = (members(before), members(after));
    let others = |members: &[Member<'_>]| -> Vec<Vec<u8>> {
        let others = members
            .iter()
            .filter(|member| !is_credential(member) && !is_broken(member));
        others
            .map(|(name, value)| [name, &b":"[..], value].concat())
            .collect()
    };
    (others(&was) != others(&is)).then(|| {
        format!(
            "an entry's other fields changed: {} to {}",
            shown(before),
            shown(after)
        )
    })
}

fn is_text_or_null(value: &[u8]) -> bool {
    value == b"null" || value.starts_with(b"\"")
}

fn is_field(name: &[u8], field: &str) -> bool {
    let text = text(name).unwrap_or_default();
    text.replace('\u{17f}', "s").eq_ignore_ascii_case(field)
}

/// A JSON string's text, one U+FFFD for each byte that is not UTF-8.
fn text(string: &[u8]) -> Option<String> {
    let mut utf8 = String::new();
    for chunk in string.utf8_chunks() {
        utf8.push_str(chunk.valid());
        utf8.extend(chunk.invalid().iter().map(|_| '\u{FFFD}'));
    }
    serde_json::from_str(&utf8).ok()
}

/// An object's members; none of what is no object.
fn members(json: &[u8]) -> Vec<Member<'_>> {
    let mut scanner = Scanner(json.trim_ascii());
    let mut members = Vec::new();
    if scanner.next_is(b'{') {
        while let Some(name) = scanner.value() {
            scanner.next_is(b':');
            let Some(value) = scanner.value() else { break };
            members.push((name, value));
            if !scanner.next_is(b',') {
                break;
            }
        }
    }
    members
}

/// What is left of JSON that is known to be well formed.
struct Scanner<'a>(&'a [u8]);

impl<'a> Scanner<'a> {
    fn next_is(&mut self, wanted: u8) -> bool {
        self.0 = self.0.trim_ascii_start();
        let is = self.0.first() == Some(&wanted);
        if is {
            self.0 = &self.0[1..];
        }
        is
    }

    fn value(&mut self) -> Option<&'a [u8]> {
        self.0 = self.0.trim_ascii_start();
        let length = match self.0.first()? {
            b'"' => string(self.0),
            b'{' | b'[' => nested(self.0),
            b'}' | b']' => return None,
            _ => {
                let ends =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                self.0.iter().position(ends).unwrap_or(self.0.len())
            }
        };
        let (value, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(value)
    }
}

/// How long the string at the beginning is.
fn string(json: &[u8]) -> usize {
    let mut at = 1;
    while at < json.len() && json[at] != b'"' {
        at += if json[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(json.len())
}

/// How long the object or list at the beginning is.
fn nested(json: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < json.len() {
        match json[at] {
            b'"' => {
                at += string(&json[at..]);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
