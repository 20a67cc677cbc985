//! What form a request's body has, and what form its answer shall have.

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde_json::Value;

use super::go_json;
use super::schema::decode_protobuf;
use super::status::{Outcome, Status};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The object or list itself.
    Whole,
    /// Only its metadata.
    Metadata,
    /// Rows and columns, for people.
    Table,
}

const ACCEPTED: &[&str] = &["application/json"];
const BODIES: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
];

/// One alternative of an `Accept` header, with its `as` parameter.
pub(super) struct Alternative<'a> {
    pub(super) media: &'a str,
    pub(super) kind: &'a str,
    pub(super) group: &'a str,
    pub(super) version: &'a str,
}

/// The alternatives of the `Accept` header, in the order they are listed.
pub(super) fn alternatives(headers: &HeaderMap) -> Vec<Alternative<'_>> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept
        .unwrap_or("*/*")
        .split(',')
        .map(|one| {
            let mut parts = one.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let params: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
            let get = |name: &str| {
                let found = params.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| *value).unwrap_or_default()
            };
            Alternative {
                media,
                kind: get("as"),
                group: get("g"),
                version: get("v"),
            }
        })
        .collect()
}

fn is_json(media: &str) -> bool {
    matches!(media, "application/json" | "application/*" | "*/*" | "")
}

/// The form the client likes best among those there are for an object or a list.
///
/// # Errors
/// 406 where it likes none of them.
pub(super) fn form(headers: &HeaderMap, is_list: bool) -> Outcome<Form> {
    for alternative in alternatives(headers) {
        if !is_json(alternative.media) {
            continue;
        }
        let meta = alternative.group == "meta.k8s.io" && alternative.version == "v1";
        match alternative.kind {
            "" => return Ok(Form::Whole),
            "Table" if meta => return Ok(Form::Table),
            "PartialObjectMetadata" if meta && !is_list => return Ok(Form::Metadata),
            "PartialObjectMetadataList" if meta && is_list => return Ok(Form::Metadata),
            _ => {}
        }
    }
    Err(Status::not_acceptable(ACCEPTED))
}

/// The media type of the body, without parameters.
pub(super) fn content_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
}

/// Reads the body of a request that carries an object of a kind.
///
/// # Errors
/// 415 for a form nobody knows, 400 for a body that is not of its form.
pub(super) fn document(headers: &HeaderMap, body: &Bytes, kind: &str) -> Outcome<Value> {
    match content_type(headers) {
        "application/json" | "" => serde_json::from_slice(body).map_err(|error| {
            Status::bad_request(format!(
                "the object provided is unrecognized (must be of type {kind}): \
                 couldn't get version/kind; json parse error: {} ({})",
                go_json::syntax_error(body, &error),
                go_json::summary(body)
            ))
        }),
        "application/yaml" => yaml(body),
        "application/vnd.kubernetes.protobuf" => decode_protobuf(body).map_err(Status::bad_request),
        _ => Err(Status::unsupported_media_type(BODIES)),
    }
}

/// Reads YAML, and JSON, which is a kind of YAML.
///
/// # Errors
/// 400 where it is neither.
pub(super) fn yaml(body: &Bytes) -> Outcome<Value> {
    // JSON first: it is what kubectl sends, and cheaper to read.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let text = std::str::from_utf8(body).map_err(|error| Status::bad_request(error.to_string()))?;
    serde_yaml::from_str(text)
        .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))
}
