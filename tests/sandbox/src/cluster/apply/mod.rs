//! Field ownership and server-side apply.

mod applied;
mod fields;
mod managers;
mod walk;

pub(super) use applied::applied;
pub(super) use managers::{Ownership, same_but_times, updated};

#[cfg(test)]
mod tests;
