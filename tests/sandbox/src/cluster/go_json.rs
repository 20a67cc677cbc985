//! What Go's JSON decoder says about documents it cannot read.

use serde_json::value::RawValue;

/// Why this is not a JSON object; `None` when it is one, or `null`.
pub(super) fn map_error(bytes: &[u8]) -> Option<String> {
    // Go takes text that is not UTF-8, and half surrogates; so a char here is a byte, and what
    // is inside is not read.
    let text: String = bytes.iter().copied().map(char::from).collect();
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(raw) => go_name(raw.get()).map(|name| {
            format!("json: cannot unmarshal {name} into Go value of type map[string]interface {{}}")
        }),
        Err(error) => Some(syntax_error(bytes, &error)),
    }
}

/// The beginning of a document, as errors show it.
pub(super) fn summary(bytes: &[u8]) -> String {
    const SHOWN: usize = 30;
    let start = bytes.get(..SHOWN).unwrap_or(bytes);
    let shown = match bytes.first() {
        None => return "<empty>".to_owned(),
        Some(b'{') => String::from_utf8_lossy(start).into_owned(),
        Some(_) => start.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    if bytes.len() > SHOWN {
        format!("{shown} ...")
    } else {
        shown
    }
}

/// What Go calls a JSON value that is neither an object nor `null`.
fn go_name(value: &str) -> Option<&'static str> {
    match value.as_bytes().first()? {
        b'{' | b'n' => None,
        b't' | b'f' => Some("bool"),
        b'"' => Some("string"),
        b'[' => Some("array"),
        _ => Some("number"),
    }
}

/// What Go says about text that is no JSON.
pub(super) fn syntax_error(bytes: &[u8], error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = [
        (
            "key must be a string",
            "looking for beginning of object key string",
        ),
        ("expected `:`", "after object key"),
        ("expected `,` or `}`", "after object key:value pair"),
        ("expected `,` or `]`", "after array element"),
        ("trailing characters", "after top-level value"),
        (
            "trailing comma",
            "looking for beginning of object key string",
        ),
    ]
    .into_iter()
    .find(|(ours, _)| said.contains(ours))
    .map_or("looking for beginning of value", |(_, theirs)| theirs);
    let line = bytes
        .split(|byte| *byte == b'\n')
        .nth(error.line().saturating_sub(1));
    let at = line.and_then(|line| line.get(error.column().saturating_sub(1)));
    match at {
        Some(byte) if !error.is_eof() => {
            format!("invalid character {} {place}", quoted(char::from(*byte)))
        }
        _ => "unexpected end of JSON input".into(),
    }
}

fn quoted(char: char) -> String {
    match char {
        '\'' => r"'\''".into(),
        '"' => "'\"'".into(),
        other => format!("'{other}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::{map_error, summary};

    #[test]
    fn mistakes_are_described_as_go_does() {
        let error = |text: &str| map_error(text.as_bytes()).unwrap();
        assert_eq!(error(""), "unexpected end of JSON input");
        assert_eq!(error("{"), "unexpected end of JSON input");
        assert_eq!(
            error("x"),
            "invalid character 'x' looking for beginning of value"
        );
        assert_eq!(
            error("{\"a\":}"),
            "invalid character '}' looking for beginning of value"
        );
        assert_eq!(
            error("{a}"),
            "invalid character 'a' looking for beginning of object key string"
        );
        assert_eq!(error("{} x"), "invalid character 'x' after top-level value");
        assert_eq!(
            error("[]"),
            "json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
        assert_eq!(map_error(b"{\"auths\":{}}"), None);
        assert_eq!(map_error(b"{\"\\ud800\":\"\xfc\"}"), None);
    }

    #[test]
    fn what_is_no_object_is_summed_up_in_hexadecimal() {
        assert_eq!(summary(b"{\"a\""), "{\"a\"");
        assert_eq!(summary(b"ab"), "6162");
        assert_eq!(summary(b""), "<empty>");
    }
}
