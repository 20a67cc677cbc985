//! Where a rotation stands, derived from what Quay and this machine's ledger hold. No I/O.

use crate::fingerprint::Fingerprint;
use crate::ledger::{Event, Record, Strategy};
use crate::quay::BridgeMark;

/// What a rotation has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nothing of it is there.
    NotBegun,
    /// A bridge stands and the robot still has the token that is being replaced: it can go
    /// on, and it can go back.
    Crossing(BridgeMark),
    /// A bridge stands and the robot has a new token: it can only go on.
    Returning(BridgeMark),
    /// The bridge was about to be removed, and is gone: what is left is the proof.
    Removed,
    /// The bridge was about to be removed with nothing replaced, and is gone.
    Undone,
    /// Regenerated in place, and maybe not written everywhere.
    Distributing,
}

/// Derives the stage from the robot's current token, the mark of its bridge if one stands,
/// and the newest record of this robot in the ledger.
pub fn stage(current: &Fingerprint, bridge: Option<&BridgeMark>, record: Option<&Record>) -> Stage {
    if let Some(mark) = bridge {
        return match mark.replaces == current.to_string() {
            true => Stage::Crossing(mark.clone()),
            false => Stage::Returning(mark.clone()),
        };
    }
    let Some(record) = record.filter(|record| !record.is_over()) else {
        return Stage::NotBegun;
    };
    let replaced = record.replaces.as_deref() != Some(current.to_string().as_str());
    match record.strategy {
        Strategy::Bridge if record.reached(Event::is_removing) && replaced => Stage::Removed,
        Strategy::Bridge if record.reached(Event::is_undoing) && !replaced => Stage::Undone,
        Strategy::InPlace if record.reached(Event::is_renewing) && replaced => Stage::Distributing,
        Strategy::Bridge | Strategy::InPlace => Stage::NotBegun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::record;
    use secrecy::SecretString;

    fn fingerprint(letter: &str) -> Fingerprint {
        Fingerprint::of(&SecretString::from(letter.repeat(64)))
    }

    #[test]
    fn the_current_token_tells_on_which_side_of_the_renewal_a_bridge_stands() {
        let (old, new) = (fingerprint("A"), fingerprint("B"));
        let mark = BridgeMark::new("id", &old, 1);
        assert_eq!(
            stage(&old, Some(&mark), None),
            Stage::Crossing(mark.clone())
        );
        assert_eq!(stage(&new, Some(&mark), None), Stage::Returning(mark));
    }

    #[test]
    fn without_a_bridge_the_ledger_tells_what_is_left_to_do() {
        let (old, new) = (fingerprint("A"), fingerprint("B"));
        let bridge = |events: &[Event]| record(Strategy::Bridge, &old, events);
        let in_place = |events: &[Event]| record(Strategy::InPlace, &old, events);
        for (record, current, expected) in [
            (bridge(&[]), &old, Stage::NotBegun),
            (bridge(&[Event::Renewing]), &new, Stage::NotBegun),
            (bridge(&[Event::Removing]), &new, Stage::Removed),
            (bridge(&[Event::Removing]), &old, Stage::NotBegun),
            (bridge(&[Event::Undoing]), &old, Stage::Undone),
            (bridge(&[Event::Undoing]), &new, Stage::NotBegun),
            (
                bridge(&[Event::Removing, Event::Finished]),
                &new,
                Stage::NotBegun,
            ),
            (in_place(&[Event::Renewing]), &old, Stage::NotBegun),
            (in_place(&[Event::Renewing]), &new, Stage::Distributing),
            (
                in_place(&[Event::Renewing, Event::Finished]),
                &new,
                Stage::NotBegun,
            ),
        ] {
            assert_eq!(stage(current, None, Some(&record)), expected, "{record:?}");
        }
        assert_eq!(stage(&old, None, None), Stage::NotBegun);
    }
}
