//! Answers, rendered the way Quay's own stack renders them.

use std::io;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// The `Content-Type` of pages Flask makes.
pub(super) const HTML: &str = "text/html; charset=utf-8";
/// The `Content-Type` of everything that is JSON on purpose.
pub(super) const JSON: &str = "application/json";

/// An answer before it becomes an HTTP response.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// 200 as flask-restful writes JSON: spaces after separators.
    pub(super) fn json(value: &Value) -> Self {
        Self::json_with(200, value)
    }

    pub(super) fn json_with(status: u16, value: &Value) -> Self {
        Self::new(status, JSON, render(value, Spaced) + "\n")
    }

    /// 200 as Flask's `jsonify` writes JSON: no spaces, keys sorted.
    pub(super) fn compact(value: &Value) -> Self {
        Self::compact_with(200, value)
    }

    pub(super) fn compact_with(status: u16, value: &Value) -> Self {
        Self::new(status, JSON, render(&sorted(value), Tight) + "\n")
    }

    pub(super) fn no_content() -> Self {
        Self::new(204, JSON, "")
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        for (name, value) in self.headers {
            // A value no header can hold comes from the request, and Quay would not echo it either.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// JSON as Python's `json.dumps` writes it by default.
pub(super) fn spaced(value: &Value) -> String {
    render(value, Spaced)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            let fields = fields.into_iter();
            let fields = fields.map(|(key, value)| (key.clone(), sorted(value)));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn render(value: &Value, formatter: impl Formatter) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, formatter);
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&out).into_owned(),
        Err(error) => error.to_string(),
    }
}

/// `json.dumps`: `", "` and `": "`, and nothing but ASCII.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        ascii(out, fragment)
    }
}

/// `json.dumps(separators=(",", ":"))`, ASCII only.
struct Tight;

impl Formatter for Tight {
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        CompactFormatter.begin_object_value(out)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        ascii(out, fragment)
    }
}

fn ascii<W: ?Sized + io::Write>(out: &mut W, text: &str) -> io::Result<()> {
    if text.is_ascii() {
        return out.write_all(text.as_bytes());
    }
    let mut units = [0; 2];
    for character in text.chars() {
        if character.is_ascii() {
            write!(out, "{character}")?;
            continue;
        }
        for unit in character.encode_utf16(&mut units) {
            write!(out, "\\u{unit:04x}")?;
        }
    }
    Ok(())
}
