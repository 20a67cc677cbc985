//! The three kinds of patches that are computed against the stored object.

mod json;
mod merge;
mod shown;
mod strategic;

pub(super) use json::{Failure, apply as json_patch};
pub(super) use merge::apply as merge_patch;
pub(super) use shown::{by_name, go_printed};
pub(super) use strategic::apply as strategic_patch;

#[cfg(test)]
mod tests;
