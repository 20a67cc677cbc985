//! Which place held which token while that token was a robot's: what a stale credential's claim
//! to the new token is proven by.
//!
//! Naming a robot is no claim to its token, and a dead token is none either: it may be the one
//! that leaked. A place that was seen with the very token that it still holds, while it was good,
//! was given it. Places and tokens are kept as hashes: who reads them learns neither.

use crate::cluster::Site;
use crate::fingerprint::{TokenHash, compact_hash};
use crate::names::{RegistryHost, RobotName};
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many tokens of a place are kept, the newest first: the one it holds, the bridge's before it,
/// and the one before that, which a manifest in Git may bring back.
const TOKENS: usize = 3;
/// A note of so many days is written anew when the place is seen again...
const REFRESH_AFTER: i32 = 30;
/// ...and one of a place that was not seen for so many days is dropped.
const LIFETIME: i32 = 800;

/// Where a robot's credential stands.
#[derive(Debug, Clone, Copy)]
pub struct CredentialPlace<'a> {
    /// The namespace.
    pub site: &'a Site,
    /// The secret's name.
    pub secret: &'a str,
    /// The key below `auths`.
    pub key: &'a str,
    /// The registry it belongs to.
    pub registry: &'a RegistryHost,
    /// The robot; for a bridge the robot it stands in for.
    pub robot: &'a RobotName,
}

/// What was seen at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// The tokens, newest first.
    tokens: Vec<TokenHash>,
    /// The day it was last written down.
    seen: Date,
}

/// All notes, by the hash of their place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Places(BTreeMap<String, Note>);

impl CredentialPlace<'_> {
    /// 128 bits are enough to tell places apart, and let one Secret hold thousands of them.
    fn id(&self) -> String {
        let parts = [
            &*self.site.cluster,
            &*self.site.namespace,
            self.secret,
            self.key,
            self.registry.as_str(),
            self.robot.as_str(),
        ];
        // A length before each, so that no part can pass for the end of the one before it.
        let parts = parts.map(|part| format!("{}:{part}", part.len()));
        compact_hash(&parts.concat(), 16)
    }
}

impl Places {
    /// Whether this very token was seen there while it was the robot's or its bridge's.
    pub fn has(&self, place: &CredentialPlace<'_>, token: &TokenHash) -> bool {
        let note = self.0.get(&place.id());
        note.is_some_and(|note| note.tokens.contains(token))
    }

    /// Whether a note of this token there would be no news.
    pub fn is_fresh(&self, place: &CredentialPlace<'_>, token: &TokenHash, now: Timestamp) -> bool {
        let note = self.0.get(&place.id());
        note.is_some_and(|note| {
            note.tokens.first() == Some(token) && days(note.seen, day(now)) < REFRESH_AFTER
        })
    }

    /// Notes that this token of the robot's stands there now.
    pub fn note(&mut self, place: &CredentialPlace<'_>, token: TokenHash, now: Timestamp) {
        let fresh = Note {
            tokens: Vec::new(),
            seen: day(now),
        };
        let note = self.0.entry(place.id()).or_insert(fresh);
        note.tokens.retain(|known| *known != token);
        note.tokens.insert(0, token);
        note.tokens.truncate(TOKENS);
        note.seen = day(now);
    }

    /// Adds what another memory has, whose notes are older than these.
    pub fn add_older(&mut self, older: Self) {
        for (id, old) in older.0 {
            match self.0.get_mut(&id) {
                None => {
                    self.0.insert(id, old);
                }
                Some(note) => {
                    let missing = old.tokens.into_iter();
                    let missing = missing.filter(|token| !note.tokens.contains(token));
                    let missing: Vec<TokenHash> = missing.collect();
                    note.tokens.extend(missing);
                    note.tokens.truncate(TOKENS);
                    note.seen = note.seen.max(old.seen);
                }
            }
        }
    }

    /// Drops the notes of the places that were not seen for longest, until the rest is at most
    /// so many bytes of JSON.
    pub fn shrink(&mut self, bytes: usize) {
        let mut days: Vec<Date> = self.0.values().map(|note| note.seen).collect();
        days.sort();
        days.dedup();
        for day in days {
            let size = serde_json::to_vec(self).map_or(0, |text| text.len());
            if size <= bytes {
                return;
            }
            self.0.retain(|_, note| note.seen > day);
        }
    }

    /// Whether there is no note.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops what was not seen for years.
    pub fn forget(&mut self, now: Timestamp) {
        let today = day(now);
        self.0.retain(|_, note| days(note.seen, today) < LIFETIME);
    }
}

fn day(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

fn days(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use secrecy::SecretString;

    fn token(letter: &str) -> TokenHash {
        TokenHash::of(&SecretString::from(letter.repeat(64))).unwrap()
    }

    fn site(namespace: &str) -> Site {
        Site {
            cluster: "c".into(),
            namespace: namespace.into(),
        }
    }

    #[test]
    fn a_place_is_known_for_the_tokens_it_was_seen_with_and_for_no_others() {
        let (registry, robot) = (
            "quay.io".parse().unwrap(),
            "myorg+puller".parse::<RobotName>().unwrap(),
        );
        let (here, there) = (site("n"), site("m"));
        let place = CredentialPlace {
            site: &here,
            secret: "s",
            key: "quay.io",
            registry: &registry,
            robot: &robot,
        };
        let elsewhere = CredentialPlace {
            site: &there,
            ..place
        };
        let mut places = Places::default();
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        assert!(!places.is_fresh(&place, &token("A"), now));
        places.note(&place, token("A"), now);
        assert!(places.is_fresh(&place, &token("A"), now));
        assert!(places.has(&place, &token("A")));
        assert!(!places.has(&place, &token("B")));
        assert!(!places.has(&elsewhere, &token("A")));
        for letter in ["B", "C", "D"] {
            places.note(&place, token(letter), now);
        }
        assert!(!places.has(&place, &token("A")) && places.has(&place, &token("B")));
        let later = |days: i32| now + SignedDuration::from_hours(24 * i64::from(days));
        assert!(!places.is_fresh(&place, &token("D"), later(REFRESH_AFTER)));
        places.note(&place, token("D"), later(REFRESH_AFTER));
        places.forget(later(LIFETIME));
        assert!(places.has(&place, &token("D")));
        places.forget(later(REFRESH_AFTER + LIFETIME));
        assert!(!places.has(&place, &token("D")));
    }

    #[test]
    fn two_memories_together_know_what_each_knew() {
        let (registry, robot) = ("quay.io".parse().unwrap(), "myorg+r1".parse().unwrap());
        let here = site("n");
        let place = CredentialPlace {
            site: &here,
            secret: "s",
            key: "quay.io",
            registry: &registry,
            robot: &robot,
        };
        let now = Timestamp::UNIX_EPOCH;
        let (mut one, mut other) = (Places::default(), Places::default());
        one.note(&place, token("B"), now);
        other.note(&place, token("A"), now);
        one.add_older(other);
        assert!(one.has(&place, &token("A")) && one.has(&place, &token("B")));
    }
}
