//! Who owns which field: `metadata.managedFields`.

use serde_json::{Map, Value, json};

use super::fields::FieldSet;
use super::walk::difference;
use crate::cluster::schema::Type;
use crate::cluster::store::text;

/// Fields nobody owns.
const UNOWNED: &[&[&str]] = &[
    &["f:apiVersion"],
    &["f:kind"],
    &["f:metadata", "f:name"],
    &["f:metadata", "f:namespace"],
    &["f:metadata", "f:creationTimestamp"],
    &["f:metadata", "f:selfLink"],
    &["f:metadata", "f:uid"],
    &["f:metadata", "f:generation"],
    &["f:metadata", "f:managedFields"],
    &["f:metadata", "f:resourceVersion"],
];

/// On whose behalf a write happens.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Ownership {
    pub(in crate::cluster) manager: String,
    pub(in crate::cluster) api_version: String,
    pub(in crate::cluster) subresource: String,
    /// A top-level field this write cannot change: `status`, or `spec`.
    pub(in crate::cluster) ignored: Option<&'static str>,
    /// RFC 3339, whole seconds.
    pub(in crate::cluster) now: String,
}

impl Ownership {
    pub(super) fn owns(&self, mut set: FieldSet) -> FieldSet {
        for path in UNOWNED {
            set.cut(path);
        }
        if let Some(ignored) = self.ignored {
            set.cut(&[&format!("f:{ignored}")]);
        }
        // Every object has metadata; it is not something to own.
        if let Some(metadata) = set.children.get_mut("f:metadata") {
            metadata.member = false;
            if metadata.is_empty() {
                set.children.remove("f:metadata");
            }
        }
        set
    }
}

/// One entry of `managedFields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Managed {
    pub(super) manager: String,
    pub(super) operation: &'static str,
    pub(super) api_version: String,
    pub(super) subresource: String,
    pub(super) time: Option<String>,
    pub(super) set: FieldSet,
}

impl Managed {
    pub(super) fn is(&self, operation: &str, who: &Ownership) -> bool {
        self.operation == operation
            && self.manager == who.manager
            && self.subresource == who.subresource
            && (operation == "Apply" || self.api_version == who.api_version)
    }

    /// The entries of an object.
    pub(super) fn read(object: &Value) -> Vec<Self> {
        let entries = object
            .pointer("/metadata/managedFields")
            .and_then(Value::as_array);
        let entries = entries
            .into_iter()
            .flatten()
            .filter(|entry| entry.get("fieldsV1").is_some());
        entries
            .map(|entry| Self {
                manager: text(entry, "/manager").to_owned(),
                operation: if text(entry, "/operation") == "Apply" {
                    "Apply"
                } else {
                    "Update"
                },
                api_version: text(entry, "/apiVersion").to_owned(),
                subresource: text(entry, "/subresource").to_owned(),
                time: entry.get("time").and_then(Value::as_str).map(str::to_owned),
                set: FieldSet::from_json(entry.get("fieldsV1").unwrap_or(&Value::Null)),
            })
            .collect()
    }

    pub(super) fn write(mut entries: Vec<Self>, object: &mut Value) {
        entries.retain(|entry| !entry.set.is_empty());
        entries.sort_by(|one, other| {
            let key = |entry: &Self| {
                (
                    entry.operation,
                    entry.time.clone(),
                    entry.manager.clone(),
                    entry.subresource.clone(),
                )
            };
            key(one).cmp(&key(other))
        });
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
            return;
        };
        metadata.shift_remove("managedFields");
        if !entries.is_empty() {
            let entries: Vec<Value> = entries.iter().map(Self::to_json).collect();
            metadata.insert("managedFields".into(), Value::Array(entries));
        }
    }

    fn to_json(&self) -> Value {
        let mut entry = Map::new();
        let mut put = |key: &str, value: Value| entry.insert(key.to_owned(), value);
        put("manager", self.manager.clone().into());
        put("operation", self.operation.into());
        put("apiVersion", self.api_version.clone().into());
        if let Some(time) = &self.time {
            put("time", time.clone().into());
        }
        put("fieldsType", "FieldsV1".into());
        put("fieldsV1", self.set.to_json());
        if !self.subresource.is_empty() {
            put("subresource", self.subresource.clone().into());
        }
        Value::Object(entry)
    }
}

/// Writes into `new` who owns its fields after an update of `old` (empty for a new object).
pub(in crate::cluster) fn updated(old: &Value, new: &mut Value, ty: &Type, who: &Ownership) {
    let given = new
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array);
    let reset = given.is_some_and(|entries| *entries == [json!({})]);
    let mut entries = Managed::read(new);
    if entries.is_empty() && !reset {
        entries = Managed::read(old);
    }
    // Ownership that was not recorded from the beginning is not recorded until somebody applies.
    if entries.is_empty() && old.pointer("/metadata/uid").is_some() {
        Managed::write(entries, new);
        return;
    }
    let found = difference(old, new, ty);
    let mut taken = who.owns(found.added);
    taken.union(&who.owns(found.modified));
    for entry in &mut entries {
        entry.set.subtract(&taken);
        entry.set.subtract(&found.removed);
    }
    if !taken.is_empty() {
        match entries.iter_mut().find(|entry| entry.is("Update", who)) {
            Some(entry) => {
                entry.set.union(&taken);
                entry.time = Some(who.now.clone());
            }
            None => entries.push(Managed {
                manager: who.manager.clone(),
                operation: "Update",
                api_version: who.api_version.clone(),
                subresource: who.subresource.clone(),
                time: Some(who.now.clone()),
                set: taken,
            }),
        }
    }
    Managed::write(entries, new);
}

/// Whether two objects differ in nothing but the times of `managedFields`.
pub(in crate::cluster) fn same_but_times(old: &Value, new: &Value) -> bool {
    fn rest(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
        value
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != "metadata")
    }
    fn metadata(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
        let fields = value.get("metadata").and_then(Value::as_object);
        fields
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != "managedFields")
    }
    let timeless = |value: &Value| {
        let mut entries = Managed::read(value);
        for entry in &mut entries {
            entry.time = None;
        }
        entries
    };
    same(rest(old), rest(new))
        && same(metadata(old), metadata(new))
        && timeless(old) == timeless(new)
}

fn same<'a>(
    old: impl Iterator<Item = (&'a String, &'a Value)>,
    new: impl Iterator<Item = (&'a String, &'a Value)>,
) -> bool {
    let old: std::collections::BTreeMap<_, _> = old.collect();
    let new: std::collections::BTreeMap<_, _> = new.collect();
    old == new
}
