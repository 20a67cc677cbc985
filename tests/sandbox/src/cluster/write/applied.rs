//! Server-side apply.

use std::sync::Arc;

use serde_json::Value;

use super::change::keep_system_fields;
use super::{Write, set_metadata};
use crate::cluster::schema::{conform, empty, read_only};
use crate::cluster::status::{Outcome, Status};
use crate::cluster::store::{Object, text};
use crate::cluster::{apply, rules};

impl Write<'_> {
    pub(super) fn apply(&self, config: &Value) -> Outcome<(Arc<Object>, bool)> {
        let mut config = self.applied_config(config)?;
        let force = self.options.force.unwrap_or_default();
        let who = self.ownership();
        let stored = |new: Value| -> Outcome<Value> {
            let conformed = conform(new, &self.kind.ty).map_err(Status::internal)?;
            let mut value = conformed.value;
            rules::default(self.kind, &mut value);
            Ok(value)
        };
        let namespace = self.namespace();
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
            let attempt = self.api.attempt("create", self.target);
            self.api.require(self.user, &attempt)?;
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
}
