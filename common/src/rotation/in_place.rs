//! In place: the token is replaced, and written everywhere as fast as can be.

use super::bridge::credential;
use super::run::Rotation;
use super::stage::Stage;
use crate::Failure;
use crate::cluster::WriteMode;
use crate::fingerprint::Fingerprint;
use crate::ledger::Event;
use crate::quay::Robot;
use crate::receipt::{Outcome, Receipt};
use futures::future::join;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::time::{Duration, Instant};

impl Rotation<'_> {
    /// Regenerates once and writes everywhere; or only writes, where an earlier run has
    /// regenerated.
    ///
    /// # Errors
    /// Whatever stopped it; the same command goes on from there.
    pub async fn run_in_place(&self) -> Result<Receipt, Failure> {
        let run = async {
            if self.stage == Stage::Distributing {
                self.distribute().await?;
            } else {
                self.rehearse().await?;
                let old = self.old_fingerprint();
                self.note_beginning()?;
                self.replace(&old).await?;
            }
            self.finish(Outcome::Finished).await
        };
        self.end(self.interrupt.watch(run).await)
    }

    /// An earlier run ended between the regenerate and the last secret.
    async fn distribute(&self) -> Result<(), Failure> {
        let robot = &self.subject.robot;
        self.step(
            "write",
            &format!("writing the new token of {robot} everywhere"),
        )?;
        let current = self.read(robot).await?;
        let swap = self.swap(credential(&current));
        self.write_everywhere(&swap, WriteMode::Persist).await?;
        self.follow(current).await
    }

    /// Everything that can be done before is done: the secrets are listed, the connections
    /// are open. Then the window opens.
    async fn replace(&self, old: &Fingerprint) -> Result<(), Failure> {
        let robot = &self.subject.robot;
        self.step("renew", &format!("regenerating the token of {robot}"))?;
        let holders = self.holders().await?;
        self.note(Event::Renewing)?;
        let sent = Instant::now();
        self.log.borrow_mut().window_began = Some(Timestamp::now());
        let renewed = match self.task.session.quay.regenerate(robot).await {
            Ok(renewed) => renewed,
            Err(error) => {
                // The answer may be lost, and the old token dead.
                let current = self.read(robot).await?;
                if Fingerprint::of(&current.token) == *old {
                    return Err(self.failed(format!("the token of `{robot}`"))(error));
                }
                current
            }
        };
        self.opened(&renewed);
        let swap = self.swap(credential(&renewed));
        let write = async {
            let written = self.write(&holders, &swap, WriteMode::Persist).await;
            (written, sent.elapsed())
        };
        let ((written, window), current) = join(write, self.read(robot)).await;
        self.log.borrow_mut().window_ms = Some(milliseconds(window));
        written?;
        let current = current?;
        if current.token.expose_secret() != renewed.token.expose_secret() {
            self.task.watcher.warn(&format!(
                "somebody else regenerated {robot} at the same moment: their token counts, and is \
                 written too"
            ));
            let swap = self.swap(credential(&current));
            self.write_everywhere(&swap, WriteMode::Persist).await?;
            self.log.borrow_mut().window_ms = Some(milliseconds(sent.elapsed()));
        }
        self.follow(current).await
    }

    fn opened(&self, renewed: &Robot) {
        let robot = self.subject.robot.as_str();
        let token = Fingerprint::of(&renewed.token);
        let mut log = self.log.borrow_mut();
        log.accepted(robot, &token, true);
        log.dead(robot, Some(&token));
    }

    /// Secrets that appeared meanwhile are written too.
    async fn follow(&self, current: Robot) -> Result<(), Failure> {
        self.opened(&current);
        self.note(Event::Renewed {
            token: Fingerprint::of(&current.token).to_string(),
        })?;
        let swap = self.swap(credential(&current));
        self.write_everywhere(&swap, WriteMode::Persist).await?;
        self.note(Event::Returned)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
