//! What happened, kept on this machine: records of rotations, and who is at work on one.

mod folder;
mod record;

#[cfg(test)]
pub(crate) use folder::tests;
pub use folder::{Ledger, Lock};
pub use record::{Entry, Event, Record, Strategy};
