//! Walks objects by their type: which fields they have, how two differ, how
//! one is laid over another, and what is left when fields are taken out.

use serde_json::{Map, Value};

use super::fields::{FieldSet, Step};
use crate::cluster::schema::{Fields, Identity, List, Shape, Type};

/// The fields of an object, as the one who applies it would own them.
pub(super) fn fields_of(value: &Value, ty: &Type) -> FieldSet {
    let mut set = FieldSet::default();
    collect(value, ty, &mut Vec::new(), &mut set);
    set
}

fn collect(value: &Value, ty: &Type, path: &mut Vec<Step>, set: &mut FieldSet) {
    match (ty.shape(), value) {
        (Shape::Fields(fields), Value::Object(members)) => {
            for (name, member) in members {
                path.push(format!("f:{name}"));
                collect(member, fields.member(name), path, set);
                let empty = member.is_null() || member.as_object().is_some_and(Map::is_empty);
                if empty || !fields.names(name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        (Shape::Items(list), Value::Array(items)) => {
            for item in items {
                path.push(step(item, list));
                collect(item, &list.item, path, set);
                set.insert(path);
                path.pop();
            }
        }
        (Shape::Fields(_) | Shape::Items(_), Value::Null) => {}
        _ => set.insert(path),
    }
}

/// How an item of a list is told apart.
fn step(item: &Value, list: &List) -> Step {
    match &list.identity {
        Identity::Keys(keys) => {
            let mut found = std::collections::BTreeMap::new();
            for key in keys {
                if let Some(value) = item.get(*key) {
                    found.insert(*key, value.clone());
                } else if *key == "protocol" {
                    // The one key with a default.
                    found.insert(*key, "TCP".into());
                }
            }
            format!("k:{}", serde_json::to_string(&found).unwrap_or_default())
        }
        Identity::Set | Identity::Atomic => format!("v:{item}"),
    }
}

/// How two objects differ.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

/// Compares two objects of a type.
pub(super) fn difference(old: &Value, new: &Value, ty: &Type) -> Difference {
    let mut found = Difference::default();
    compare(Some(old), Some(new), ty, &mut Vec::new(), &mut found);
    found
}

fn compare(
    old: Option<&Value>,
    new: Option<&Value>,
    ty: &Type,
    path: &mut Vec<Step>,
    found: &mut Difference,
) {
    if old == new {
        return;
    }
    let whole = |value: Option<&Value>| value.is_none_or(is_empty);
    match ty.shape() {
        Shape::Fields(fields) if !(whole(old) && whole(new)) && objects(old, new) => {
            compare_fields(old, new, fields, path, found);
        }
        Shape::Items(list) if !(whole(old) && whole(new)) && arrays(old, new) => {
            compare_items(old, new, list, path, found);
        }
        _ => {
            mark(old, new, path, found);
            return;
        }
    }
    if old.is_none() || new.is_none() {
        mark(old, new, path, found);
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn objects(old: Option<&Value>, new: Option<&Value>) -> bool {
    [old, new]
        .into_iter()
        .flatten()
        .all(|value| value.is_object() || value.is_null())
}

fn arrays(old: Option<&Value>, new: Option<&Value>) -> bool {
    [old, new]
        .into_iter()
        .flatten()
        .all(|value| value.is_array() || value.is_null())
}

fn mark(old: Option<&Value>, new: Option<&Value>, path: &[Step], found: &mut Difference) {
    match (old, new) {
        (None, Some(_)) => found.added.insert(path),
        (Some(_), None) => found.removed.insert(path),
        _ => found.modified.insert(path),
    }
}

fn compare_fields(
    old: Option<&Value>,
    new: Option<&Value>,
    fields: Fields<'_>,
    path: &mut Vec<Step>,
    found: &mut Difference,
) {
    let (old, new) = (
        old.and_then(Value::as_object),
        new.and_then(Value::as_object),
    );
    let gone = old
        .into_iter()
        .flatten()
        .filter(|(name, _)| new.is_none_or(|new| !new.contains_key(*name)));
    let names = new.into_iter().flatten().chain(gone).map(|(name, _)| name);
    for name in names {
        path.push(format!("f:{name}"));
        let member =
            |of: Option<&'_ Map<String, Value>>| of.and_then(|fields| fields.get(name)).cloned();
        let (before, after) = match (old, new) {
            // Borrowed on the common path: the values can be large.
            (Some(old), Some(new)) => {
                compare(
                    old.get(name),
                    new.get(name),
                    fields.member(name),
                    path,
                    found,
                );
                path.pop();
                continue;
            }
            _ => (member(old), member(new)),
        };
        compare(
            before.as_ref(),
            after.as_ref(),
            fields.member(name),
            path,
            found,
        );
        path.pop();
    }
}

fn compare_items(
    old: Option<&Value>,
    new: Option<&Value>,
    list: &List,
    path: &mut Vec<Step>,
    found: &mut Difference,
) {
    let items = |of: Option<&Value>| -> Vec<(Step, Value)> {
        let items = of.and_then(Value::as_array).into_iter().flatten();
        items.map(|item| (step(item, list), item.clone())).collect()
    };
    let (old, new) = (items(old), items(new));
    let find = |in_list: &[(Step, Value)], wanted: &Step| {
        in_list
            .iter()
            .find(|(at, _)| at == wanted)
            .map(|(_, item)| item.clone())
    };
    let gone = old.iter().filter(|(at, _)| find(&new, at).is_none());
    for (at, _) in new.iter().chain(gone) {
        path.push(at.clone());
        let (before, after) = (find(&old, at), find(&new, at));
        compare(before.as_ref(), after.as_ref(), &list.item, path, found);
        if before.is_none() || after.is_none() {
            mark(before.as_ref(), after.as_ref(), path, found);
        }
        path.pop();
    }
}

/// Lays `over` onto `base`: its fields win, lists with identities are joined.
pub(super) fn merged(base: Value, over: Value, ty: &Type) -> Value {
    match (ty.shape(), base, over) {
        (Shape::Fields(fields), Value::Object(mut base), Value::Object(over)) => {
            for (name, value) in over {
                let value = match base.get_mut(&name) {
                    Some(there) => merged(there.take(), value, fields.member(&name)),
                    None => value,
                };
                base.insert(name, value);
            }
            Value::Object(base)
        }
        (Shape::Items(list), Value::Array(mut base), Value::Array(over)) => {
            for item in over {
                let at = step(&item, list);
                match base.iter_mut().find(|there| step(there, list) == at) {
                    Some(there) => *there = merged(there.take(), item, &list.item),
                    None => base.push(item),
                }
            }
            Value::Array(base)
        }
        (_, _, over) => over,
    }
}

/// Takes the members of a set out of an object. What ends up with nothing in it
/// although something was taken out goes too.
pub(super) fn without(value: Value, set: &FieldSet, ty: &Type) -> Value {
    match (ty.shape(), value) {
        (Shape::Fields(fields), Value::Object(members)) => {
            let mut kept = Map::new();
            for (name, member) in members {
                match set.child(&format!("f:{name}")) {
                    Some(gone) if gone.member => {}
                    Some(part) => {
                        let left = without(member, part, fields.member(&name));
                        if !is_empty(&left) {
                            kept.insert(name, left);
                        }
                    }
                    None => {
                        kept.insert(name, member);
                    }
                }
            }
            Value::Object(kept)
        }
        (Shape::Items(list), Value::Array(items)) => {
            let mut kept = Vec::new();
            for item in items {
                match set.child(&step(&item, list)) {
                    Some(gone) if gone.member => {}
                    Some(part) => kept.push(without(item, part, &list.item)),
                    None => kept.push(item),
                }
            }
            Value::Array(kept)
        }
        (_, value) => value,
    }
}

/// The set, and every named field of a struct on the way to a member.
pub(super) fn with_named_fields(set: &FieldSet, ty: &Type) -> FieldSet {
    let mut out = FieldSet {
        member: set.member,
        ..FieldSet::default()
    };
    for (at, child) in &set.children {
        let (member_ty, named) = match (ty.shape(), at.strip_prefix("f:")) {
            (Shape::Fields(fields), Some(name)) => {
                (fields.member(name).clone(), fields.names(name))
            }
            (Shape::Items(list), _) => (list.item.clone(), false),
            _ => (Type::Any, false),
        };
        let mut child = with_named_fields(child, &member_ty);
        child.member |= named;
        out.children.insert(at.clone(), child);
    }
    out
}
