//! What people are told of a write that waits, waited in vain, or was taken back.

use super::super::notice::Notice;
use super::{ConfirmState, Pending};
use crate::cli::command_text;
use crate::hint::{self, Command};

impl Pending {
    /// The write, in a few words.
    pub fn description(&self) -> String {
        format!(
            "the change of {} in {} (context {})",
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
                "{what} will be undone at {:.0}, unless you confirm it: {}",
                self.deadline,
                command_text(&confirm())
            ))],
            ConfirmState::Restoring => vec![Notice::Warning(format!(
                "nobody confirmed {what}, so it is being undone{}",
                self.trouble()
                    .map(|why| self.stuck(&why))
                    .unwrap_or_default()
            ))],
            ConfirmState::Restored => self.restored(&what),
            ConfirmState::Orphaned => vec![Notice::Warning(format!(
                "nobody confirmed {what} by {:.0}, but the watchdog that should undo it has \
                 ended; keep the change with: {}, or undo it with: {}",
                self.deadline,
                command_text(&confirm()),
                command_text(&self.back())
            ))],
        }
    }

    fn stuck(&self, why: &str) -> String {
        format!(
            "; that has not succeeded yet: {why}; keep the change with: {}, or undo it with: {}",
            command_text(&confirm()),
            command_text(&hint::global("rollback").at(&self.context))
        )
    }

    fn restored(&self, what: &str) -> Vec<Notice> {
        let done = format!("nobody confirmed {what}, so it was undone");
        let left = (!self.left.is_empty()).then(|| {
            format!(
                "not undone, because somebody changed it since then: {}",
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
