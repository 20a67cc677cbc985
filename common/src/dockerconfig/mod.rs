//! A pull secret's content: found as the kubelet reads it, edited to the letter.

mod credential;
mod document;
mod entry;
mod key;
mod owner;

pub use credential::Credential;
pub use document::{Document, DocumentError};
pub use entry::EntryError;
pub use key::{belongs_to, is_served, is_whole_registry, registry_of_key, unused_at};
pub use owner::{RegistryNames, UnclearOwner, owner_of};
