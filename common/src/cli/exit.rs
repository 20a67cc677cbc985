//! How a command ended.

/// How a command ended when nothing stopped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All well: 0.
    Success,
    /// A target failed or a check found a problem, and the report says which: 1.
    Problem,
}

impl Exit {
    /// Success where all is well.
    pub fn of(is_well: bool) -> Self {
        match is_well {
            true => Self::Success,
            false => Self::Problem,
        }
    }
}
