//! How a command ended.

/// How a command ended when nothing stopped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All well: 0.
    Success,
    /// A target failed or a check found a problem, and the report says which: 1.
    Problem,
}
