//! The timeline in words, for whoever does not see it.

use super::super::contents::Receipt;
use super::handover::{Handovers, Move};
use super::words::{clock, count};
use std::fmt::Write;

/// The picture in words.
pub(super) fn in_words(receipt: &Receipt, handovers: &Handovers<'_>) -> String {
    let day = receipt.began;
    let mut text = format!(
        "From {} to {} UTC.",
        clock(receipt.began, day),
        clock(receipt.ended, day)
    );
    for credential in &handovers.credentials {
        let validity = credential.validity;
        let _ = write!(
            text,
            " The {} {} was accepted",
            credential.role.word(),
            validity.fingerprint
        );
        if let Some(from) = validity.from {
            let _ = write!(text, " from {}", clock(from, day));
        }
        match validity.until {
            Some(until) => _ = write!(text, " until {}.", clock(until, day)),
            None => text.push_str(" to the end."),
        }
    }
    for (index, credential) in handovers.credentials.iter().enumerate() {
        let to: Vec<&Move<'_>> = handovers
            .moves
            .iter()
            .filter(|one| one.to == Some(index))
            .collect();
        if let (Some(first), Some(last)) = (to.first(), to.last()) {
            let _ = write!(
                text,
                " {} to the {} between {} and {}.",
                count(to.len(), "switch"),
                credential.role.word(),
                clock(first.switch.at, day),
                clock(last.switch.at, day)
            );
        }
    }
    text
}
