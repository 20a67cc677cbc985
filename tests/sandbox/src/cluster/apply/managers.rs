//! Who owns which field: `metadata.managedFields` after an update or an apply.

use serde_json::{Map, Value, json};

use super::fields::FieldSet;
use super::walk::{difference, fields_of, merged, with_named_fields, without};
use crate::cluster::schema::{Type, empty};
use crate::cluster::status::Status;
use crate::cluster::store::text;

/// Who is said to own what was there when an object is applied to for the first time.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

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
    fn owns(&self, mut set: FieldSet) -> FieldSet {
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
pub(in crate::cluster) struct Managed {
    manager: String,
    operation: &'static str,
    api_version: String,
    subresource: String,
    time: Option<String>,
    set: FieldSet,
}

impl Managed {
    fn is(&self, operation: &str, who: &Ownership) -> bool {
        self.operation == operation
            && self.manager == who.manager
            && self.subresource == who.subresource
            && (operation == "Apply" || self.api_version == who.api_version)
    }

    /// The entries of an object.
    fn read(object: &Value) -> Vec<Self> {
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

    fn write(mut entries: Vec<Self>, object: &mut Value) {
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

/// The object after `config` is applied to `old` by `who`, ownership included.
///
/// # Errors
/// 409 when others own fields that would change, unless `force` takes them.
pub(in crate::cluster) fn applied(
    old: &Value,
    config: &Value,
    ty: &Type,
    who: &Ownership,
    force: bool,
) -> Result<Value, Status> {
    let mut result = match lay_over(old, config, ty, who, force) {
        Ok(result) => result,
        // kubectl takes over what it has applied from the client before.
        Err(conflicts) if who.manager == "kubectl" => {
            let own = last_applied_fields(old, ty);
            let left: Vec<_> = conflicts
                .into_iter()
                .map(|(entry, mut set)| {
                    set.subtract(&own);
                    (entry, set)
                })
                .filter(|(_, set)| !set.is_empty())
                .collect();
            if !left.is_empty() {
                return Err(conflict(&left));
            }
            lay_over(old, config, ty, who, true).map_err(|conflicts| conflict(&conflicts))?
        }
        Err(conflicts) => return Err(conflict(&conflicts)),
    };
    if who.manager == "kubectl"
        && let Some(annotation) = result.pointer_mut(&format!(
            "/metadata/annotations/{}",
            LAST_APPLIED.replace('/', "~1")
        ))
    {
        *annotation = format!("{}\n", sorted(config)).into();
    }
    Ok(result)
}

fn lay_over(
    old: &Value,
    config: &Value,
    ty: &Type,
    who: &Ownership,
    force: bool,
) -> Result<Value, Vec<(Managed, FieldSet)>> {
    let mut entries = Managed::read(old);
    let own = entries
        .iter()
        .position(|entry| entry.is("Apply", who))
        .map(|at| entries.remove(at));
    if entries.is_empty() && own.is_none() {
        entries.extend(before_first_apply(old, ty, who));
    }
    let mut old = old.clone();
    if let Some(metadata) = old.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    let applied = fields_of(config, ty);
    let mut new = merged(old.clone(), config.clone(), ty);
    if let Some(own) = &own {
        let mut owned = applied.clone();
        for entry in &entries {
            owned.union(&entry.set);
        }
        new = pruned(new, &own.set, &owned, ty);
    }
    let found = difference(&old, &new, ty);
    let mut changed = found.added;
    changed.union(&found.modified);
    let mut conflicts = Vec::new();
    for entry in &mut entries {
        let lost = entry.set.intersection(&changed);
        if !lost.is_empty() {
            conflicts.push((entry.clone(), lost.clone()));
        }
        entry.set.subtract(&lost);
        entry.set.subtract(&found.removed);
    }
    if !force && !conflicts.is_empty() {
        return Err(conflicts);
    }
    let before = own.and_then(|own| own.time);
    entries.push(Managed {
        manager: who.manager.clone(),
        operation: "Apply",
        api_version: who.api_version.clone(),
        subresource: who.subresource.clone(),
        time: if new == old {
            before
        } else {
            Some(who.now.clone())
        },
        set: who.owns(applied),
    });
    Managed::write(entries, &mut new);
    Ok(new)
}

/// The owner of what was in an object whose ownership was not recorded.
fn before_first_apply(old: &Value, ty: &Type, who: &Ownership) -> Option<Managed> {
    let set = who.owns(difference(&empty(ty), old, ty).added);
    (!set.is_empty()).then(|| Managed {
        manager: BEFORE_FIRST_APPLY.to_owned(),
        operation: "Update",
        api_version: who.api_version.clone(),
        subresource: String::new(),
        time: Some(who.now.clone()),
        set,
    })
}

/// Takes out what was applied last time, is not this time, and nobody else owns.
fn pruned(merged: Value, last: &FieldSet, owned: &FieldSet, ty: &Type) -> Value {
    let named = |set: &FieldSet| with_named_fields(set, ty);
    let all = named(&fields_of(&merged, ty));
    let bare = without(merged.clone(), &named(last), ty);
    let mut gone = all.clone();
    gone.subtract(&named(&fields_of(&bare, ty)));
    gone.subtract(&named(owned));
    let kept = without(merged.clone(), &gone, ty);
    let mut gone = all;
    gone.subtract(&named(&fields_of(&kept, ty)));
    without(merged, &gone.intersection(&named(last)), ty)
}

/// The fields kubectl applied from the client that nobody has changed since.
fn last_applied_fields(old: &Value, ty: &Type) -> FieldSet {
    let annotation = old
        .pointer("/metadata/annotations")
        .and_then(|all| all.get(LAST_APPLIED));
    let config: Option<Value> = annotation
        .and_then(Value::as_str)
        .and_then(|text| serde_json::from_str(text).ok());
    let Some(config) =
        config.filter(|config| text(config, "/apiVersion") == text(old, "/apiVersion"))
    else {
        return FieldSet::default();
    };
    let mut set = fields_of(&config, ty);
    let found = difference(&config, old, ty);
    set.subtract(&found.modified);
    set.subtract(&found.added);
    set.subtract(&found.removed);
    set
}

fn conflict(conflicts: &[(Managed, FieldSet)]) -> Status {
    let mut causes = Vec::new();
    let mut lines = Vec::new();
    let mut one = String::new();
    for (entry, set) in conflicts {
        let mut manager = format!("{:?}", entry.manager);
        if !entry.subresource.is_empty() {
            manager = format!("{manager} with subresource {:?}", entry.subresource);
        }
        if entry.operation == "Update" {
            manager = format!("{manager} using {}", entry.api_version);
            if let Some(time) = entry
                .time
                .as_ref()
                .filter(|_| entry.manager != BEFORE_FIRST_APPLY)
            {
                manager = format!("{manager} at {time}");
            }
        }
        lines.push(format!("conflicts with {manager}:"));
        for path in set.paths() {
            one = format!("conflict with {manager}: {path}");
            lines.push(format!("- {path}"));
            causes.push(json!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict with {manager}"),
                "field": path,
            }));
        }
    }
    let message = match causes.len() {
        1 => format!("Apply failed with 1 conflict: {one}"),
        count => format!("Apply failed with {count} conflicts: {}", lines.join("\n")),
    };
    Status::new(409, "Conflict", message).with_causes(causes)
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

/// Compact JSON with keys in order, as Go writes maps.
fn sorted(value: &Value) -> String {
    fn ordered(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut pairs: Vec<_> = fields.iter().collect();
                pairs.sort_by_key(|(key, _)| *key);
                Value::Object(
                    pairs
                        .into_iter()
                        .map(|(key, value)| (key.clone(), ordered(value)))
                        .collect(),
                )
            }
            Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
            plain => plain.clone(),
        }
    }
    ordered(value).to_string()
}
