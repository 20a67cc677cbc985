//! How many targets of one API server are worked on at once.
//!
//! 16 requests in flight saturate a server nearby; one 40 ms away wants 64. The
//! window therefore opens as long as that makes things faster, and halves when
//! the server says it is too much.

use futures::stream::{FuturesUnordered, StreamExt};
use std::cell::{Cell, RefCell};
use std::time::Instant;

/// Where every window begins.
const START: usize = 16;
/// kube-apiserver allows 100 streams on a connection; a few stay free for others.
const LARGEST: usize = 96;
/// Throughput has to grow by this factor for the window to open further.
const WORTHWHILE: f64 = 1.15;

/// The window of one API server. Used from one thread, like everything here.
#[derive(Debug)]
pub struct Window {
    limit: Cell<usize>,
    opening: Cell<bool>,
    round: RefCell<Round>,
}

#[derive(Debug)]
struct Round {
    began: Instant,
    done: usize,
    best: f64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            limit: Cell::new(START),
            opening: Cell::new(true),
            round: RefCell::new(Round {
                began: Instant::now(),
                done: 0,
                best: 0.0,
            }),
        }
    }
}

impl Window {
    /// How many targets may be worked on now.
    pub fn limit(&self) -> usize {
        self.limit.get()
    }

    /// The server answered 429 or 5xx: half of it, and no more opening.
    pub fn halve(&self) {
        self.limit.set((self.limit.get() / 2).max(1));
        self.opening.set(false);
    }

    /// Works on all `items`, never more at once than the window allows, and
    /// returns the results in the order of the items.
    pub async fn run<I, F, T>(
        &self,
        items: impl IntoIterator<Item = I>,
        work: impl Fn(I) -> F,
    ) -> Vec<T>
    where
        F: Future<Output = T>,
    {
        self.restart_round();
        let mut waiting = items.into_iter().enumerate();
        let mut running = FuturesUnordered::new();
        let mut results: Vec<(usize, T)> = Vec::new();
        loop {
            while running.len() < self.limit() {
                let Some((index, item)) = waiting.next() else {
                    break;
                };
                let future = work(item);
                running.push(async move { (index, future.await) });
            }
            let Some(result) = running.next().await else {
                break;
            };
            results.push(result);
            self.count_one(Instant::now());
        }
        results.sort_unstable_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn restart_round(&self) {
        let mut round = self.round.borrow_mut();
        round.began = Instant::now();
        round.done = 0;
    }

    /// After a window's worth of answers, compares the throughput with the best so far.
    fn count_one(&self, now: Instant) {
        let mut round = self.round.borrow_mut();
        round.done += 1;
        if round.done < self.limit.get() * 2 || !self.opening.get() {
            return;
        }
        let seconds = now.duration_since(round.began).as_secs_f64().max(1e-6);
        let throughput = round.done as f64 / seconds;
        if throughput > round.best * WORTHWHILE {
            round.best = throughput;
            self.limit.set((self.limit.get() * 2).min(LARGEST));
        } else {
            self.opening.set(false);
        }
        round.began = now;
        round.done = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Feeds rounds of answers that arrive at `rate(limit)` per second.
    fn settle(rate: impl Fn(usize) -> f64) -> usize {
        let window = Window::default();
        let mut now = Instant::now();
        window.round.borrow_mut().began = now;
        for _ in 0..20_000 {
            now += Duration::from_secs_f64(1.0 / rate(window.limit()));
            window.count_one(now);
        }
        window.limit()
    }

    #[test]
    fn a_far_server_gets_a_wide_window() {
        // 40 ms of round trip: throughput grows with what is in flight.
        assert_eq!(settle(|limit| limit as f64 / 0.042), LARGEST);
    }

    #[test]
    fn a_near_server_that_is_saturated_gets_no_more() {
        assert!(settle(|_| 1_000.0) <= 2 * START);
    }

    #[test]
    fn an_overloaded_server_gets_less_and_never_nothing() {
        let window = Window::default();
        for _ in 0..10 {
            window.halve();
        }
        assert_eq!(window.limit(), 1);
    }

    #[tokio::test]
    async fn results_come_back_in_the_order_of_the_targets() {
        let window = Window::default();
        let results = window
            .run(0..100_u64, |item| async move {
                tokio::task::yield_now().await;
                item * 2
            })
            .await;
        assert_eq!(results, (0..100).map(|item| item * 2).collect::<Vec<_>>());
    }
}
