//! JSON objects whose values stay the text they were.

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// An object's members in their order, repeated names included, values unparsed: numbers,
/// escapes and white space in them survive to the letter.
#[derive(Clone, Default)]
pub(super) struct RawObject(pub Vec<(String, Box<RawValue>)>);

impl RawObject {
    /// Reads a value's text; `None` if it is no object.
    pub fn of(value: &RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    /// The value of this name; of several the last, as Go's decoder has it.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| &**value)
    }

    /// Replaces every value of this name, or adds one at the end.
    pub fn set(&mut self, name: &str, value: &RawValue) {
        let mut found = false;
        for (_, old) in self.0.iter_mut().filter(|(key, _)| key == name) {
            *old = value.to_owned();
            found = true;
        }
        if !found {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Removes every value of this name; tells whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(key, _)| key != name);
        self.0.len() < before
    }
}

/// The text of something that serde can write as JSON.
pub(super) fn raw(value: &impl Serialize) -> Box<RawValue> {
    // Only a map with keys that are no text could fail, and nothing here has those.
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = RawObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawObject(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Serialize for RawObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
