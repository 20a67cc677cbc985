//! How the rooms that work tell the room that prints how far they are.

/// Receives the progress of one stretch of work.
///
/// The terminal's progress bar implements it.
pub trait Progress: Send + Sync {
    /// A stretch of `total` targets begins; `label` says what is done to them.
    fn begin(&self, label: &str, total: usize);
    /// One more target is done.
    fn advance(&self);
    /// The stretch is over.
    fn end(&self);
}
