//! How fast requests follow each other once Quay has said that they are too many.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Quay's nginx lets 5 requests a second through for each address over HTTP/1.1, and 50
/// for each connection over HTTP/2 (conf/nginx/rate-limiting.conf.jnj).
const HTTP1: Duration = Duration::from_millis(220);
const HTTP2: Duration = Duration::from_millis(22);

/// Lets requests pass at any rate until [`Pace::slow_down`], then one after the other.
#[derive(Default)]
pub(super) struct Pace {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    interval: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// A 429 was answered: from now on requests keep to the server's own rate.
    pub fn slow_down(&self, http2: bool) {
        let interval = if http2 { HTTP2 } else { HTTP1 };
        self.lock().interval = interval;
    }

    /// Waits until the next request may be sent.
    pub async fn turn(&self) {
        let wait = self.book(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes the next place in the queue, and says how far away it is.
    fn book(&self, now: Instant) -> Duration {
        let mut state = self.lock();
        if state.interval.is_zero() {
            return Duration::ZERO;
        }
        let at = state.next.map_or(now, |next| next.max(now));
        state.next = Some(at + state.interval);
        at - now
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_only_held_back_after_a_429() {
        let pace = Pace::default();
        let now = Instant::now();
        assert_eq!(pace.book(now), Duration::ZERO);
        assert_eq!(pace.book(now), Duration::ZERO);
        pace.slow_down(false);
        let waits: Vec<Duration> = (0..3).map(|_| pace.book(now)).collect();
        assert_eq!(waits, [Duration::ZERO, HTTP1, 2 * HTTP1]);
        assert_eq!(pace.book(now + 10 * HTTP1), Duration::ZERO);
    }
}
