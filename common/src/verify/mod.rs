//! Whether everything in scope can be pulled: what robots' credentials are worth, and whether
//! the images of pods are handed out to what those pods have.

mod credentials;
mod held;
mod images;
mod notes;
mod observe;
mod proof;
mod report;
mod unusable;
mod walk;

pub use images::ImageProof;
pub use notes::Note;
pub use proof::Proof;
pub use report::Proofs;
pub use walk::{Request, verify};
