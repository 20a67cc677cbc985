//! Waiting for what happens elsewhere.

use std::time::{Duration, Instant};

/// Longer than anything takes that is waited for.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks, so that what is waited for has the processor.
const GLANCE: Duration = Duration::from_millis(20);

/// Returns once the condition holds; fails if it never does.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
        std::thread::park_timeout(GLANCE);
    }
}
