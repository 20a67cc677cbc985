//! Waiting until nobody pulls with a credential any more.

use super::run::Rotation;
use crate::Failure;
use crate::cli::span;
use crate::names::RobotName;
use crate::quay::Pull;
use crate::web::ApiError;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

/// How often the usage log is looked at, while there is time.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(15);

impl Rotation<'_> {
    /// Waits for the nodes of global pull secrets, then until for a whole grace nobody has
    /// pulled as `account`.
    ///
    /// Time is measured here, and only whether the log goes on is read from Quay: its clock
    /// and ours may differ.
    ///
    /// # Errors
    /// When pulls do not end, or the log cannot be read, and nobody says to go on.
    pub(super) async fn settle(&self, account: &RobotName) -> Result<(), Failure> {
        let nodes = self.wait_for_nodes().await?;
        let grace = match nodes {
            true => self.task.options.grace.max(self.task.options.node_grace),
            false => self.task.options.grace,
        };
        let text = format!(
            "waiting until nobody has pulled as {account} for {}",
            span(grace)
        );
        self.step("settle", &text)?;
        let began = Instant::now();
        let mut last = self.last_pull(account).await;
        let mut quiet_since = Instant::now();
        let every = (grace / 8).clamp(OFTEN, SELDOM);
        loop {
            let left = grace.saturating_sub(quiet_since.elapsed());
            if began.elapsed() > grace.saturating_add(self.task.options.settle_timeout) {
                return self.decide_on_stragglers(account, last).await;
            }
            self.interrupt.sleep(left.min(every)).await?;
            if *account == self.subject.robot {
                self.check_bridge().await?;
            }
            let now = self.last_pull(account).await;
            if now != last {
                quiet_since = Instant::now();
                last = now;
            } else if quiet_since.elapsed() >= grace {
                return match last {
                    Ok(_) => Ok(()),
                    Err(_) => self.decide_on_stragglers(account, last).await,
                };
            }
        }
    }

    /// Every secret depends on the bridge while the robot settles.
    async fn check_bridge(&self) -> Result<(), Failure> {
        let bridge = &self.subject.bridge;
        match self.task.session.quay.robot(bridge).await {
            Err(ApiError::NotFound) => Err(Failure::new(format!("the bridge {bridge} is gone"))),
            // A Quay that does not answer for a moment has not lost it.
            _ => Ok(()),
        }
    }

    async fn last_pull(&self, account: &RobotName) -> Result<Option<Pull>, String> {
        let since = Timestamp::now() - SignedDuration::from_hours(24);
        let last = self.task.session.quay.last_pull(account, since).await;
        last.map_err(|error| error.to_string())
    }

    async fn decide_on_stragglers(
        &self,
        account: &RobotName,
        last: Result<Option<Pull>, String>,
    ) -> Result<(), Failure> {
        let problem = match last {
            Err(reason) => format!("the usage log cannot be read ({reason})"),
            Ok(pull) => {
                let pull = pull.as_ref();
                let from = pull.and_then(|pull| pull.ip.clone());
                let of = pull.and_then(|pull| pull.repository.clone());
                format!(
                    "somebody still pulls {} as {account}, from {}",
                    of.as_deref().unwrap_or("an image"),
                    from.as_deref().unwrap_or("an unknown address"),
                )
            }
        };
        if self.task.options.ignore_usage {
            self.task
                .watcher
                .warn(&format!("{problem}; going on, as --ignore-usage says"));
            return Ok(());
        }
        let question = format!("{problem}. Go on? Their pulls will fail");
        match self
            .interrupt
            .during(self.task.watcher.ask(&question))
            .await?
        {
            Some(true) => Ok(()),
            Some(false) | None => Err(Failure::new(problem).next(
                "see to that, then run the same command again; --ignore-usage goes on regardless",
            )),
        }
    }
}
