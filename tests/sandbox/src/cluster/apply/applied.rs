//! Server-side apply: an object laid over another, within what its manager may change.

use serde_json::{Value, json};

use super::fields::FieldSet;
use super::managers::{Managed, Ownership};
use super::walk::{difference, fields_of, merged, with_named_fields, without};
use crate::cluster::schema::{Type, empty};
use crate::cluster::status::Status;
use crate::cluster::store::text;

/// Who is said to own what was there when an object is applied to for the first time.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

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
