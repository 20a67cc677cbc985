//! Strategic merge patch: lists are merged by key where their type says so.

use serde_json::{Map, Value};

use crate::cluster::schema::{List, Type};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// Merges `patch` into an object of this type.
///
/// # Errors
/// What the API server says about directives it cannot follow.
pub(in crate::cluster) fn apply(target: &mut Value, patch: Value, ty: &Type) -> Result<(), String> {
    let (Value::Object(into), Value::Object(fields)) = (target, patch) else {
        return Err("cannot unmarshal the patch into an object".into());
    };
    merge_object(into, fields, ty)
}

fn merge_object(
    into: &mut Map<String, Value>,
    mut patch: Map<String, Value>,
    ty: &Type,
) -> Result<(), String> {
    match patch
        .shift_remove(PATCH)
        .as_ref()
        .map(|directive| directive.as_str())
    {
        None | Some(Some("merge")) => {}
        Some(Some("replace")) => {
            *into = patch;
            return Ok(());
        }
        Some(Some("delete")) => {
            into.clear();
            return Ok(());
        }
        Some(other) => {
            return Err(format!(
                "Unknown patch type found: {}",
                other.unwrap_or_default()
            ));
        }
    }
    if let Some(Value::Array(keys)) = patch.shift_remove(RETAIN_KEYS) {
        into.retain(|key, _| keys.iter().any(|kept| kept == key));
    }
    let (directives, fields): (Vec<_>, Vec<_>) =
        patch.into_iter().partition(|(key, _)| key.starts_with('$'));
    for (key, value) in &directives {
        if let (Some(field), Value::Array(gone)) = (key.strip_prefix(DELETE_FROM), value)
            && let Some(Value::Array(items)) = into.get_mut(field)
        {
            items.retain(|item| !gone.contains(item));
        }
    }
    let ordered = directives
        .iter()
        .filter_map(|(key, _)| key.strip_prefix(ORDER));
    let before: Map<String, Value> = ordered
        .filter_map(|field| Some((field.to_owned(), into.get(field)?.clone())))
        .collect();
    for (key, value) in fields {
        merge_field(into, key, value, ty)?;
    }
    for (key, value) in directives {
        if let (Some(field), Value::Array(order)) = (key.strip_prefix(ORDER), value)
            && let (Some(Value::Array(items)), Some(list)) =
                (into.get_mut(field), list_of(ty, field))
            && let Some(key) = list.merge_key
        {
            let before = before.get(field).and_then(Value::as_array);
            reorder(
                items,
                &order,
                before.map(Vec::as_slice).unwrap_or_default(),
                key,
            );
        }
    }
    Ok(())
}

fn merge_field(
    into: &mut Map<String, Value>,
    key: String,
    value: Value,
    ty: &Type,
) -> Result<(), String> {
    let member = member(ty, &key);
    match (into.get_mut(&key), value) {
        (_, Value::Null) => {
            into.shift_remove(&key);
        }
        (Some(Value::Object(there)), Value::Object(patch)) => merge_object(there, patch, &member)?,
        (Some(Value::Array(there)), Value::Array(patch)) => {
            let merged = match &member {
                Type::List(list) => merge_list(std::mem::take(there), patch, list)?,
                _ => patch,
            };
            *there = merged;
        }
        (_, value) => {
            let value = without_directives(value, &member)?;
            into.insert(key, value);
        }
    }
    Ok(())
}

fn merge_list(mut items: Vec<Value>, patch: Vec<Value>, list: &List) -> Result<Vec<Value>, String> {
    let Some(key) = list.merge_key else {
        return patch
            .into_iter()
            .map(|item| without_directives(item, &list.item))
            .collect();
    };
    let (before, order) = (items.clone(), patch.clone());
    if key.is_empty() {
        for item in patch {
            if !items.contains(&item) {
                items.push(item);
            }
        }
        reorder(&mut items, &order, &before, key);
        return Ok(items);
    }
    let directive = |item: &Value| item.get(PATCH).and_then(Value::as_str).map(str::to_owned);
    if patch
        .iter()
        .any(|item| directive(item).as_deref() == Some("replace"))
    {
        let kept = patch.into_iter().filter(|item| directive(item).is_none());
        return kept
            .map(|item| without_directives(item, &list.item))
            .collect();
    }
    for item in patch {
        let Some(identity) = item.get(key).cloned() else {
            return Err(format!(
                "map: {item} does not contain declared merge key: {key}"
            ));
        };
        let same = |there: &Value| there.get(key) == Some(&identity);
        if directive(&item).as_deref() == Some("delete") {
            items.retain(|there| !same(there));
            continue;
        }
        match (items.iter_mut().find(|there| same(there)), item) {
            (Some(Value::Object(there)), Value::Object(patch)) => {
                merge_object(there, patch, &list.item)?
            }
            (_, item) => items.push(without_directives(item, &list.item)?),
        }
    }
    reorder(&mut items, &order, &before, key);
    Ok(items)
}

/// A value that is new: its directives say what it would have done to an old one.
fn without_directives(value: Value, ty: &Type) -> Result<Value, String> {
    Ok(match value {
        Value::Object(patch) => {
            let mut object = Map::new();
            if patch.get(PATCH).and_then(Value::as_str) != Some("delete") {
                merge_object(&mut object, patch, ty)?;
            }
            Value::Object(object)
        }
        Value::Array(items) => match ty {
            Type::List(list) => Value::Array(merge_list(Vec::new(), items, list)?),
            _ => Value::Array(items),
        },
        plain => plain,
    })
}

/// Puts the items the patch knows in its order. The others keep theirs, and come
/// before the known ones they came before.
fn reorder(items: &mut Vec<Value>, order: &[Value], before: &[Value], key: &str) {
    let place = |list: &[Value], item: &Value| {
        let same = |other: &Value| {
            if key.is_empty() {
                other == item
            } else {
                other.get(key) == item.get(key)
            }
        };
        list.iter().position(same)
    };
    let (mut known, others): (Vec<Value>, Vec<Value>) = std::mem::take(items)
        .into_iter()
        .partition(|item| place(order, item).is_some());
    known.sort_by_key(|item| place(order, item));
    let mut others = others.into_iter().peekable();
    for item in known {
        let was = place(before, &item);
        while let Some(other) = others.next_if(|other| was.is_some() && place(before, other) < was)
        {
            items.push(other);
        }
        items.push(item);
    }
    items.extend(others);
}

fn list_of<'a>(ty: &'a Type, field: &str) -> Option<&'a List> {
    match &ty.as_struct()?.field(field)?.ty {
        Type::List(list) => Some(list),
        _ => None,
    }
}

fn member(ty: &Type, name: &str) -> Type {
    match ty {
        Type::Map { value, .. } => (**value).clone(),
        _ => ty
            .as_struct()
            .and_then(|fields| fields.field(name))
            .map_or(Type::Any, |field| field.ty.clone()),
    }
}
