//! Red Hat's account API: who somebody is, the pull secret of the account, its rotation.

mod account;
mod args;
mod client;
mod error;
mod login;
mod rotation;
mod sso;

pub use args::OcmArgs;
pub use client::{Account, AccountCluster, Ocm, Organization, Rotation, RotationState};
pub use error::OcmError;
pub use login::{OcmLogin, log_in, log_out, open, sign_in};
pub use rotation::{EntryState, RotationPace, RotationRecord, RotationStatus};
