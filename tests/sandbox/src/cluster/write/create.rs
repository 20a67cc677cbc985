//! Creating objects.

use std::sync::Arc;

use serde_json::Value;

use super::{Write, ordered, set_metadata};
use crate::cluster::authn::{name_suffix, uid};
use crate::cluster::schema::empty;
use crate::cluster::status::{Outcome, Status};
use crate::cluster::store::{Object, text};
use crate::cluster::{apply, namespaces, now, pods, rules};

/// How often a generated name is tried.
const NAMES: usize = 8;

impl Write<'_> {
    /// Creates an object from a document.
    pub(in crate::cluster) fn create(&self, document: Value) -> Outcome<Arc<Object>> {
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

    /// Stores a new object, under a generated name where it asks for one.
    pub(super) fn insert(&self, value: Value) -> Outcome<Arc<Object>> {
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
        set_metadata(&mut value, "creationTimestamp", now().into());
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
        let namespace = self.namespace();
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
}
