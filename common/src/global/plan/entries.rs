//! Entries of any registry, given by the user.

use super::super::observed::Observed;
use super::super::protected::{ProtectedEntry, check_writable};
use super::edit::{copy, original_wins};
use super::{EntryChange, EntryPlan};
use crate::dockerconfig::{Document, EntryError};
use crate::hint::Hint;

/// Makes every one of these entries what it is in `given`, to the letter; all others stay.
pub(super) fn entries(
    observed: &Observed,
    after: &mut Document,
    given: &Document,
    replace: &[String],
) -> Vec<EntryPlan> {
    let entries = given.entries().map(|(key, read)| {
        let mut entry = copy(after, given, key);
        let refusal = match &read {
            Ok(held) => refusal(observed, after, key, &held.username, replace),
            Err(EntryError::Empty) => Some((
                "the entry holds no credential".to_owned(),
                "log in to the registry first; the file may name a credential helper that keeps \
                 the password"
                    .into(),
            )),
            Err(error) => Some((error.to_string(), "repair the file".into())),
        };
        match refusal {
            Some((reason, next)) => {
                entry.change = EntryChange::Refused {
                    reason,
                    next: Some(next),
                };
                entry.after = None;
            }
            None => after.copy(key, given),
        }
        entry
    });
    entries.collect()
}

fn refusal(
    observed: &Observed,
    document: &Document,
    key: &str,
    account: &str,
    replace: &[String],
) -> Option<(String, Hint)> {
    if let Some(reason) = original_wins(observed, key) {
        let next = "choose a key with a path, or change spec.pullSecret of the HostedCluster";
        return Some((reason, next.into()));
    }
    let protected = check_writable(document, key, account, replace, &observed.release).err()?;
    let other_key = match &protected {
        ProtectedEntry::RedHat { .. } | ProtectedEntry::Releases { .. } => {
            format!("choose a key with a path, such as {key}/ORG, or ")
        }
        ProtectedEntry::Held { .. } => String::new(),
    };
    let next = Hint::from(other_key).say("pass --replace-entry ").word(key);
    Some((protected.to_string(), next))
}
