//! The rows and columns `kubectl get` prints.

mod columns;

use std::sync::Arc;

use jiff::{SpanRound, Timestamp, Unit};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::read::partial;
use super::store::{Object, text};
use columns::layout;

/// Column names with the priority that hides them unless `-o wide` is asked for.
type Columns = &'static [(&'static str, u8)];

/// The objects as a Table.
pub(super) fn render(kind: &Kind, objects: &[Arc<Object>], metadata: &Value) -> Value {
    let (columns, cells) = layout(kind);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, priority)| {
            json!({
                "name": name,
                "type": "string",
                "format": if *name == "Name" { "name" } else { "" },
                "description": "",
                "priority": priority,
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| json!({"cells": cells(&object.value), "object": partial(object)}))
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

/// How many entries a map or a list has.
fn size(object: &Value, pointer: &str) -> usize {
    match object.pointer(pointer) {
        Some(Value::Object(fields)) => fields.len(),
        Some(Value::Array(items)) => items.len(),
        _ => 0,
    }
}

fn age(object: &Value) -> Value {
    let Ok(created) = text(object, "/metadata/creationTimestamp").parse::<Timestamp>() else {
        return "<unknown>".into();
    };
    let round = SpanRound::new()
        .largest(Unit::Second)
        .smallest(Unit::Second);
    let since = Timestamp::now() - created;
    let seconds = since.round(round).map_or(0, |span| span.get_seconds());
    short_duration(seconds).into()
}

/// A duration the way `kubectl` prints ages: two units at most, fewer as they grow.
fn short_duration(seconds: i64) -> String {
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big}{big_unit}"),
        _ => format!("{big}{big_unit}{small}{small_unit}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        ..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => two(days / 365, "y", days % 365, "d"),
    }
}

#[cfg(test)]
mod tests {
    use super::short_duration;

    #[test]
    fn ages_lose_their_small_units_as_they_grow() {
        let minute = 60;
        let hour = 60 * minute;
        let day = 24 * hour;
        for (seconds, expected) in [
            (0, "0s"),
            (119, "119s"),
            (2 * minute + 5, "2m5s"),
            (59 * minute, "59m"),
            (3 * hour + minute, "3h1m"),
            (47 * hour, "47h"),
            (3 * day + hour, "3d1h"),
            (30 * day, "30d"),
            (800 * day, "2y70d"),
        ] {
            assert_eq!(short_duration(seconds), expected);
        }
    }
}
