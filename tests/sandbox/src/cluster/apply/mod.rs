//! Field ownership and server-side apply.

mod fields;
mod managers;
mod walk;

pub(super) use managers::{Ownership, applied, same_but_times, updated};

#[cfg(test)]
mod tests;
