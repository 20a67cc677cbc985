//! Which credential each secret held when, and whether it was accepted then.

use super::super::contents::Receipt;
use super::super::log::{Switch, Validity};
use super::words::seconds;
use crate::fingerprint::Fingerprint;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// What a credential is to the rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The token that is replaced.
    Old,
    /// The robot that stands in.
    Bridge,
    /// The token the robot has in the end.
    New,
    /// The robot's token, where it was not replaced.
    Kept,
    /// A token that somebody else made meanwhile.
    Other,
}

impl Role {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Old => "old token",
            Self::Bridge => "bridge",
            Self::New => "new token",
            Self::Kept => "token",
            Self::Other => "other token",
        }
    }

    /// Its colour.
    pub fn class(self) -> &'static str {
        match self {
            Self::Old | Self::Other => "old",
            Self::Bridge => "bridge",
            Self::New | Self::Kept => "new",
        }
    }
}

/// One credential in the course of the run.
pub(super) struct Held<'r> {
    pub role: Role,
    pub validity: &'r Validity,
    /// The last moment at which it was surely accepted; `None` while it is.
    pub safe_until: Option<Timestamp>,
    /// How many secrets hold it since when.
    pub holders: Vec<(Timestamp, usize)>,
}

/// One switch of one secret.
pub(super) struct Move<'r> {
    pub switch: &'r Switch,
    /// What the secret held before, if that is known.
    pub from: Option<usize>,
    /// What it holds since.
    pub to: Option<usize>,
}

/// The course of the run.
pub(super) struct Handovers<'r> {
    pub credentials: Vec<Held<'r>>,
    /// In the order of time.
    pub moves: Vec<Move<'r>>,
    /// How many secrets are told of.
    pub places: usize,
}

type Place<'r> = (&'r str, &'r str, &'r str, &'r str);

impl<'r> Handovers<'r> {
    /// What the receipt tells of it.
    pub fn of(receipt: &'r Receipt) -> Self {
        let validities = receipt.validities.iter();
        let mut handovers = Self {
            credentials: validities.map(|one| Held::new(one, receipt)).collect(),
            moves: Vec::new(),
            places: 0,
        };
        let mut holds: HashMap<Place<'r>, Option<usize>> = HashMap::new();
        for target in &receipt.targets {
            let place = (
                target.context.as_str(),
                target.namespace.as_str(),
                target.secret.as_str(),
                target.key.as_str(),
            );
            let before = target.before.as_ref();
            holds.insert(place, before.and_then(|known| handovers.find(known)));
        }
        let mut counts = vec![0; handovers.credentials.len()];
        for found in holds.values().flatten() {
            counts[*found] += 1;
        }
        for (credential, count) in handovers.credentials.iter_mut().zip(&counts) {
            credential.holders.push((receipt.began, *count));
        }
        let mut switches: Vec<&Switch> = receipt.switches.iter().collect();
        switches.sort_by_key(|switch| switch.at);
        for switch in switches {
            let place = (
                switch.context.as_str(),
                switch.namespace.as_str(),
                switch.secret.as_str(),
                switch.key.as_str(),
            );
            let to = switch.fingerprint.as_ref();
            let to = to.and_then(|token| handovers.find(token));
            let from = holds.insert(place, to).flatten();
            for (found, change) in [(from, -1), (to, 1)] {
                let Some(found) = found else { continue };
                counts[found] = usize::saturating_add_signed(counts[found], change);
                let holders = &mut handovers.credentials[found].holders;
                holders.push((switch.at, counts[found]));
            }
            handovers.moves.push(Move { switch, from, to });
        }
        handovers.places = holds.len();
        handovers
    }

    fn find(&self, token: &Fingerprint) -> Option<usize> {
        let mut credentials = self.credentials.iter();
        credentials.position(|known| known.validity.fingerprint == *token)
    }

    /// Switches away from a credential that may have been refused already.
    pub fn late(&self) -> usize {
        let is_late = |one: &&Move<'_>| {
            let from = one.from.map(|from| &self.credentials[from]);
            let safe_until = from.and_then(|from| from.safe_until);
            safe_until.is_some_and(|safe| one.switch.at > safe)
        };
        self.moves.iter().filter(is_late).count()
    }

    /// How long before its end the last secret had switched away from a credential, in
    /// seconds; `None` where one holds it still.
    pub fn margin(&self, credential: usize) -> Option<f64> {
        let Held {
            safe_until,
            holders,
            ..
        } = &self.credentials[credential];
        if holders.last().is_some_and(|(_, holders)| *holders > 0) {
            return None;
        }
        let mut moves = self.moves.iter().rev();
        let last = moves.find(|one| one.from == Some(credential))?;
        safe_until.map(|safe| seconds(last.switch.at, safe))
    }
}

/// In place, the time in which pulls could fail: from the regenerate's sending.
pub(super) fn window(receipt: &Receipt) -> Option<(Timestamp, Timestamp)> {
    let length = SignedDuration::from_millis(i64::try_from(receipt.window_ms?).ok()?);
    let began = receipt.window_began?;
    Some((began, began + length))
}

impl<'r> Held<'r> {
    fn new(validity: &'r Validity, receipt: &Receipt) -> Self {
        // When exactly Quay took it back is only known to be within a step.
        let safe_until = validity.until.map(|until| {
            let mut steps = receipt.steps.iter().rev();
            let step = steps.find(|step| step.began <= until);
            step.map_or(until, |step| step.began)
        });
        Self {
            role: role(validity, receipt),
            validity,
            safe_until,
            holders: Vec::new(),
        }
    }
}

fn role(validity: &Validity, receipt: &Receipt) -> Role {
    let bridge = receipt.bridge.as_ref().map(|bridge| bridge.as_str());
    if bridge == Some(validity.account.as_str()) {
        return Role::Bridge;
    }
    let is_old = receipt.before.as_deref() == Some(validity.fingerprint.to_string().as_str());
    let is_new = receipt.after.as_ref() == Some(&validity.fingerprint);
    match (is_old, is_new) {
        (true, true) => Role::Kept,
        (true, false) => Role::Old,
        (false, true) => Role::New,
        (false, false) => Role::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{bridge, in_place};
    use super::*;

    #[test]
    fn with_a_bridge_every_switch_is_in_time_and_the_margin_is_the_wait() {
        let receipt = bridge(3, 4);
        let handovers = Handovers::of(&receipt);
        assert_eq!(handovers.moves.len(), 24);
        assert_eq!(handovers.late(), 0);
        let roles: Vec<Role> = handovers.credentials.iter().map(|c| c.role).collect();
        assert_eq!(roles, [Role::Old, Role::Bridge, Role::New]);
        let margin = handovers.margin(0).unwrap();
        assert!((120.0..130.0).contains(&margin), "{margin}");
        let counts: Vec<usize> = handovers.credentials[1]
            .holders
            .iter()
            .map(|(_, count)| *count)
            .collect();
        assert_eq!(counts.iter().max(), Some(&12));
        assert_eq!(counts.last(), Some(&0));
        assert_eq!(handovers.credentials[2].holders.last().unwrap().1, 12);
    }

    #[test]
    fn a_switch_after_the_token_died_is_late() {
        let mut receipt = bridge(1, 3);
        let died = receipt.validities[0].until.unwrap();
        receipt.switches[1].at = died;
        assert_eq!(Handovers::of(&receipt).late(), 1);
    }

    #[test]
    fn in_place_every_switch_is_late_and_the_window_ends_with_the_last() {
        let receipt = in_place(2, 5);
        let handovers = Handovers::of(&receipt);
        assert_eq!(handovers.late(), 10);
        let (from, to) = window(&receipt).unwrap();
        assert_eq!(
            to.duration_since(from).as_millis(),
            i128::from(receipt.window_ms.unwrap())
        );
        assert_eq!(to, handovers.moves.last().unwrap().switch.at);
        assert!(from >= handovers.credentials[0].safe_until.unwrap());
    }
}
