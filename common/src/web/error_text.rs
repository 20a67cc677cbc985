//! What the body of a refusal says.

use serde_json::Value;

/// The text of an error body, in whichever of Quay's shapes: problem JSON
/// (`detail`), `message` (text, or an object of texts by field) or `error`.
pub(crate) fn problem_text(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = ["detail", "message", "error"]
        .iter()
        .find_map(|key| match value.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Object(fields) => {
                let (field, text) = fields.iter().next()?;
                Some(format!("{field}: {}", text.as_str()?))
            }
            _ => None,
        })?;
    Some(first_line(text.as_bytes()))
}

/// The text of any error body: Quay's own, or the first line of whatever it is.
pub(crate) fn error_text(body: &[u8]) -> String {
    problem_text(body).unwrap_or_else(|| first_line(body))
}

/// The first line of a text body, at most 200 characters; a page is not quoted.
pub(crate) fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start();
    if text.starts_with('<') {
        return "an HTML page".to_owned();
    }
    let line: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    if line.is_empty() {
        "an empty body".to_owned()
    } else {
        line
    }
}
