//! When an answer of the sandbox counts as the recorded one.
//!
//! Status, content type, the headers in [`HEADERS`] and the whole body have to be equal, down to the
//! order of keys, except for what follows. There are no other exceptions.
//!
//! 1. *Made-up values* ([`OPAQUE`]: tokens, ids, secrets) differ, but keep their form, and the
//!    same recorded value always stands for the same value of the sandbox ([`Learned`]). Requests
//!    are translated with what was learned, so a wrong token in an answer shows sooner or later.
//! 2. *Registry tokens* (JWTs) are decoded and compared by these rules, their times by difference;
//!    so is JSON inside of a text.
//! 3. *Dates* keep their format and are at most [`SLACK`] apart: the sandbox's clock is put to
//!    the recorded `Date` before each exchange.
//! 4. *Avatars* of robots, and of organizations made without an address ([`NO_ADDRESS`]), come from
//!    random addresses: hash and colour keep their form only.
//! 5. *Lists in database order* ([`UNORDERED`]) are compared as sets.
//! 6. *Robots cut off by `limit`*: which of several robots remain is the database's choice, so then
//!    only their number and keys count.
//! 7. *Usage logs* also hold what happened between the recordings: entries of one kind have to
//!    have the same keys and types.
//! 8. *The web interface's page* is compared up to the first line that was recorded, and a JSON
//!    body the recorder cut ([`CUT`]) up to its last whole entry.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::{Map, Value};

use crate::forms::{form, jwt};

/// Headers that have to be equal. `Allow` is a set.
pub const HEADERS: [&str; 6] = [
    "allow",
    "content-type",
    "docker-distribution-api-version",
    "location",
    "retry-after",
    "www-authenticate",
];

const OPAQUE: [&str; 16] = [
    "access_token",
    "client_id",
    "client_secret",
    "csrf_token",
    "csrf_token_val",
    "encrypted_password",
    "entity_reference",
    "id",
    "kid",
    "next_page",
    "oauth",
    "password",
    "status_token",
    "token",
    "token_code",
    "uuid",
];

const UNORDERED: [&str; 8] = [
    "authorizations",
    "members",
    "organizations",
    "permissions",
    "prototypes",
    "repositories",
    "robots",
    "teams",
];

const NO_ADDRESS: [&str; 6] = ["aliceorg", "bigorg", "boborg", "cli", "my_org", "myxorg"];

/// How the recorder marked a body it cut.
pub const CUT: &str = "...<cut>";

/// In seconds.
const SLACK: i64 = 3;

type Outcome = Result<(), String>;

/// Which value of the sandbox stands for which recorded one.
#[derive(Default)]
pub struct Learned {
    values: BTreeMap<String, String>,
}

impl Learned {
    /// From now on `own` stands for `recorded`.
    pub fn learn(&mut self, recorded: &str, own: &str) {
        self.values.insert(recorded.to_owned(), own.to_owned());
    }

    pub fn get(&self, recorded: &str) -> Option<&str> {
        self.values.get(recorded).map(String::as_str)
    }

    /// `text` with every recorded value replaced. Short ones could hit something else.
    pub fn translate(&self, text: &str) -> String {
        let long = self
            .values
            .iter()
            .filter(|(recorded, _)| recorded.len() >= 20);
        let mut text = text.to_owned();
        for (recorded, own) in long {
            text = text.replace(recorded.as_str(), own);
            // In a query or a form, the padding of a page token is escaped.
            let escaped = recorded.replace('=', "%3D");
            text = text.replace(&escaped, &own.replace('=', "%3D"));
        }
        text
    }

    fn same(&mut self, recorded: &str, own: &str) -> Outcome {
        if let (Some(claims), Some(own_claims)) = (jwt(recorded), jwt(own)) {
            self.same_token(&claims, &own_claims)?;
            // Two of the same second and with the same claims are one.
            self.learn(recorded, own);
            return Ok(());
        }
        if form(recorded) != form(own) {
            return Err(format!("`{own}` has another form than `{recorded}`"));
        }
        match self.get(recorded) {
            Some(known) if known == own => Ok(()),
            Some(known) => Err(format!("`{own}` where `{known}` stood before")),
            None => {
                self.learn(recorded, own);
                Ok(())
            }
        }
    }

    fn same_token(&mut self, recorded: &[Value; 2], own: &[Value; 2]) -> Outcome {
        let relative = |claims: &Value| {
            let time = |key: &str| claims.get(key).and_then(Value::as_i64).unwrap_or_default();
            let mut claims = claims.clone();
            claims["exp"] = (time("exp") - time("iat")).into();
            claims["nbf"] = (time("nbf") - time("iat")).into();
            claims["iat"] = 0.into();
            claims
        };
        self.values_equal("", &recorded[0], &own[0])?;
        self.values_equal("", &relative(&recorded[1]), &relative(&own[1]))
    }

    /// Compares two JSON values; `key` is the field they stand in.
    pub fn values_equal(&mut self, key: &str, recorded: &Value, own: &Value) -> Outcome {
        match (recorded, own) {
            (Value::Object(recorded), Value::Object(own)) => self.objects(key, recorded, own),
            (Value::Array(recorded), Value::Array(own)) => self.arrays(key, recorded, own),
            (Value::String(recorded), Value::String(own)) => self
                .texts(key, recorded, own)
                .map_err(|error| format!("{key}: {error}")),
            _ if recorded == own => Ok(()),
            _ => Err(format!("{key}: {own} instead of {recorded}")),
        }
    }

    fn objects(
        &mut self,
        key: &str,
        recorded: &Map<String, Value>,
        own: &Map<String, Value>,
    ) -> Outcome {
        let keys = |object: &Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
        // A map from names comes in database order, too.
        let (mut wanted, mut found) = (keys(recorded), keys(own));
        if UNORDERED.contains(&key) {
            wanted.sort();
            found.sort();
        }
        if wanted != found {
            return Err(format!("{key}: keys {found:?} instead of {wanted:?}"));
        }
        let avatar = recorded.contains_key("hash") && recorded.contains_key("color");
        if avatar && has_random_address(recorded) {
            let text = |object: &Map<String, Value>, key: &str| {
                let found = object.get(key).and_then(Value::as_str);
                form(found.unwrap_or_default())
            };
            let equal = ["hash", "color"]
                .iter()
                .all(|key| text(recorded, key) == text(own, key));
            return if equal && recorded["name"] == own["name"] && recorded["kind"] == own["kind"] {
                Ok(())
            } else {
                Err(format!("{key}: avatar {own:?} instead of {recorded:?}"))
            };
        }
        for (name, value) in recorded {
            self.values_equal(name, value, &own[name])?;
        }
        Ok(())
    }

    fn arrays(&mut self, key: &str, recorded: &[Value], own: &[Value]) -> Outcome {
        if recorded.len() != own.len() {
            return Err(format!(
                "{key}: {} elements instead of {}",
                own.len(),
                recorded.len()
            ));
        }
        let (mut recorded, mut own) = (recorded.to_vec(), own.to_vec());
        if UNORDERED.contains(&key) {
            recorded.sort_by_key(|value| self.identity(value, true));
            own.sort_by_key(|value| self.identity(value, false));
        }
        let mut pairs = recorded.iter().zip(&own);
        pairs.try_for_each(|(recorded, own)| self.values_equal(key, recorded, own))
    }

    /// What tells an element of a list from the others.
    fn identity(&self, value: &Value, recorded: bool) -> String {
        let field = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        let id = field("/uuid").or_else(|| field("/id"));
        if let Some(id) = id {
            let own = if recorded { self.get(id) } else { Some(id) };
            return own.unwrap_or(id).to_owned();
        }
        let name = field("/name").or_else(|| field("/repository/name"));
        name.map_or_else(|| value.to_string(), str::to_owned)
    }

    fn texts(&mut self, key: &str, recorded: &str, own: &str) -> Outcome {
        if recorded == own {
            return Ok(());
        }
        if let (Some(recorded), Some(own)) = (date(recorded), date(own)) {
            let apart = recorded.duration_since(own).as_secs().abs();
            return if apart <= SLACK {
                Ok(())
            } else {
                Err(format!("{own} is {apart} s from {recorded}"))
            };
        }
        if let (Some(recorded), Some(own)) = (object(recorded), object(own)) {
            return self.values_equal(key, &recorded, &own);
        }
        // An organization made without an address has a random one.
        let random_address = key == "email" && form(recorded) == "uuid";
        if OPAQUE.contains(&key) || random_address {
            return self.same(recorded, own);
        }
        Err(format!("`{own}` instead of `{recorded}`"))
    }

    /// Rule 6.
    pub fn cut_lists_equal(&mut self, recorded: &Value, own: &Value) -> Outcome {
        let robots = |value: &Value| value.get("robots").and_then(Value::as_array).cloned();
        let (Some(wanted), Some(found)) = (robots(recorded), robots(own)) else {
            return self.values_equal("", recorded, own);
        };
        let names = |robots: &[Value]| -> BTreeSet<String> {
            robots
                .iter()
                .map(|robot| robot["name"].to_string())
                .collect()
        };
        if names(&wanted) == names(&found) {
            return self.values_equal("", recorded, own);
        }
        let keys = |robots: &[Value]| -> BTreeSet<String> {
            let objects = robots.iter().filter_map(Value::as_object);
            objects
                .map(|robot| format!("{:?}", robot.keys().collect::<Vec<_>>()))
                .collect()
        };
        if wanted.len() == found.len() && keys(&wanted) == keys(&found) {
            Ok(())
        } else {
            Err(format!(
                "{} robots instead of {}",
                found.len(),
                wanted.len()
            ))
        }
    }
}

/// Rule 4.
fn has_random_address(avatar: &Map<String, Value>) -> bool {
    let text = |key: &str| avatar.get(key).and_then(Value::as_str).unwrap_or_default();
    text("kind") == "robot" || NO_ADDRESS.contains(&text("name"))
}

/// JSON inside of a text.
fn object(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

/// A date in one of the two formats Quay writes.
fn date(text: &str) -> Option<Timestamp> {
    if text.ends_with('Z') {
        return text.parse().ok();
    }
    let zoned = rfc2822::parse(&(text.strip_suffix("-0000")?.to_owned() + "+0000"));
    zoned.ok().map(|zoned| zoned.timestamp())
}

/// Rule 7: entries of a kind have the same keys, with values of the same types.
pub fn logs_equal(recorded: &Value, own: &Value) -> Outcome {
    let shapes = |value: &Value| {
        let mut shapes = BTreeMap::<String, BTreeSet<String>>::new();
        for entry in value["logs"].as_array().into_iter().flatten() {
            let kind = entry["kind"].to_string();
            shapes.entry(kind).or_default().insert(shape(entry));
        }
        shapes
    };
    let top = |value: &Value| -> Vec<String> {
        let object = value.as_object().into_iter();
        object.flat_map(|object| object.keys().cloned()).collect()
    };
    if top(recorded) != top(own) {
        return Err(format!(
            "keys {:?} instead of {:?}",
            top(own),
            top(recorded)
        ));
    }
    let (recorded, own) = (shapes(recorded), shapes(own));
    let common: Vec<&String> = recorded
        .keys()
        .filter(|kind| own.contains_key(*kind))
        .collect();
    if common.is_empty() {
        return Err("no kind of entry in common".into());
    }
    for kind in common {
        if recorded[kind] != own[kind] {
            let (own, recorded) = (&own[kind], &recorded[kind]);
            return Err(format!("{kind}: {own:?} instead of {recorded:?}"));
        }
    }
    Ok(())
}

/// Keys and types, all the way down.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "text".into(),
        Value::Array(items) => {
            let shapes: BTreeSet<String> = items.iter().map(shape).collect();
            format!("{shapes:?}")
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields: Vec<String> = fields
                .map(|(key, value)| format!("{key}: {}", shape(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

/// Rule 8: the part of a cut body that is whole.
pub fn whole_entries(cut: &str) -> Option<Value> {
    let (mut depth, mut text, mut escaped, mut end) = (0, false, false, None);
    for (at, byte) in cut.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => text = !text,
            _ if text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 2 {
                    end = Some(at);
                }
            }
            _ => {}
        }
    }
    let whole = &cut[..=end?];
    let closed = ["]}", "}}"].map(|close| serde_json::from_str(&format!("{whole}{close}")));
    closed.into_iter().find_map(Result::ok)
}
