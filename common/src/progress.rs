//! How the rooms that work tell the room that prints how far they are.

/// Receives the progress of one stretch of work.
///
/// The terminal's progress bar implements it; [`Silent`] ignores it.
pub trait Progress: Send + Sync {
    /// A stretch of `total` targets begins; `label` says what is done to them.
    fn begin(&self, label: &str, total: usize);
    /// One more target is done.
    fn advance(&self);
    /// The stretch is over.
    fn end(&self);
}

/// Ignores progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _label: &str, _total: usize) {}
    fn advance(&self) {}
    fn end(&self) {}
}
