//! What was written, taken back: by a watchdog, or by somebody who goes back to a backup.

use super::super::observed::Observed;
use super::super::protected::{check_removable, red_hat_entry};
use super::edit::copy;
use super::{EntryChange, EntryPlan, Obstacle, RestoreIntent, Written};
use crate::dockerconfig::Document;
use crate::hint::{self, Hint};
use std::collections::BTreeSet;

/// Makes every entry that was written what it is in `source`, where it still is what was
/// written; what somebody changed since is left to them.
pub(super) fn undo(after: &mut Document, source: &Document, wrote: &Written) -> Vec<EntryPlan> {
    let entries = wrote.keys().map(|key| {
        let mut entry = copy(after, source, key);
        if wrote.is_still(key, after) == Some(true) {
            after.copy(key, source);
        } else if entry.change != EntryChange::Unchanged {
            entry.change = EntryChange::Refused {
                reason: "somebody changed the entry since then".to_owned(),
                next: None,
            };
        }
        entry
    });
    entries.collect()
}

/// Makes everything what it is in the backup, to the byte.
pub(super) fn restore_all(after: &mut Document, target: &Document) -> Vec<EntryPlan> {
    let entries = differing(after, target);
    if !entries.is_empty() {
        after.clone_from(target);
    }
    entries
}

/// Takes back what we wrote since the backup was made, and leaves the rest as it is. All of
/// Red Hat's entries are restored, or nothing: two of two times are no state that ever was.
///
/// # Errors
/// Nothing that differs is ours.
pub(super) fn restore_ours(
    observed: &Observed,
    after: &mut Document,
    intent: &RestoreIntent,
    replace: &[String],
) -> Result<Vec<EntryPlan>, Obstacle> {
    let mut entries = differing(after, &intent.document);
    for entry in &mut entries {
        let named = replace.contains(&entry.key);
        let left = match Written::is_still_any(&intent.wrote, &entry.key, after) {
            _ if named => None,
            Some(true) => red_hats(entry).or_else(|| releases(observed, after, entry)),
            // It was ours, and rolling it back is what was asked for.
            Some(false) => Some(EntryChange::Refused {
                reason: "somebody changed the entry after you did".to_owned(),
                next: Some(restore_also(&entry.key)),
            }),
            None => Some(EntryChange::Kept),
        };
        if let Some(left) = left {
            entry.change = left;
            entry.after.clone_from(&entry.before);
        }
    }
    if entries
        .iter()
        .all(|entry| entry.change == EntryChange::Kept)
        && !entries.is_empty()
    {
        return Err(nothing_ours(&entries));
    }
    let half = |entry: &EntryPlan| red_hat_entry(&entry.key).is_some() && entry.is_refused();
    if entries.iter().any(half) {
        entries.retain(EntryPlan::is_refused);
        return Ok(entries);
    }
    match entries.iter().all(EntryPlan::changes) {
        // Then also the order of the entries is as it was.
        true => after.clone_from(&intent.document),
        false => {
            for entry in entries.iter().filter(|entry| entry.changes()) {
                after.copy(&entry.key, &intent.document);
            }
        }
    }
    Ok(entries)
}

/// The entries that are not the same in both.
fn differing(current: &Document, target: &Document) -> Vec<EntryPlan> {
    let entries = current.entries().chain(target.entries());
    let keys: BTreeSet<&str> = entries.map(|(key, _)| key).collect();
    let entries = keys.into_iter().map(|key| copy(current, target, key));
    let differs = |entry: &EntryPlan| entry.change != EntryChange::Unchanged;
    entries.filter(differs).collect()
}

/// An entry of Red Hat's that would change: its credential in the backup may be dead. What
/// cannot be read now is lost already.
fn red_hats(entry: &EntryPlan) -> Option<EntryChange> {
    let loses = entry.before.is_some() && entry.change != EntryChange::Added;
    let red_hat = red_hat_entry(&entry.key).filter(|_| loses)?;
    Some(EntryChange::Refused {
        reason: format!(
            "`{}` is Red Hat's and would change: if the credential of the backup is dead, {}",
            entry.key, red_hat.breaks
        ),
        next: Some(restore_also(&entry.key)),
    })
}

/// The entry that release images are pulled with, and that would go.
fn releases(observed: &Observed, current: &Document, entry: &EntryPlan) -> Option<EntryChange> {
    let goes = entry.change == EntryChange::Removed;
    let checked = check_removable(current, &entry.key, &[], &observed.release);
    let protected = checked.err().filter(|_| goes)?;
    Some(EntryChange::Refused {
        reason: protected.to_string(),
        next: Some(restore_also(&entry.key)),
    })
}

fn restore_also(key: &str) -> Hint {
    Hint::from("to restore this entry too, pass --replace-entry ")
        .word(key)
        .say("; to restore all of the backup, pass --exact")
}

fn nothing_ours(entries: &[EntryPlan]) -> Obstacle {
    let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    Obstacle {
        reason: format!(
            "the backup differs in {}, but these plugins did not write that; somebody else did",
            keys.join(", ")
        ),
        next: Hint::from(
            "pass --replace-entry KEY to restore an entry, or --exact to restore all; see ",
        )
        .run(hint::global("backups")),
    }
}
