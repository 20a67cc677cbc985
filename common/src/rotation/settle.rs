//! Waiting until nobody pulls with a credential any more.

use super::interrupt::Interrupt;
use super::run::Rotation;
use crate::Failure;
use crate::cli::span;
use crate::names::RobotName;
use crate::quay::{Pull, Robot};
use futures::future::join;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

/// How often the usage log is looked at, while there is time.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(15);

impl Rotation<'_> {
    /// Waits for the nodes of global pull secrets, then until for a whole grace nobody has
    /// pulled as `account`. Returns the other of the two, which every secret holds, as it is then.
    ///
    /// Time is measured here, and only whether the log goes on is read from Quay, by days of its
    /// own clock: that and ours may differ.
    ///
    /// # Errors
    /// When pulls do not end, or the log cannot be read, and nobody says to go on.
    pub(super) async fn settle(
        &mut self,
        account: &RobotName,
        interrupt: &Interrupt,
    ) -> Result<Robot, Failure> {
        let nodes = self.wait_for_nodes(interrupt).await?;
        let grace = match nodes {
            true => self.task.options.grace.max(self.task.options.node_grace),
            false => self.task.options.grace,
        };
        let text = format!(
            "waiting until nobody has pulled as {account} for {}",
            span(grace)
        );
        self.step("settle", &text, interrupt)?;
        // Every secret depends on the bridge while the robot settles.
        let needs_bridge = *account == self.twins.robot;
        let twins = &self.twins;
        let look = async || match needs_bridge {
            true => twins.read_bridge().await,
            false => twins.read(&twins.robot).await,
        };
        let began = Instant::now();
        let mut seen = self.seen_pulling(account);
        let mut last = self.last_pull(account, seen).await;
        let mut quiet_since = Instant::now();
        let every = (grace / 8).clamp(OFTEN, SELDOM);
        loop {
            let left = grace.saturating_sub(quiet_since.elapsed());
            if began.elapsed() > grace.saturating_add(self.task.options.settle_timeout) {
                self.decide_on_stragglers(account, last, interrupt).await?;
                return look().await;
            }
            interrupt.sleep(left.min(every)).await?;
            seen = seen.max(time(&last));
            let (now, found) = join(self.last_pull(account, seen), look()).await;
            if needs_bridge && found.is_err() && self.twins.bridge_is_gone().await {
                return found;
            }
            if now != last {
                quiet_since = Instant::now();
                last = now;
            } else if quiet_since.elapsed() >= grace {
                return match (last.is_err(), found) {
                    (false, Ok(found)) => Ok(found),
                    // A Quay that did not answer for a moment is asked once more.
                    (false, Err(_)) => look().await,
                    (true, _) => {
                        self.decide_on_stragglers(account, last, interrupt).await?;
                        look().await
                    }
                };
            }
        }
    }

    /// When this account was last seen to pull before this run changed anything.
    fn seen_pulling(&self, account: &RobotName) -> Option<Timestamp> {
        let pulls = self.consumers.iter().map(|consumer| consumer.last);
        pulls.max().filter(|_| *account == self.twins.robot)
    }

    /// The account's last pull, or why it is not known. A log that showed a pull, and shows it
    /// no more, is no proof that nobody pulls.
    async fn last_pull(
        &self,
        account: &RobotName,
        seen: Option<Timestamp>,
    ) -> Result<Option<Pull>, String> {
        let quay = &self.twins.session.quay;
        let day_ago = quay.now() - SignedDuration::from_hours(24);
        let since = seen.map_or(day_ago, |seen| seen.min(day_ago));
        let last = quay.last_pull(account, since).await;
        let last = last.map_err(|error| format!("cannot read the usage log ({error})"));
        match seen {
            Some(seen) if last.is_ok() && time(&last) < Some(seen) => Err(format!(
                "it is unknown whether anybody pulls as {account}: the usage log showed a pull \
                 at {seen:.0}, and no longer shows it"
            )),
            _ => last,
        }
    }

    async fn decide_on_stragglers(
        &self,
        account: &RobotName,
        last: Result<Option<Pull>, String>,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        let problem = match last {
            Err(problem) => problem,
            Ok(pull) => {
                let pull = pull.as_ref();
                let from = pull.and_then(|pull| pull.ip.clone());
                let of = pull.and_then(|pull| pull.repository.clone());
                format!(
                    "somebody at {1} still pulls {0} as {account}",
                    of.as_deref().unwrap_or("an image"),
                    from.as_deref().unwrap_or("an unknown address"),
                )
            }
        };
        if self.task.options.ignore_usage {
            self.task
                .watcher
                .warn(&format!("{problem}; continuing because of --ignore-usage"));
            return Ok(());
        }
        let question = format!("{problem}. Continue? Pulls with the old credential will fail");
        match interrupt.during(self.task.watcher.ask(&question)).await? {
            Some(true) => Ok(()),
            Some(false) | None => Err(Failure::new(problem).next(
                "correct that, then run the same command again; or pass --ignore-usage to \
                 continue regardless",
            )),
        }
    }
}

fn time(last: &Result<Option<Pull>, String>) -> Option<Timestamp> {
    last.as_ref().ok()?.as_ref().map(|pull| pull.at)
}
