//! Waiting until nobody pulls with a credential any more.

use super::interrupt::Interrupt;
use super::run::{ROUNDS, Rotation, credential};
use crate::Failure;
use crate::cli::span;
use crate::fingerprint::Fingerprint;
use crate::names::RobotName;
use crate::quay::{Pull, Quay, Robot};
use futures::future::join;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use std::time::{Duration, Instant};

/// How often the usage log is looked at, while there is time.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(15);
/// How often the robot that every secret holds is, whose token somebody may regenerate: every pull
/// fails from then on.
const HELD: Duration = Duration::from_secs(5);

/// How waiting ended.
enum Settled {
    /// Nobody pulls as the other one any more; every secret holds this one.
    Quiet(Robot),
    /// Somebody regenerated the one that every secret holds; this is how it is now.
    Regenerated(Robot),
}

impl Rotation<'_> {
    /// Waits for the nodes of global pull secrets, then until for a whole grace nobody has
    /// pulled as `account`. Every secret holds `held` meanwhile: where somebody regenerates it, the
    /// new token is written at once, and the waiting begins anew. Returns it as it is in the end.
    ///
    /// # Errors
    /// When pulls do not end, or the log cannot be read, and nobody says to go on.
    pub(super) async fn settle(
        &mut self,
        account: &RobotName,
        mut held: Robot,
        interrupt: &Interrupt,
    ) -> Result<Robot, Failure> {
        for _ in 0..ROUNDS {
            match self.settle_while(account, &held, interrupt).await? {
                Settled::Quiet(robot) => return Ok(robot),
                Settled::Regenerated(robot) => held = self.bring_everywhere(robot).await?,
            }
        }
        Err(
            Failure::new(format!("somebody keeps regenerating {}", held.name))
                .next("stop what does that, then run the same command again"),
        )
    }

    /// A token that somebody else made, at once.
    async fn bring_everywhere(&mut self, robot: Robot) -> Result<Robot, Failure> {
        let (name, token) = (&robot.name, Fingerprint::of(&robot.token));
        self.task.watcher.warn(&format!(
            "somebody else regenerated {name}: writing the new token into every secret at once"
        ));
        match *name == self.twins.robot {
            true => self.renewed(&token).await?,
            false => {
                self.journal.log.accepted(name.as_str(), &token, true);
                self.journal.log.dead(name.as_str(), Some(&token));
            }
        }
        let swap = self.fleet.swap(credential(&robot));
        self.write_everywhere(&swap).await?;
        Ok(robot)
    }

    /// Time is measured here, and only whether the log goes on is read from Quay, by days of its
    /// own clock: that and ours may differ.
    async fn settle_while(
        &mut self,
        account: &RobotName,
        held: &Robot,
        interrupt: &Interrupt,
    ) -> Result<Settled, Failure> {
        let quay = &self.twins.session.quay;
        let nodes = tokio::select! {
            nodes = self.wait_for_nodes(interrupt) => nodes?,
            robot = regenerated(quay, held) => return Ok(Settled::Regenerated(robot)),
        };
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
        let is_held = |robot: &Robot| is_same(robot, held);
        let settled = |robot| match is_held(&robot) {
            true => Settled::Quiet(robot),
            false => Settled::Regenerated(robot),
        };
        let began = Instant::now();
        let mut seen = self.seen_pulling(account);
        let mut last = self.last_pull(account, seen).await;
        let (mut asked, mut quiet_since) = (Instant::now(), Instant::now());
        let every = (grace / 8).clamp(OFTEN, SELDOM);
        loop {
            let left = grace.saturating_sub(quiet_since.elapsed());
            if began.elapsed() > grace.saturating_add(self.task.options.settle_timeout) {
                self.decide_on_stragglers(account, last, interrupt).await?;
                return look().await.map(settled);
            }
            interrupt.sleep(left.min(every).min(HELD)).await?;
            let (now, found) = match quiet_since.elapsed() < grace && asked.elapsed() < every {
                true => (last.clone(), look().await),
                false => {
                    asked = Instant::now();
                    seen = seen.max(time(&last));
                    join(self.last_pull(account, seen), look()).await
                }
            };
            if needs_bridge && found.is_err() && self.twins.bridge_is_gone().await {
                return found.map(settled);
            }
            if let Ok(robot) = &found
                && !is_held(robot)
            {
                return found.map(settled);
            }
            if now != last {
                quiet_since = Instant::now();
                last = now;
            } else if quiet_since.elapsed() >= grace {
                return match (last.is_err(), found) {
                    (false, Ok(found)) => Ok(settled(found)),
                    // A Quay that did not answer for a moment is asked once more.
                    (false, Err(_)) => look().await.map(settled),
                    (true, _) => {
                        self.decide_on_stragglers(account, last, interrupt).await?;
                        look().await.map(settled)
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

/// Waits until somebody regenerates the robot.
async fn regenerated(quay: &Quay, held: &Robot) -> Robot {
    loop {
        tokio::time::sleep(HELD).await;
        match quay.robot(&held.name).await {
            Ok(robot) if !is_same(&robot, held) => return robot,
            _ => {}
        }
    }
}

/// Whether the robot has the token that it had.
fn is_same(robot: &Robot, held: &Robot) -> bool {
    robot.token.expose_secret() == held.token.expose_secret()
}

fn time(last: &Result<Option<Pull>, String>) -> Option<Timestamp> {
    last.as_ref().ok()?.as_ref().map(|pull| pull.at)
}
