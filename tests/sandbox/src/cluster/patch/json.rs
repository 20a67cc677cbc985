//! JSON patch, RFC 6902.

use serde_json::Value;

/// Applies the operations in turn. `Err` tells which kind of failure it is.
///
/// # Errors
/// [`Failure::Malformed`] for a document that is no patch, [`Failure::Impossible`]
/// for an operation the object does not allow.
pub(in crate::cluster) fn apply(target: &mut Value, patch: &Value) -> Result<(), Failure> {
    let Some(operations) = patch.as_array() else {
        return Err(Failure::Malformed);
    };
    operations
        .iter()
        .try_for_each(|operation| one(target, operation))
}

/// Why a patch was not applied.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cluster) enum Failure {
    /// It is not a patch.
    Malformed,
    /// It does not fit the object, or a `test` failed.
    Impossible,
}

fn one(target: &mut Value, operation: &Value) -> Result<(), Failure> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let path = tokens(text("path").ok_or(Failure::Malformed)?);
    let value = || operation.get("value").cloned().unwrap_or_default();
    let from = || text("from").map(tokens).ok_or(Failure::Malformed);
    match text("op") {
        Some("add") => add(target, &path, value()),
        Some("remove") => remove(target, &path).map(drop),
        Some("replace") => {
            let place = find(target, &path).ok_or(Failure::Impossible)?;
            *place = value();
            Ok(())
        }
        Some("move") => {
            let moved = remove(target, &from()?)?;
            add(target, &path, moved)
        }
        Some("copy") => {
            let copied = find(target, &from()?).ok_or(Failure::Impossible)?.clone();
            add(target, &path, copied)
        }
        Some("test") => {
            // A member that is not there counts as null.
            let found = find(target, &path).map_or(Value::Null, |found| found.clone());
            if found == value() {
                Ok(())
            } else {
                Err(Failure::Impossible)
            }
        }
        _ => Err(Failure::Impossible),
    }
}

fn tokens(path: &str) -> Vec<String> {
    let unescape = |token: &str| token.replace("~1", "/").replace("~0", "~");
    path.split('/').skip(1).map(unescape).collect()
}

fn find<'a>(target: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(target, |at, token| match at {
        Value::Object(fields) => fields.get_mut(token),
        Value::Array(items) => token
            .parse::<usize>()
            .ok()
            .and_then(|index| items.get_mut(index)),
        _ => None,
    })
}

fn add(target: &mut Value, path: &[String], value: Value) -> Result<(), Failure> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Ok(());
    };
    match find(target, parents) {
        Some(Value::Object(fields)) => {
            fields.insert(last.clone(), value);
            Ok(())
        }
        Some(Value::Array(items)) if last == "-" => {
            items.push(value);
            Ok(())
        }
        Some(Value::Array(items)) => {
            let index: usize = last.parse().map_err(|_| Failure::Impossible)?;
            if index > items.len() {
                return Err(Failure::Impossible);
            }
            items.insert(index, value);
            Ok(())
        }
        _ => Err(Failure::Impossible),
    }
}

fn remove(target: &mut Value, path: &[String]) -> Result<Value, Failure> {
    let (last, parents) = path.split_last().ok_or(Failure::Impossible)?;
    match find(target, parents) {
        Some(Value::Object(fields)) => fields.shift_remove(last).ok_or(Failure::Impossible),
        Some(Value::Array(items)) => {
            let index: usize = last.parse().map_err(|_| Failure::Impossible)?;
            if index >= items.len() {
                return Err(Failure::Impossible);
            }
            Ok(items.remove(index))
        }
        _ => Err(Failure::Impossible),
    }
}
