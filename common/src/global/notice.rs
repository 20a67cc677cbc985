//! What people are told besides a report.

/// Something to know about a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Nothing is wrong.
    Note(String),
    /// Something is, or may be soon.
    Warning(String),
}
