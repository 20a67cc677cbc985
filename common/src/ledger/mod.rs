//! What happened: records of rotations, who is at work on one, and which place held which token.

mod folder;
mod memory;
mod places;
mod record;
mod state_secret;

#[cfg(test)]
pub(crate) use folder::tests;
pub use folder::{Ledger, Lock};
pub use memory::Memory;
pub use places::{CredentialPlace, Places};
pub use record::{Entry, Event, Record, Strategy};
pub use state_secret::{StateSecret, check_reference};
