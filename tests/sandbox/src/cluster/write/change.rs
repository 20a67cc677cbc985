//! Replacing and patching objects.

use std::sync::Arc;

use serde_json::Value;

use super::{PatchType, Write, ordered, set_metadata};
use crate::cluster::patch::{
    Failure, by_name, go_printed, json_patch, merge_patch, strategic_patch,
};
use crate::cluster::status::{FieldError, Outcome, Status};
use crate::cluster::store::{Object, text};
use crate::cluster::{apply, rules};

/// How often a write is computed anew when somebody else was faster.
const ATTEMPTS: usize = 5;

impl Write<'_> {
    /// Replaces an object by a document.
    pub(in crate::cluster) fn update(&self, document: Value) -> Outcome<Arc<Object>> {
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
    pub(in crate::cluster) fn patch(
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
                        Failure::Malformed => Status::bad_request(
                            "error decoding patch: the patch is not a list of operations",
                        ),
                        Failure::Impossible => Status::patch_failed(),
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

    /// Computes a change until it fits what is stored.
    pub(super) fn modify(
        &self,
        change: impl Fn(&Object) -> Outcome<Value>,
    ) -> Outcome<Arc<Object>> {
        let namespace = self.namespace();
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

/// Keeps what no update changes: when the object was made, and that it is being deleted.
pub(super) fn keep_system_fields(new: &mut Value, old: &Value) {
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
