//! Deleting objects, one or many.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::namespaces;
use super::schema::{Type, conform};
use super::selectors::Selector;
use super::status::{FieldError, Outcome, Status};
use super::store::{Object, text};
use super::write::Write;

/// What a deletion is answered with.
pub(super) enum Deleted {
    /// The object: it is still there, or its kind is always answered so.
    Object(Arc<Object>),
    /// A `Status` of success.
    Status(Value),
}

/// What the body of a DELETE asks for.
#[derive(Default)]
pub(super) struct DeleteOptions {
    /// A body decides alone: with one, the server does not read the query.
    pub(super) dry_run: Option<bool>,
    uid: Option<String>,
    version: Option<String>,
}

impl DeleteOptions {
    /// Reads the options; an empty body has none.
    ///
    /// # Errors
    /// 400 or 422 for options the API server does not know.
    pub(super) fn parse(body: Value) -> Outcome<Self> {
        if body.is_null() {
            return Ok(Self::default());
        }
        let options = conform(body, &Type::of_kind("DeleteOptions"))
            .map_err(Status::bad_request)?
            .value;
        let dry_run = options.get("dryRun").and_then(Value::as_array);
        if dry_run.into_iter().flatten().any(|value| value != "All") {
            let given = options
                .get("dryRun")
                .map(Value::to_string)
                .unwrap_or_default();
            let error = FieldError::not_supported("dryRun", &given, &["All"]);
            return Err(Status::invalid(
                "meta.k8s.io",
                "DeleteOptions",
                "",
                &[error],
            ));
        }
        let condition = |key: &str| {
            let value = options
                .pointer(&format!("/preconditions/{key}"))
                .and_then(Value::as_str);
            value.map(str::to_owned)
        };
        Ok(Self {
            dry_run: Some(dry_run.is_some_and(|list| !list.is_empty())),
            uid: condition("uid"),
            version: condition("resourceVersion"),
        })
    }

    fn check(&self, kind: &Kind, object: &Object) -> Outcome<()> {
        let of = |key: &str| text(&object.value, &format!("/metadata/{key}"));
        let differs = |wanted: &Option<String>, is: &str| {
            wanted.as_ref().filter(|wanted| *wanted != is).cloned()
        };
        if let Some(wanted) = differs(&self.uid, of("uid")) {
            let why = format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({}). The object might have been deleted and then recreated",
                of("uid")
            );
            return Err(Status::precondition(kind, object.name(), &why));
        }
        if let Some(wanted) = differs(&self.version, of("resourceVersion")) {
            let why = format!(
                "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({}). The object might have been modified",
                of("resourceVersion")
            );
            return Err(Status::precondition(kind, object.name(), &why));
        }
        Ok(())
    }
}

/// Kinds whose deletion is answered with the object.
const ANSWERED_WITH_OBJECT: &[&str] = &[
    "namespaces",
    "pods",
    "serviceaccounts",
    "services",
    "persistentvolumeclaims",
    "resourcequotas",
];

impl Write<'_> {
    /// Deletes the object of the request.
    pub(super) fn delete(&self, options: &DeleteOptions) -> Outcome<Deleted> {
        let namespace = if self.kind.namespaced {
            self.target.namespace.as_str()
        } else {
            ""
        };
        if self.kind.is_core("namespaces") {
            namespaces::admit_deletion(&self.target.name)?;
        }
        let collection = self.api.store.collection(self.kind);
        loop {
            let Some(object) = collection.get(namespace, &self.target.name) else {
                return Err(Status::not_found(self.kind, &self.target.name));
            };
            options.check(self.kind, &object)?;
            if let Some(left) =
                self.delete_seen(&object, options.dry_run.unwrap_or(self.options.dry_run))
            {
                let whole = self.kind.group.is_empty()
                    && ANSWERED_WITH_OBJECT.contains(&self.kind.plural.as_str());
                return Ok(match left {
                    Left::Held(object) => Deleted::Object(object),
                    Left::Nothing if whole => Deleted::Object(object),
                    Left::Nothing => Deleted::Status(success(self.kind, &object)),
                });
            }
        }
    }

    /// Deletes every object that is selected; answers what was there.
    pub(super) fn delete_collection(
        &self,
        selector: &Selector,
        options: &DeleteOptions,
    ) -> (Vec<Arc<Object>>, u64) {
        let namespace =
            (!self.target.namespace.is_empty()).then_some(self.target.namespace.as_str());
        let (mut objects, version) = self.api.store.collection(self.kind).list(namespace);
        objects.retain(|object| selector.matches(object));
        for object in &objects {
            // Whoever changes an object at this moment keeps it.
            drop(self.delete_seen(object, options.dry_run.unwrap_or(self.options.dry_run)));
        }
        (objects, version)
    }

    /// `None` where the object has changed since it was read.
    fn delete_seen(&self, object: &Arc<Object>, dry_run: bool) -> Option<Left> {
        let collection = self.api.store.collection(self.kind);
        let place = (object.namespace(), object.name());
        if namespaces::held(&object.value) {
            if dry_run
                || object
                    .value
                    .pointer("/metadata/deletionTimestamp")
                    .is_some()
            {
                return Some(Left::Held(Arc::clone(object)));
            }
            let marked = namespaces::marked(&object.value);
            let object = collection.put(place, Some(object.version), marked).ok()?;
            self.api.written(self.kind, &object);
            return Some(Left::Held(object));
        }
        if !dry_run {
            collection.remove(place, object.version).ok()?;
            self.api.removed(self.kind, object);
        }
        Some(Left::Nothing)
    }
}

enum Left {
    Held(Arc<Object>),
    Nothing,
}

fn success(kind: &Kind, object: &Object) -> Value {
    let mut details = Map::new();
    details.insert("name".into(), object.name().into());
    if !kind.group.is_empty() {
        details.insert("group".into(), kind.group.clone().into());
    }
    details.insert("kind".into(), kind.plural.clone().into());
    details.insert("uid".into(), text(&object.value, "/metadata/uid").into());
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
