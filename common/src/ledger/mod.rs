//! What happened: records of rotations, who is at work on one, and which place held which token.

mod books;
mod folder;
mod lease;
mod memory;
mod places;
mod record;
mod run_id;
mod state_secret;

pub use books::{Ledger, Lock};
#[cfg(test)]
pub(crate) use folder::tests;
pub use memory::{Memory, Replacing};
pub use places::{CredentialPlace, Places};
pub use record::{Entry, Event, Record, Records, Strategy};
pub use run_id::{machine, random_id};
pub use state_secret::{StateSecret, check_reference};
