//! The bridge strategy: at every moment each secret holds a credential that works.

use super::fleet::Astray;
use super::interrupt::Interrupt;
use super::run::{ROUNDS, Rotation, credential};
use super::stage::Stage;
use super::twins::Compared;
use crate::Failure;
use crate::fingerprint::Fingerprint;
use crate::ledger::Event;
use crate::quay::{BridgeMark, Robot};
use crate::receipt::{End, Receipt};
use crate::web::ApiError;
use futures::future::join;

/// The robot with its new token, and the bridge that every secret holds then.
type Crossed = (Robot, Robot);

impl Rotation<'_> {
    /// Goes on from wherever the rotation stands to its end.
    ///
    /// # Errors
    /// Whatever stopped it; the same command goes on from there.
    pub async fn run_bridge(&mut self) -> Result<Receipt, Failure> {
        let work =
            async |run: &mut Self, interrupt: &Interrupt| run.bridge_the_gap(interrupt).await;
        self.carry_out(work).await
    }

    async fn bridge_the_gap(&mut self, interrupt: &Interrupt) -> Result<Receipt, Failure> {
        let crossed = match self.stage {
            Stage::NotBegun => {
                let bridge = self.make_bridge(interrupt).await?;
                Some(self.cross_safely(bridge, interrupt).await?)
            }
            Stage::Crossing(_) => {
                self.take_note().await?;
                let bridge = self.equalize(interrupt).await?;
                Some(self.cross_safely(bridge, interrupt).await?)
            }
            Stage::Returning(_) => {
                self.take_note().await?;
                None
            }
            Stage::Removed | Stage::Distributing | Stage::Undone => {
                return self.finish(End::Finished, None, None, interrupt).await;
            }
        };
        let (renewed, crossed) = crossed.unzip();
        let robot = self.bring_back(renewed, interrupt).await?;
        let bridge = self.remove_bridge(crossed, interrupt).await?;
        self.finish(End::Finished, Some(robot), bridge, interrupt)
            .await
    }

    /// Takes the bridge down again, before anything was replaced.
    ///
    /// # Errors
    /// Whatever stopped it; the same command goes on from there.
    pub async fn abort(&mut self) -> Result<Receipt, Failure> {
        let work = async |run: &mut Self, interrupt: &Interrupt| run.take_back(interrupt).await;
        self.carry_out(work).await
    }

    async fn take_back(&mut self, interrupt: &Interrupt) -> Result<Receipt, Failure> {
        if self.stage == Stage::Undone {
            return self.finish(End::Aborted, None, None, interrupt).await;
        }
        self.take_turn().await?;
        let robot = self.bring_back(None, interrupt).await?;
        let bridge = self.remove_bridge(None, interrupt).await?;
        self.finish(End::Aborted, Some(robot), bridge, interrupt)
            .await
    }

    /// The bridge, with the rights of the robot, and tried.
    async fn make_bridge(&mut self, interrupt: &Interrupt) -> Result<Robot, Failure> {
        let (robot, bridge) = (self.twins.robot.clone(), self.twins.bridge.clone());
        self.rehearse(interrupt).await?;
        self.step(
            "bridge",
            &format!("creating the bridge {bridge}"),
            interrupt,
        )?;
        let replaces = self.old_fingerprint();
        let mark = BridgeMark::new(&self.journal.id, &replaces, self.fleet.members.len());
        // A bridge that nobody remembers could not be told from somebody else's.
        self.note_beginning().await?;
        self.take_turn().await?;
        let quay = &self.twins.session.quay;
        match quay.create(&bridge, &mark.to_string()).await {
            Ok(made) => self.equalize_new(made, interrupt).await,
            Err(ApiError::Exists) => Err(Failure::new(format!(
                "somebody else began to rotate {robot} at the same moment: their bridge {bridge} \
                 exists"
            ))
            .next("let that rotation finish")),
            Err(error) => {
                // The answer may be lost, and the bridge there.
                let stands = quay.robot(&bridge).await;
                let ours = stands.is_ok_and(|found| found.description == mark.to_string());
                match ours {
                    true => self.equalize(interrupt).await,
                    false => Err(self.twins.failed(format!("bridge `{bridge}`"))(error)),
                }
            }
        }
    }

    /// Writes into this machine's ledger what an earlier run, or another machine, did not.
    async fn take_note(&mut self) -> Result<(), Failure> {
        if !self.is_known {
            self.note_beginning().await?;
        }
        self.take_turn().await?;
        if matches!(self.stage, Stage::Returning(_)) {
            let current = self.twins.read(&self.twins.robot).await?;
            self.journal
                .note(Event::Renewed {
                    token: Fingerprint::of(&current.token).to_string(),
                })
                .await?;
        }
        Ok(())
    }

    /// Gives a bridge that stands what the robot may do, and proves that the registry sees it so.
    async fn equalize(&mut self, interrupt: &Interrupt) -> Result<Robot, Failure> {
        self.begin_copying(interrupt)?;
        let compared = self.twins.compare().await?;
        self.note_compared(&compared).await?;
        let bridge = self.twins.read(&self.twins.bridge).await?;
        self.twins.prove_pulls(&bridge).await?;
        Ok(bridge)
    }

    /// The same for one that was made a moment ago.
    async fn equalize_new(
        &mut self,
        bridge: Robot,
        interrupt: &Interrupt,
    ) -> Result<Robot, Failure> {
        self.begin_copying(interrupt)?;
        let compared = self.twins.give_to_new(&bridge).await?;
        self.note_compared(&compared).await?;
        Ok(bridge)
    }

    fn begin_copying(&mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        let (robot, bridge) = (&self.twins.robot, &self.twins.bridge);
        let text = format!("granting {bridge} the rights of {robot}");
        self.step("copy rights", &text, interrupt)
    }

    async fn note_compared(&self, compared: &Compared) -> Result<(), Failure> {
        match compared.is_news {
            true => {
                self.journal
                    .note(Event::Compared {
                        rights: compared.rights.clone(),
                    })
                    .await
            }
            false => Ok(()),
        }
    }

    /// Writes the bridge everywhere and waits for kubelets that had read the robot's
    /// credential, until nobody holds that any more; then replaces it.
    async fn cross_and_renew(
        &mut self,
        mut bridge: Robot,
        interrupt: &Interrupt,
    ) -> Result<Crossed, Failure> {
        let robot = self.twins.robot.clone();
        let mut astray = Vec::new();
        for _ in 0..ROUNDS {
            let is_new = matches!(self.stage, Stage::NotBegun);
            let token = Fingerprint::of(&bridge.token);
            let account = bridge.name.clone();
            self.journal.log.accepted(account.as_str(), &token, is_new);
            let text = format!("writing {account} into every secret");
            self.step("cross", &text, interrupt)?;
            let swap = self.fleet.swap(credential(&bridge));
            self.write_everywhere(&swap).await?;
            self.journal.note(Event::Crossed).await?;
            bridge = self.settle(&robot, bridge, interrupt).await?;
            let compared = self.reconcile(interrupt).await?;
            let swap = self.fleet.swap(credential(&bridge));
            astray = self.fleet.astray(&swap).await?;
            if astray.is_empty() {
                self.fleet.check_way_back().await?;
                self.journal.state(
                    format!("{account} had the rights of {robot}"),
                    true,
                    format!("rights compared one by one: {}", compared.rights.len()),
                );
                return Ok((self.renew(interrupt).await?, bridge));
            }
        }
        Err(keeps_appearing(robot.as_str(), &astray))
    }

    /// Crosses and renews; if somebody takes the bridge away meanwhile, every secret gets the
    /// robot's own token back at once.
    async fn cross_safely(
        &mut self,
        bridge: Robot,
        interrupt: &Interrupt,
    ) -> Result<Crossed, Failure> {
        let failure = match self.cross_and_renew(bridge, interrupt).await {
            Ok(renewed) => return Ok(renewed),
            Err(failure) => failure,
        };
        if !self.twins.bridge_is_gone().await {
            return Err(failure);
        }
        self.turn.look().await?;
        let (robot, bridge) = (self.twins.robot.clone(), self.twins.bridge.clone());
        self.task.watcher.warn(&format!(
            "somebody deleted the bridge {bridge}: writing {robot} back into every secret"
        ));
        let swap = self.fleet.swap(credential(&self.twins.read(&robot).await?));
        self.write_everywhere(&swap).await?;
        Err(Failure::new(format!(
            "somebody deleted the bridge {bridge} during the rotation; every secret holds \
             {robot} again"
        ))
        .next("run the same command again"))
    }

    /// Replaces the robot's token, which nobody holds at this moment.
    async fn renew(&mut self, interrupt: &Interrupt) -> Result<Robot, Failure> {
        let robot = self.twins.robot.clone();
        let text = format!("regenerating the token of {robot}");
        self.step("renew", &text, interrupt)?;
        let old = self.old_fingerprint();
        self.journal.note(Event::Renewing).await?;
        let (turn, current) = join(self.turn.look(), self.twins.read(&robot)).await;
        turn?;
        let current = current?;
        let token = Fingerprint::of(&current.token);
        if token != old {
            // Whoever it was, nobody holds the old token, and the new one is brought everywhere.
            self.task.watcher.warn(&format!(
                "somebody else regenerated the token of {robot} during the rotation: secrets \
                 will get that token"
            ));
            self.renewed(&token).await?;
            return Ok(current);
        }
        self.turn.hurry(true);
        let (current, lost) = match self.twins.session.quay.regenerate(&robot).await {
            Ok(renewed) => (renewed, None),
            // The answer can be lost, and the token replaced.
            Err(error) => (self.twins.read(&robot).await?, Some(error)),
        };
        let token = Fingerprint::of(&current.token);
        if token == old {
            return Err(match lost {
                Some(error) => self.twins.failed(format!("the token of `{robot}`"))(error),
                None => Failure::new(format!("Quay still has the old token of {robot}")),
            });
        }
        self.renewed(&token).await?;
        if let Err(lost) = self.turn.assure().await {
            // It was another's by then, whose secrets hold what is dead now.
            let swap = self.fleet.swap(credential(&current));
            self.write_while(&swap, &|| true).await?;
            return Err(lost);
        }
        self.turn.hurry(false);
        Ok(current)
    }

    pub(super) async fn renewed(&mut self, token: &Fingerprint) -> Result<(), Failure> {
        self.journal.renewed(token);
        self.journal
            .note(Event::Renewed {
                token: token.to_string(),
            })
            .await
    }

    /// Writes the robot everywhere and waits for kubelets that had read the bridge's
    /// credential, until nobody holds that any more. Returns the robot as it was then.
    async fn bring_back(
        &mut self,
        mut renewed: Option<Robot>,
        interrupt: &Interrupt,
    ) -> Result<Robot, Failure> {
        let (robot, bridge) = (self.twins.robot.clone(), self.twins.bridge.clone());
        let mut astray = Vec::new();
        for _ in 0..ROUNDS {
            let known = renewed.as_ref().map(|robot| Fingerprint::of(&robot.token));
            let (found, answer) = self.twins.try_current(renewed.take()).await?;
            let token = Fingerprint::of(&found.token);
            if known.is_some_and(|known| known != token) {
                // Another regenerate was faster than the answer to ours.
                self.renewed(&token).await?;
            }
            self.twins.judge_pulls(&found, answer).await?;
            let text = format!("writing {robot} into every secret");
            self.step("return", &text, interrupt)?;
            let swap = self.fleet.swap(credential(&found));
            self.write_everywhere(&swap).await?;
            self.journal.note(Event::Returned).await?;
            let last = self.settle(&bridge, found, interrupt).await?;
            let swap = self.fleet.swap(credential(&last));
            astray = self.fleet.astray(&swap).await?;
            if astray.is_empty() {
                return Ok(last);
            }
        }
        Err(keeps_appearing(bridge.as_str(), &astray))
    }

    async fn reconcile(&mut self, interrupt: &Interrupt) -> Result<Compared, Failure> {
        let (robot, bridge) = (&self.twins.robot, &self.twins.bridge);
        let text = format!("comparing {robot} and {bridge}");
        self.step("compare rights", &text, interrupt)?;
        let compared = self.twins.compare().await?;
        self.note_compared(&compared).await?;
        Ok(compared)
    }

    /// The bridge that was removed; `None` where somebody else had removed it already.
    async fn remove_bridge(
        &mut self,
        crossed: Option<Robot>,
        interrupt: &Interrupt,
    ) -> Result<Option<Robot>, Failure> {
        let bridge = self.twins.bridge.clone();
        if let Err(failure) = self.reconcile(interrupt).await {
            if !self.twins.bridge_is_gone().await {
                return Err(failure);
            }
            self.turn.look().await?;
            let text = format!("somebody else already deleted {bridge}");
            self.task.watcher.warn(&text);
            return Ok(None);
        }
        // Its token is tried once it is gone.
        let found = match crossed {
            Some(found) => found,
            None => self.twins.read(&bridge).await?,
        };
        self.step(
            "remove",
            &format!("deleting the bridge {bridge}"),
            interrupt,
        )?;
        let about_to = match self.task.options.abort {
            true => Event::Undoing,
            false => Event::Removing,
        };
        self.journal.note(about_to).await?;
        self.turn.look().await?;
        match self.twins.session.quay.delete(&bridge).await {
            Ok(()) | Err(ApiError::NotFound) => {}
            Err(error) => return Err(self.twins.failed(format!("bridge `{bridge}`"))(error)),
        }
        self.journal.log.dead(bridge.as_str(), None);
        Ok(Some(found))
    }
}

/// Something puts `account` back into secrets as often as this run writes them.
fn keeps_appearing(account: &str, astray: &[Astray]) -> Failure {
    const SHOWN: usize = 10;
    let mut text = format!(
        "{account} keeps coming back, because something else writes these \
                            secrets:"
    );
    for secret in astray.iter().take(SHOWN) {
        text += &format!("\n  - {secret}");
    }
    if astray.len() > SHOWN {
        text += &format!("\n  - and {} more", astray.len() - SHOWN);
    }
    Failure::new(text).next("stop whatever writes these secrets, then run the same command again")
}
