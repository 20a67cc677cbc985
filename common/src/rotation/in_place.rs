//! In place: the token is replaced, and written everywhere as fast as can be.

use super::interrupt::Interrupt;
use super::run::{Rotation, credential};
use super::stage::Stage;
use crate::Failure;
use crate::fingerprint::Fingerprint;
use crate::ledger::Event;
use crate::quay::Robot;
use crate::receipt::{End, Receipt};
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
    pub async fn run_in_place(&mut self) -> Result<Receipt, Failure> {
        let work =
            async |run: &mut Self, interrupt: &Interrupt| run.replace_in_place(interrupt).await;
        self.carry_out(work).await
    }

    async fn replace_in_place(&mut self, interrupt: &Interrupt) -> Result<Receipt, Failure> {
        if self.stage == Stage::Distributing {
            self.take_turn().await?;
            self.distribute(interrupt).await?;
        } else {
            self.rehearse(interrupt).await?;
            let old = self.old_fingerprint();
            self.note_beginning().await?;
            self.take_turn().await?;
            self.replace(&old, interrupt).await?;
        }
        self.finish(End::Finished, None, None, interrupt).await
    }

    /// An earlier run ended between the regenerate and the last secret.
    async fn distribute(&mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        let robot = &self.twins.robot.clone();
        self.step(
            "write",
            &format!("writing the new token of {robot} into every secret"),
            interrupt,
        )?;
        let current = self.twins.read(robot).await?;
        let swap = self.fleet.swap(credential(&current));
        self.write_everywhere(&swap).await?;
        self.follow(current).await
    }

    /// Everything that can be done before is done: the secrets are listed, the connections
    /// are open. Then the window opens.
    async fn replace(&mut self, old: &Fingerprint, interrupt: &Interrupt) -> Result<(), Failure> {
        let robot = &self.twins.robot.clone();
        self.step(
            "renew",
            &format!("regenerating the token of {robot}"),
            interrupt,
        )?;
        self.journal.note(Event::Renewing).await?;
        let (holders, turn) = join(self.fleet.holders(), self.turn.look()).await;
        let holders = holders?;
        turn?;
        self.turn.hurry(true);
        let sent = Instant::now();
        self.journal.log.window_began = Some(Timestamp::now());
        let renewed = match self.twins.session.quay.regenerate(robot).await {
            Ok(renewed) => renewed,
            Err(error) => {
                // The answer may be lost, and the old token dead.
                let current = self.twins.read(robot).await?;
                if Fingerprint::of(&current.token) == *old {
                    return Err(self.twins.failed(format!("the token of `{robot}`"))(error));
                }
                current
            }
        };
        self.opened(&renewed);
        let swap = self.fleet.swap(credential(&renewed));
        let progress = self.task.watcher.progress();
        let (fleet, twins) = (&mut self.fleet, &self.twins);
        let write = async {
            let written = fleet.write(&holders, &swap, &|| true, progress);
            (written.await, sent.elapsed())
        };
        let ((written, window), current) = join(write, twins.read(robot)).await;
        self.turn.hurry(false);
        self.journal.log.window_ms = Some(milliseconds(window));
        let written = written?;
        self.journal.switched(written.iter(), &swap);
        self.remember(&holders, &written, &swap).await;
        self.fleet.check(&written)?;
        let current = current?;
        if current.token.expose_secret() != renewed.token.expose_secret() {
            self.task.watcher.warn(&format!(
                "somebody else regenerated the token of {robot} at the same moment: every secret \
                 gets their token"
            ));
            let swap = self.fleet.swap(credential(&current));
            self.write_everywhere(&swap).await?;
            self.journal.log.window_ms = Some(milliseconds(sent.elapsed()));
        }
        self.follow(current).await
    }

    fn opened(&mut self, renewed: &Robot) {
        self.journal.renewed(&Fingerprint::of(&renewed.token));
    }

    /// Secrets that appeared meanwhile are written too.
    async fn follow(&mut self, current: Robot) -> Result<(), Failure> {
        self.opened(&current);
        self.journal
            .note(Event::Renewed {
                token: Fingerprint::of(&current.token).to_string(),
            })
            .await?;
        let swap = self.fleet.swap(credential(&current));
        self.write_everywhere(&swap).await?;
        self.journal.note(Event::Returned).await
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
