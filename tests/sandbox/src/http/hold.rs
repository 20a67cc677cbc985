//! Requests that wait until a test has done something.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

/// Where requests stop until they are released, or until their client is gone.
#[derive(Clone, Debug)]
pub struct Hold {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    held: Mutex<usize>,
    arrived: Condvar,
    /// Never has a permit; closing it lets everybody pass.
    gate: Semaphore,
}

impl Default for Hold {
    fn default() -> Self {
        Self {
            state: Arc::new(State {
                held: Mutex::new(0),
                arrived: Condvar::new(),
                gate: Semaphore::new(0),
            }),
        }
    }
}

impl Hold {
    /// Waits until so many requests have arrived, `limit` at most; tells whether they have.
    pub fn wait_for(&self, requests: usize, limit: Duration) -> bool {
        let held = self
            .state
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .state
            .arrived
            .wait_timeout_while(held, limit, |held| *held < requests);
        let (held, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *held >= requests
    }

    /// Lets the requests go on, and all that arrive later.
    pub fn release(&self) {
        self.state.gate.close();
    }

    pub(super) async fn pass(&self) {
        *self
            .state
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        self.state.arrived.notify_all();
        // An error means that the gate was opened.
        drop(self.state.gate.acquire().await);
    }
}
