//! Errors, as the `Status` objects the API server answers with.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::kinds::Kind;

/// What a request ends in when it fails.
#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) message: String,
    details: Option<Box<Map<String, Value>>>,
}

/// The answer, or the failure.
pub(super) type Outcome<T> = Result<T, Status>;

/// The message of a stale `resourceVersion`.
const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

impl Status {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
        }
    }

    /// Adds `details` naming an object of a resource; an empty name is left out.
    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.details = Some(Box::new(details(name, &kind.group, &kind.plural)));
        self
    }

    pub(super) fn with_causes(mut self, causes: Vec<Value>) -> Self {
        self.details
            .get_or_insert_default()
            .insert("causes".into(), Value::Array(causes));
        self
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(super) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", kind.qualified());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    /// The namespace of a request does not exist.
    pub(super) fn no_namespace(name: &str) -> Self {
        let mut status = Self::new(404, "NotFound", format!("namespaces {name:?} not found"));
        status.details = Some(Box::new(details(name, "", "namespaces")));
        status
    }

    /// What a path that leads nowhere within a known resource is answered with.
    pub(super) fn unknown_path() -> Self {
        let mut status = Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
        status.details = Some(Box::default());
        status
    }

    pub(super) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    pub(super) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: {why}",
            kind.qualified()
        );
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// A replacement for an object that has another uid.
    pub(super) fn uid_mismatch(
        kind: &Kind,
        namespace: &str,
        name: &str,
        wanted: &str,
        is: &str,
    ) -> Self {
        let place = [kind.plural.as_str(), namespace, name];
        let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}, ResourceVersion: 0, AdditionalErrorMsg: \
             Precondition failed: UID in precondition: {wanted}, UID in object meta: {is}",
            place.join("/")
        );
        Self::conflict(kind, name, &why)
    }

    /// A deletion of an object that is not the one meant.
    pub(super) fn precondition(kind: &Kind, name: &str, why: &str) -> Self {
        let of_group = qualified(&kind.kind, &kind.group);
        let message = format!("Operation cannot be fulfilled on {of_group} {name:?}: {why}");
        let mut status = Self::new(409, "Conflict", message);
        status.details = Some(Box::new(details(name, &kind.group, &kind.kind)));
        status
    }

    pub(super) fn modified(kind: &Kind, name: &str) -> Self {
        Self::conflict(kind, name, MODIFIED)
    }

    pub(super) fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let of_group = qualified(resource, group);
        let message = if resource.is_empty() {
            format!("forbidden: {why}")
        } else if name.is_empty() {
            format!("{of_group} is forbidden: {why}")
        } else {
            format!("{of_group} {name:?} is forbidden: {why}")
        };
        let mut status = Self::new(403, "Forbidden", message);
        status.details = Some(Box::new(details(name, group, resource)));
        status
    }

    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(super) fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// A patch in a form no resource takes.
    pub(super) fn unknown_media_type() -> Self {
        let mut status = Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
        status.details = Some(Box::default());
        status
    }

    pub(super) fn not_acceptable(accepted: &[&str]) -> Self {
        let message = format!(
            "only the following media types are accepted: {}",
            accepted.join(", ")
        );
        Self::new(406, "NotAcceptable", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let mut status = Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        status.details = Some(Box::default());
        status
    }

    pub(super) fn too_large(message: &str) -> Self {
        let message = format!("Request entity too large: {message}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// A failure the API server has no better name for.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// A JSON patch that cannot be applied.
    pub(super) fn patch_failed() -> Self {
        let mut status = Self::new(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
        );
        status.details = Some(Box::default());
        status
    }

    /// An object that breaks the rules of its kind.
    pub(super) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let mut said: Vec<String> = Vec::new();
        for error in errors {
            let text = error.to_string();
            if !said.contains(&text) {
                said.push(text);
            }
        }
        let joined = match said.as_slice() {
            [one] => one.clone(),
            more => format!("[{}]", more.join(", ")),
        };
        let message = format!("{} {name:?} is invalid: {joined}", qualified(kind, group));
        let mut status = Self::new(422, "Invalid", message);
        status.details = Some(Box::new(details(name, group, kind)));
        status.with_causes(errors.iter().map(FieldError::cause).collect())
    }

    /// The `Status` object.
    pub(super) fn body(&self) -> Value {
        let mut body =
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"});
        if let Some(fields) = body.as_object_mut() {
            fields.insert("message".into(), self.message.clone().into());
            if !self.reason.is_empty() {
                fields.insert("reason".into(), self.reason.into());
            }
            if let Some(details) = &self.details {
                fields.insert("details".into(), Value::Object((**details).clone()));
            }
            fields.insert("code".into(), self.code.into());
        }
        body
    }

    pub(super) fn response(&self) -> Response<Body> {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json_response(code, &self.body())
    }
}

/// An answer of one JSON document.
pub(super) fn json_response(code: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{body}\n")));
    *response.status_mut() = code;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// `resource.group`, or `resource` alone for the core group.
pub(super) fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}.{group}")
    }
}

fn details(name: &str, group: &str, kind: &str) -> Map<String, Value> {
    [("name", name), ("group", group), ("kind", kind)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}

/// One rule an object breaks.
#[derive(Clone, Debug)]
pub(super) struct FieldError {
    field: String,
    reason: &'static str,
    body: String,
}

impl FieldError {
    /// `value` is shown as it is: quote text, print numbers plainly.
    pub(super) fn invalid(field: impl Into<String>, value: &str, detail: &str) -> Self {
        Self::of(
            field,
            "FieldValueInvalid",
            format!("Invalid value: {value}"),
            detail,
        )
    }

    pub(super) fn required(field: impl Into<String>, detail: &str) -> Self {
        Self::of(field, "FieldValueRequired", "Required value".into(), detail)
    }

    pub(super) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self::of(field, "FieldValueForbidden", "Forbidden".into(), detail)
    }

    pub(super) fn too_long(field: impl Into<String>, bytes: usize) -> Self {
        let detail = format!("may not be more than {bytes} bytes");
        Self::of(field, "FieldValueTooLong", "Too long".into(), &detail)
    }

    /// `value` is shown as it is.
    pub(super) fn not_supported(field: impl Into<String>, value: &str, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|name| format!("{name:?}")).collect();
        Self::of(
            field,
            "FieldValueNotSupported",
            format!("Unsupported value: {value}"),
            &format!("supported values: {}", known.join(", ")),
        )
    }

    /// Field and text, for the few places that say what the API server says elsewhere.
    fn of(field: impl Into<String>, reason: &'static str, what: String, detail: &str) -> Self {
        let body = if detail.is_empty() {
            what
        } else {
            format!("{what}: {detail}")
        };
        Self {
            field: field.into(),
            reason,
            body,
        }
    }

    fn cause(&self) -> Value {
        json!({"reason": self.reason, "message": self.body, "field": self.field})
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.field, self.body)
    }
}
