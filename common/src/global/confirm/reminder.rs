//! What people are told of a write that waits, waited in vain, or was taken back.

use super::super::notice::Notice;
use super::{ConfirmState, Pending};
use crate::cli::command_text;
use crate::hint::{self, Command};

impl Pending {
    /// The write, in a few words.
    pub fn description(&self) -> String {
        format!(
            "the write of {} in {} (context {})",
            self.keys().join(", "),
            self.secret,
            self.context
        )
    }

    /// What every command tells of it, until somebody has decided.
    pub fn reminder(&self, state: ConfirmState) -> Vec<Notice> {
        let what = self.description();
        match state {
            ConfirmState::Waiting => vec![Notice::Note(format!(
                "{what} is taken back at {:.0} unless you confirm it: {}",
                self.deadline,
                command_text(&confirm())
            ))],
            ConfirmState::Restoring => vec![Notice::Warning(format!(
                "{what} was not confirmed and is being taken back{}",
                self.trouble()
                    .map(|why| self.stuck(&why))
                    .unwrap_or_default()
            ))],
            ConfirmState::Restored => self.restored(&what),
            ConfirmState::Orphaned => vec![Notice::Warning(format!(
                "{what} was to be confirmed by {:.0}, and what would have taken it back is gone; \
                 keep it with: {}, or take it back with: {}",
                self.deadline,
                command_text(&confirm()),
                command_text(&self.back())
            ))],
        }
    }

    fn stuck(&self, why: &str) -> String {
        format!(
            ", which did not succeed yet: {why}; keep it with: {}, or: {}",
            command_text(&confirm()),
            command_text(&hint::global("rollback").at(&self.context))
        )
    }

    fn restored(&self, what: &str) -> Vec<Notice> {
        let done = format!("{what} was not confirmed and has been taken back");
        let left = (!self.left.is_empty()).then(|| {
            format!(
                "left as it is, because somebody changed it since: {}",
                self.left.join(", ")
            )
        });
        std::iter::once(done)
            .chain(left)
            .map(Notice::Warning)
            .collect()
    }

    /// What takes it back by hand.
    fn back(&self) -> Command {
        let command = match self.backup.as_str() {
            "" => hint::global("remove KEY"),
            backup => hint::global("rollback").arg(backup),
        };
        command.at(&self.context)
    }
}

fn confirm() -> Command {
    hint::global("confirm")
}
