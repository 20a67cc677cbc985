//! Ctrl-C: what is in flight is finished, nothing new is begun.

use crate::Failure;
use crate::signals;
use std::cell::Cell;
use std::time::Duration;
use tokio::sync::Notify;

/// Whether somebody wants the rotation to end.
#[derive(Default)]
pub struct Interrupt {
    pressed: Cell<bool>,
    wake: Notify,
}

impl Interrupt {
    /// Carries `work` out and watches for Ctrl-C meanwhile. The first one is seen by
    /// [`Interrupt::check`]; the second ends everything at once.
    pub async fn watch<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let watch = async {
            loop {
                signals::interrupted().await;
                if self.pressed.replace(true) {
                    return;
                }
                self.wake.notify_waiters();
            }
        };
        tokio::select! {
            result = work => result,
            () = watch => Err(interrupted()),
        }
    }

    /// Fails once Ctrl-C was pressed.
    pub fn check(&self) -> Result<(), Failure> {
        match self.pressed.get() {
            true => Err(interrupted()),
            false => Ok(()),
        }
    }

    /// Waits for something that need not be finished, and fails as soon as Ctrl-C is pressed.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let woken = self.wake.notified();
        self.check()?;
        tokio::select! {
            result = work => Ok(result),
            () = woken => Err(interrupted()),
        }
    }

    /// Sleeps, and fails as soon as Ctrl-C is pressed.
    pub async fn sleep(&self, time: Duration) -> Result<(), Failure> {
        self.during(tokio::time::sleep(time)).await
    }
}

fn interrupted() -> Failure {
    Failure::new("interrupted")
}
