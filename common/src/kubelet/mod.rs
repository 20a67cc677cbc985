//! What a kubelet does with pull secrets: which count, how they are read, which credential it
//! tries first, what it says. No I/O.
//!
//! The rules are those of Kubernetes 1.36. `tests/kubelet` holds them to the kubelet's own
//! code, over thousands of generated cases.

mod content;
mod entry;
mod format;
mod image;
pub(crate) mod json;
mod key;
mod keyring;
mod message;
mod pod;
mod presence;
mod unused;
mod unused_key;
mod url;

pub(crate) use content::{Auths, Content, Entry};
pub use content::{ContentFault, Fault};
pub use entry::{EntryFault, Login};
pub use format::Format;
pub use image::{ImageReference, parse_image};
pub use key::{Key, KeyMatch, matches_image};
pub use keyring::{Attempt, Keyring, Refused, Secret};
pub use message::{PullEvent, PullFailure, Waiting};
pub use pod::{admitted, asked_for};
pub use presence::{ImageStep, Proof, PullPolicy, Record, Verification, image_step};
pub use unused::Unused;
pub use unused_key::UnusedKey;
