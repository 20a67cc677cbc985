//! Creating and changing objects.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::api::Api;
use super::apply::{self, Ownership};
use super::authn::{name_suffix, uid};
use super::kinds::Kind;
use super::patch::{by_name, go_printed, json_patch, merge_patch, strategic_patch};
use super::rbac::Attempt;
use super::request::{FieldValidation, Target, WriteOptions};
use super::schema::{conform, empty, read_only};
use super::status::{FieldError, Outcome, Status};
use super::store::{Object, text};
use super::{authn, namespaces, pods, rules};

/// How often a write is computed anew when somebody else was faster.
const ATTEMPTS: usize = 5;

/// How often a generated name is tried.
const NAMES: usize = 8;

/// One write under way.
pub(super) struct Write<'a> {
    pub(super) api: &'a Api,
    pub(super) kind: &'a Kind,
    pub(super) target: &'a Target,
    pub(super) user: &'a authn::User,
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

    /// Creates an object from a document.
    pub(super) fn create(&self, document: Value) -> Outcome<Arc<Object>> {
        let mut value = self.read(document)?;
        if !text(&value, "/metadata/resourceVersion").is_empty() {
            return Err(Status::internal(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        self.place(&mut value)?;
        apply::updated(
            &empty(&self.kind.ty),
            &mut value,
            &self.kind.ty,
            &self.ownership(),
        );
        self.insert(value)
    }

    /// Puts the namespace of the request into an object, which must not be in another.
    fn place(&self, value: &mut Value) -> Outcome<()> {
        let namespace = if self.kind.namespaced {
            self.target.namespace.as_str()
        } else {
            ""
        };
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

    /// Stores a new object, under a generated name where it asks for one.
    fn insert(&self, value: Value) -> Outcome<Arc<Object>> {
        let generate = text(&value, "/metadata/generateName").to_owned();
        let named = !text(&value, "/metadata/name").is_empty();
        for _ in 0..NAMES {
            let mut value = value.clone();
            if !named && !generate.is_empty() {
                let room: String = generate.chars().take(58).collect();
                set_metadata(
                    &mut value,
                    "name",
                    format!("{room}{}", name_suffix()).into(),
                );
            }
            match self.insert_named(value)? {
                Some(object) => return Ok(object),
                None if named => break,
                None => {}
            }
        }
        Err(Status::already_exists(
            self.kind,
            text(&value, "/metadata/name"),
        ))
    }

    /// `None` where the name is taken.
    fn insert_named(&self, mut value: Value) -> Outcome<Option<Arc<Object>>> {
        let name = text(&value, "/metadata/name").to_owned();
        if self.kind.namespaced {
            namespaces::admit(self.api, self.kind, &self.target.namespace, &name)?;
        }
        set_metadata(&mut value, "uid", uid().into());
        set_metadata(&mut value, "creationTimestamp", super::now().into());
        if self.kind.is_core("namespaces") {
            rules::default(self.kind, &mut value);
        }
        if self.kind.is_core("pods") {
            pods::admit(&self.api.store, &mut value)?;
        }
        rules::prepare_create(self.kind, &mut value);
        let errors = rules::errors(self.kind, &value, None);
        if !errors.is_empty() {
            return Err(Status::invalid(
                &self.kind.group,
                &self.kind.kind,
                &name,
                &errors,
            ));
        }
        let namespace = if self.kind.namespaced {
            self.target.namespace.as_str()
        } else {
            ""
        };
        let collection = self.api.store.collection(self.kind);
        if collection.get(namespace, &name).is_some() {
            return Ok(None);
        }
        // The version has its place among the fields before the store fills it in.
        set_metadata(&mut value, "resourceVersion", "0".into());
        let mut value = ordered(value, self.kind)?;
        if self.options.dry_run {
            if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.shift_remove("resourceVersion");
            }
            return Ok(Some(Arc::new(Object::new(value, 0))));
        }
        let Ok(object) = collection.put((namespace, &name), None, value) else {
            return Ok(None);
        };
        self.api.written(self.kind, &object);
        Ok(Some(object))
    }

    /// Replaces an object by a document.
    pub(super) fn update(&self, document: Value) -> Outcome<Arc<Object>> {
        let mut value = self.read(document)?;
        self.place(&mut value)?;
        let name = text(&value, "/metadata/name");
        if name != self.target.name {
            return Err(Status::bad_request(if name.is_empty() {
                "name must be provided".to_owned()
            } else {
                format!(
                    "the name of the object ({name}) does not match the name on the URL ({})",
                    self.target.name
                )
            }));
        }
        let given = text(&value, "/metadata/uid").to_owned();
        self.modify(|old| {
            let uid = text(&old.value, "/metadata/uid");
            if !given.is_empty() && given != uid {
                let (place, name) = (old.namespace(), &self.target.name);
                return Err(Status::uid_mismatch(self.kind, place, name, &given, uid));
            }
            let mut new = value.clone();
            keep_system_fields(&mut new, &old.value);
            apply::updated(&old.value, &mut new, &self.kind.ty, &self.ownership());
            Ok(new)
        })
    }

    /// Patches an object; server-side apply creates one that is not there.
    /// The answer's second part tells whether it did.
    pub(super) fn patch(
        &self,
        patch_type: PatchType,
        patch: &Value,
    ) -> Outcome<(Arc<Object>, bool)> {
        if patch_type == PatchType::Apply {
            return self.apply(patch);
        }
        let object = self.modify(|old| {
            let mut new = old.value.clone();
            match patch_type {
                PatchType::Json => {
                    json_patch(&mut new, patch).map_err(|failure| match failure {
                        super::patch::Failure::Malformed => Status::bad_request(
                            "error decoding patch: the patch is not a list of operations",
                        ),
                        super::patch::Failure::Impossible => Status::patch_failed(),
                    })?
                }
                PatchType::Strategic => {
                    strategic_patch(&mut new, patch.clone(), &self.kind.ty)
                        .map_err(Status::bad_request)?;
                }
                PatchType::Merge | PatchType::Apply => merge_patch(&mut new, patch.clone()),
            }
            let mut new = self.reread(new, |patched| match patch_type {
                PatchType::Strategic => go_printed(patch),
                _ => by_name(patched),
            })?;
            self.check_place(&new)?;
            keep_system_fields(&mut new, &old.value);
            apply::updated(&old.value, &mut new, &self.kind.ty, &self.ownership());
            Ok(new)
        })?;
        Ok((object, false))
    }

    fn apply(&self, config: &Value) -> Outcome<(Arc<Object>, bool)> {
        let mut config = self.applied_config(config)?;
        let force = self.options.force.unwrap_or_default();
        let who = self.ownership();
        let stored = |new: Value| -> Outcome<Value> {
            let conformed = conform(new, &self.kind.ty).map_err(Status::internal)?;
            let mut value = conformed.value;
            rules::default(self.kind, &mut value);
            Ok(value)
        };
        let namespace = if self.kind.namespaced {
            self.target.namespace.as_str()
        } else {
            ""
        };
        let collection = self.api.store.collection(self.kind);
        if collection.get(namespace, &self.target.name).is_none() {
            if !self.target.subresource.is_empty() {
                return Err(Status::not_found(self.kind, &self.target.name));
            }
            if let Some(fields) = config.get_mut("metadata").and_then(Value::as_object_mut)
                && fields.shift_remove("uid").is_some()
            {
                let why = "uid mismatch: the provided object specified a uid, and no existing object was found";
                return Err(Status::conflict(self.kind, &self.target.name, why));
            }
            self.api.require(
                self.user,
                &Attempt {
                    verb: "create".into(),
                    ..self.api.attempt("create", self.target)
                },
            )?;
            let value = apply::applied(&empty(&self.kind.ty), &config, &self.kind.ty, &who, force)?;
            return self.insert(stored(value)?).map(|object| (object, true));
        }
        let object = self.modify(|old| {
            let new = apply::applied(&old.value, &config, &self.kind.ty, &who, force)?;
            let mut new = stored(new)?;
            self.check_place(&new)?;
            keep_system_fields(&mut new, &old.value);
            Ok(new)
        })?;
        Ok((object, false))
    }

    /// Checks the document of a server-side apply.
    fn applied_config(&self, config: &Value) -> Outcome<Value> {
        if config
            .pointer("/metadata/managedFields")
            .is_some_and(|fields| !fields.is_null())
        {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        let (version, kind) = (text(config, "/apiVersion"), text(config, "/kind"));
        if kind != self.kind.kind || version.is_empty() {
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            return Err(Status::bad_request(format!(
                "invalid object type: {group}/{version}, Kind={kind}"
            )));
        }
        if version != self.kind.api_version() {
            return Err(Status::bad_request(format!(
                "Incorrect version specified in apply patch. Specified patch version: {version}, expected: {}",
                self.kind.api_version()
            )));
        }
        let conformed = read_only(config.clone(), &self.kind.ty).map_err(|why| {
            Status::internal(format!("failed to create typed patch object: {why}"))
        })?;
        if let Some(first) = conformed.unknown.first() {
            let (group, version, kind) = (&self.kind.group, &self.kind.version, &self.kind.kind);
            let place = format!("{}/{}", self.target.namespace, self.target.name);
            return Err(Status::internal(format!(
                "failed to create typed patch object ({place}; {group}/{version}, Kind={kind}): .{first}: field not declared in schema"
            )));
        }
        let mut config = conformed.value;
        self.place(&mut config)?;
        if text(&config, "/metadata/name").is_empty() {
            set_metadata(&mut config, "name", self.target.name.clone().into());
        }
        self.check_place(&config)?;
        Ok(config)
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

    /// Computes a change until it fits what is stored.
    fn modify(&self, change: impl Fn(&Object) -> Outcome<Value>) -> Outcome<Arc<Object>> {
        let namespace = if self.kind.namespaced {
            self.target.namespace.as_str()
        } else {
            ""
        };
        let collection = self.api.store.collection(self.kind);
        for _ in 0..ATTEMPTS {
            let Some(old) = collection.get(namespace, &self.target.name) else {
                return Err(Status::not_found(self.kind, &self.target.name));
            };
            let new = change(&old)?;
            if let Some(object) = self.replace(&old, new)? {
                return Ok(object);
            }
        }
        Err(Status::modified(self.kind, &self.target.name))
    }

    /// `None` where the object has changed in the meantime.
    fn replace(&self, old: &Arc<Object>, mut new: Value) -> Outcome<Option<Arc<Object>>> {
        let name = self.target.name.as_str();
        let seen = text(&new, "/metadata/resourceVersion");
        if seen.is_empty() && self.kind.custom {
            let why = "must be specified for an update";
            let error = FieldError::invalid("metadata.resourceVersion", "0", why);
            return Err(Status::invalid(
                &self.kind.group,
                &self.kind.plural,
                name,
                &[error],
            ));
        }
        if !seen.is_empty() && seen != old.version.to_string() {
            return Err(Status::modified(self.kind, name));
        }
        set_metadata(&mut new, "resourceVersion", old.version.to_string().into());
        rules::prepare_update(self.kind, &mut new, &old.value, &self.target.subresource);
        let errors = rules::errors(self.kind, &new, Some(&old.value));
        if !errors.is_empty() {
            return Err(Status::invalid(
                &self.kind.group,
                &self.kind.kind,
                name,
                &errors,
            ));
        }
        let collection = self.api.store.collection(self.kind);
        let place = (old.namespace(), name);
        let list_is_empty = |pointer: &str| {
            new.pointer(pointer)
                .and_then(Value::as_array)
                .is_none_or(Vec::is_empty)
        };
        let deleting = new.pointer("/metadata/deletionTimestamp").is_some();
        let held = self.kind.is_core("namespaces") && !list_is_empty("/spec/finalizers");
        if deleting && !held && list_is_empty("/metadata/finalizers") {
            let object = Arc::new(Object::new(new, old.version));
            if !self.options.dry_run {
                if collection.remove(place, old.version).is_err() {
                    return Ok(None);
                }
                self.api.removed(self.kind, &object);
            }
            return Ok(Some(object));
        }
        if apply::same_but_times(&old.value, &new) {
            return Ok(Some(Arc::clone(old)));
        }
        let new = ordered(new, self.kind)?;
        if self.options.dry_run {
            return Ok(Some(Arc::new(Object::new(new, old.version))));
        }
        let Ok(object) = collection.put(place, Some(old.version), new) else {
            return Ok(None);
        };
        self.api.written(self.kind, &object);
        Ok(Some(object))
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

/// Keeps what no update changes: when the object was made, and that it is being deleted.
fn keep_system_fields(new: &mut Value, old: &Value) {
    let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    for key in [
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
    ] {
        match old.pointer(&format!("/metadata/{key}")) {
            Some(value) => metadata.insert(key.into(), value.clone()),
            None => metadata.shift_remove(key),
        };
    }
    if metadata.get("uid").is_none()
        && let Some(uid) = old.pointer("/metadata/uid")
    {
        metadata.insert("uid".into(), uid.clone());
    }
}
