//! A request, taken apart the way nginx and Flask take it apart.

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Version, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::errors::Failure;

/// A request.
pub(super) struct Call {
    pub(super) method: Method,
    /// Decoded, with double slashes merged: `%2F` in a repository's name is a slash.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) http1: bool,
    /// The host the client called, which may be another name than SERVER_HOSTNAME.
    pub(super) host: Option<String>,
    /// Length of the request line over HTTP/1.1, without its line end.
    pub(super) line: usize,
}

/// The `Authorization` header.
pub(super) enum Authorization {
    None,
    Bearer(String),
    /// User and password.
    Basic(String, String),
    /// Anything else, also a Basic header that cannot be decoded.
    Unusable,
}

impl Call {
    pub(super) fn new(parts: Parts, body: Bytes) -> Self {
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
        let host = parts.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok());
        let authority = parts.uri.authority().map(Authority::as_str);
        Self {
            line: parts.method.as_str().len() + target.len() + " HTTP/1.1".len() + 1,
            path: merge_slashes(&path),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            http1: parts.version < Version::HTTP_2,
            host: authority.or(host).map(str::to_owned),
            method: parts.method,
            headers: parts.headers,
            body,
        }
    }

    pub(super) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first query parameter of that name.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A flag as reqparse's `truthy_bool` reads it.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.query(name)
            .map_or(default, |value| !matches!(value, "false" | "False" | "0"))
    }

    pub(super) fn authorization(&self) -> Authorization {
        let Some(value) = self.header(header::AUTHORIZATION) else {
            return Authorization::None;
        };
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Authorization::Bearer(rest.to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Authorization::Unusable;
        }
        let decoded = STANDARD.decode(rest).ok();
        let text = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        match text.as_deref().and_then(|text| text.split_once(':')) {
            Some((user, password)) => Authorization::Basic(user.into(), password.into()),
            None => Authorization::Unusable,
        }
    }

    /// The value of the session cookie, which has the CSRF token's name.
    pub(super) fn session_cookie(&self) -> Option<&str> {
        let cookies = self.header(header::COOKIE)?;
        let mut pairs = cookies.split(';').map(str::trim);
        pairs.find_map(|pair| pair.strip_prefix("_csrf_token="))
    }

    /// Fields of an `application/x-www-form-urlencoded` body.
    pub(super) fn form(&self, name: &str) -> Option<String> {
        let mut fields = form_urlencoded::parse(&self.body);
        fields
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    fn is_json(&self) -> bool {
        let content_type = self.header(header::CONTENT_TYPE).unwrap_or_default();
        content_type
            .split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    }

    /// A body the call cannot do without.
    pub(super) fn json(&self) -> Result<Value, Failure> {
        if !self.is_json() {
            return Err(Failure::not_json(false));
        }
        serde_json::from_slice(&self.body).map_err(|_| Failure::not_json(true))
    }

    /// A body the call ignores when it is missing, mislabelled or broken.
    pub(super) fn optional_json(&self) -> Option<Value> {
        if !self.is_json() {
            return None;
        }
        let value: Option<Value> = serde_json::from_slice(&self.body).ok();
        value.filter(|value| !value.is_null())
    }
}

fn merge_slashes(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !merged.ends_with('/') {
            merged.push(character);
        }
    }
    merged
}
