//! Creating and changing objects.

mod applied;
mod change;
mod create;

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::api::Api;
use super::apply::Ownership;
use super::authn::User;
use super::kinds::Kind;
use super::request::{FieldValidation, Target, WriteOptions};
use super::rules;
use super::schema::conform;
use super::status::{FieldError, Outcome, Status};
use super::store::text;

/// One write under way.
pub(super) struct Write<'a> {
    pub(super) api: &'a Api,
    pub(super) kind: &'a Kind,
    pub(super) target: &'a Target,
    pub(super) user: &'a User,
    pub(super) options: WriteOptions,
    /// Texts for `Warning` headers.
    pub(super) warnings: RefCell<Vec<String>>,
}

/// How a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatchType {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Write<'_> {
    /// The namespace of the object; "" for a kind of the whole cluster.
    fn namespace(&self) -> &str {
        if self.kind.namespaced {
            &self.target.namespace
        } else {
            ""
        }
    }

    fn ownership(&self) -> Ownership {
        let ignored = match self.target.subresource.as_str() {
            "" if self.kind.has("status") => Some("status"),
            "status" => Some("spec"),
            _ => None,
        };
        Ownership {
            manager: self.options.manager.clone(),
            api_version: self.kind.api_version(),
            subresource: self.target.subresource.clone(),
            ignored,
            now: super::now(),
        }
    }

    /// Reads a document that was sent as a whole.
    fn read(&self, value: Value) -> Outcome<Value> {
        let (kind, version) = (
            text(&value, "/kind").to_owned(),
            text(&value, "/apiVersion").to_owned(),
        );
        let expected = self.kind.api_version();
        let mut value = value;
        if let Some(fields) = value.as_object_mut() {
            if kind.is_empty() {
                fields.insert("kind".into(), self.kind.kind.clone().into());
            }
            if version.is_empty() {
                fields.insert("apiVersion".into(), expected.clone().into());
            }
        }
        let cannot = |why: &str| {
            let of = &self.kind.kind;
            let kind = if kind.is_empty() { of } else { &kind };
            let version = version
                .rsplit('/')
                .next()
                .filter(|version| !version.is_empty());
            let version = version.unwrap_or(&self.kind.version);
            Status::bad_request(format!(
                "{kind} in version {version:?} cannot be handled as a {of}: {why}"
            ))
        };
        if !kind.is_empty() && kind != self.kind.kind {
            let (version, internal) = (
                version.rsplit('/').next().unwrap_or_default(),
                self.kind.internal_group(),
            );
            let why = format!(
                "converting ({version}.{kind}) to ({internal}.{}): unknown conversion",
                self.kind.kind
            );
            return Err(cannot(&why));
        }
        if !version.is_empty() && version != expected {
            return Err(Status::bad_request(format!(
                "the API version in the data ({version}) does not match the expected API version ({expected})"
            )));
        }
        let conformed = conform(value, &self.kind.ty).map_err(|why| cannot(&why))?;
        if let Some(why) = self.strictness(&conformed.unknown) {
            return Err(cannot(&why));
        }
        let mut value = conformed.value;
        rules::default(self.kind, &mut value);
        Ok(value)
    }

    /// What to refuse unknown fields with; with `Warn` they end up in the warnings.
    fn strictness(&self, unknown: &[String]) -> Option<String> {
        if unknown.is_empty() || self.options.validation == FieldValidation::Ignore {
            return None;
        }
        let each: Vec<String> = unknown
            .iter()
            .map(|path| format!("unknown field {path:?}"))
            .collect();
        if self.options.validation == FieldValidation::Warn {
            self.warnings.borrow_mut().extend(each);
            return None;
        }
        Some(format!("strict decoding error: {}", each.join(", ")))
    }

    /// The same for a patched object; `shown` is what errors quote.
    fn reread(&self, patched: Value, shown: impl Fn(&Value) -> String) -> Outcome<Value> {
        let invalid = |why: &str| {
            let shown = serde_json::to_string(&shown(&patched)).unwrap_or_default();
            Status::invalid("", "", "", &[FieldError::invalid("patch", &shown, why)])
        };
        let conformed = conform(patched.clone(), &self.kind.ty).map_err(|why| invalid(&why))?;
        if let Some(why) = self.strictness(&conformed.unknown) {
            return Err(invalid(&why));
        }
        let mut value = conformed.value;
        rules::default(self.kind, &mut value);
        Ok(value)
    }

    /// Puts the namespace of the request into an object, which must not be in another.
    fn place(&self, value: &mut Value) -> Outcome<()> {
        let namespace = self.namespace();
        let given = text(value, "/metadata/namespace");
        if !given.is_empty() && given != namespace {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        if let Some(fields) = value.as_object_mut() {
            let metadata = fields
                .entry("metadata")
                .or_insert_with(|| Value::Object(Map::new()));
            if let Some(metadata) = metadata.as_object_mut()
                && !namespace.is_empty()
            {
                metadata.insert("namespace".into(), namespace.into());
            }
        }
        Ok(())
    }

    fn check_place(&self, new: &Value) -> Outcome<()> {
        let name = text(new, "/metadata/name");
        if name != self.target.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                self.target.name
            )));
        }
        self.place(&mut new.clone())
    }
}

/// Fields in the order the API server writes them.
fn ordered(value: Value, kind: &Kind) -> Outcome<Value> {
    conform(value, &kind.ty)
        .map(|conformed| conformed.value)
        .map_err(Status::internal)
}

fn set_metadata(object: &mut Value, key: &str, value: Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert(key.to_owned(), value);
    }
}
