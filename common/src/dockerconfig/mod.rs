//! A pull secret's content: parse, merge, render, redact, match like the kubelet.
//!
//! Read and written the way the kubelet does it (Kubernetes 1.36,
//! pkg/credentialprovider), and nothing is changed that is not ours.

mod credential;
mod document;
mod entry;
mod format;
mod image;
mod key;
mod raw;

pub use credential::Credential;
pub use document::{Document, DocumentError};
pub use entry::EntryError;
pub use format::Format;
pub use image::{ImageReference, parse_image};
pub use key::{belongs_to, is_whole_registry, matches_image, registry_of_key};
