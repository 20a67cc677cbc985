//! Go's `filepath.Match` (Linux) for one label of a host.

use super::json::decode;

/// A pattern that is malformed: Go says so, and the kubelet then takes it for no match.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadPattern;

/// Whether all of `name` matches: `*` any text, `?` one char, `[a-c]` `[^a]` one of a class,
/// `\` takes the next char as it is.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> Result<bool, BadPattern> {
    let (mut pattern, mut name) = (pattern, name);
    while !pattern.is_empty() {
        let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
        let (chunk, rest) = pattern[stars..].split_at(chunk_length(&pattern[stars..]));
        pattern = rest;
        if stars > 0 && chunk.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        let last = pattern.is_empty();
        let skips = match stars {
            0 => 0,
            _ => name.iter().take_while(|byte| **byte != b'/').count(),
        };
        let mut found = None;
        for skip in 0..=skips {
            let rest = match_chunk(chunk, &name[skip..])?;
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || !last) {
                found = Some(rest);
                break;
            }
        }
        match found {
            Some(rest) => name = rest,
            None => return Ok(false),
        }
    }
    Ok(name.is_empty())
}

/// The part of a pattern before its next star.
fn chunk_length(pattern: &[u8]) -> usize {
    let mut in_class = false;
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => return at,
            _ => {}
        }
        at += 1;
    }
    pattern.len()
}

/// What follows in `name` after what the chunk matched; `None` if it does not match.
fn match_chunk<'a>(chunk: &[u8], name: &'a [u8]) -> Result<Option<&'a [u8]>, BadPattern> {
    let mut chunk = chunk;
    // A chunk that failed is read to its end: it may still be malformed.
    let mut left = Some(name);
    while let Some((&first, rest)) = chunk.split_first() {
        left = left.filter(|left| !left.is_empty());
        match first {
            b'[' => {
                let (c, after) = match left {
                    Some(name) => {
                        let (c, length) = decode(name);
                        (c, Some(&name[length..]))
                    }
                    None => ('\0', None),
                };
                let (within, rest) = match_class(rest, c)?;
                left = after.filter(|_| within);
                chunk = rest;
            }
            b'?' => {
                left = left
                    .filter(|name| name[0] != b'/')
                    .map(|name| &name[decode(name).1..]);
                chunk = rest;
            }
            _ => {
                let (literal, rest) = match first {
                    b'\\' => rest
                        .split_first()
                        .map(|(next, rest)| (*next, rest))
                        .ok_or(BadPattern)?,
                    _ => (first, rest),
                };
                left = left.and_then(|name| name.strip_prefix(&[literal]));
                chunk = rest;
            }
        }
    }
    Ok(left)
}

/// Whether `c` is in the class that begins here, and what follows the class.
fn match_class(class: &[u8], c: char) -> Result<(bool, &[u8]), BadPattern> {
    let (negated, mut class) = match class.strip_prefix(b"^") {
        Some(class) => (true, class),
        None => (false, class),
    };
    let (mut within, mut empty) = (false, true);
    loop {
        if let Some(rest) = class.strip_prefix(b"]").filter(|_| !empty) {
            return Ok((within != negated, rest));
        }
        let (low, rest) = class_char(class)?;
        let (high, rest) = match rest.strip_prefix(b"-") {
            Some(rest) => class_char(rest)?,
            None => (low, rest),
        };
        within |= (low..=high).contains(&c);
        empty = false;
        class = rest;
    }
}

/// One char of a class, perhaps behind a backslash; something has to follow it.
fn class_char(class: &[u8]) -> Result<(char, &[u8]), BadPattern> {
    if matches!(class.first(), None | Some(b'-' | b']')) {
        return Err(BadPattern);
    }
    let class = class.strip_prefix(b"\\").unwrap_or(class);
    let (c, length) = decode(class);
    let invalid = c == char::REPLACEMENT_CHARACTER && length == 1;
    let rest = class
        .get(length..)
        .filter(|rest| !rest.is_empty() && !invalid);
    Ok((c, rest.ok_or(BadPattern)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_match_as_in_go() {
        for (pattern, name, expected) in [
            ("*", "quay", Ok(true)),
            ("", "", Ok(true)),
            ("q*y", "quay", Ok(true)),
            ("q*a", "quay", Ok(false)),
            ("q?ay", "quay", Ok(true)),
            ("[p-r]uay", "quay", Ok(true)),
            ("[^p-r]uay", "quay", Ok(false)),
            ("qua\\y", "quay", Ok(true)),
            ("*a*", "quay", Ok(true)),
            ("[", "quay", Err(BadPattern)),
            ("x[", "quay", Err(BadPattern)),
            ("[]a]", "]", Err(BadPattern)),
            ("[-]", "-", Err(BadPattern)),
            ("[\\-]", "-", Ok(true)),
            ("quay\\", "quay", Err(BadPattern)),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern}"
            );
        }
    }
}
