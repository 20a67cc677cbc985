//! The bridge strategy: at every moment each secret holds a credential that works.

use super::fleet::Subject;
use super::rights::merge;
use super::run::{ROUNDS, Rotation};
use super::stage::Stage;
use crate::Failure;
use crate::cluster::WriteMode;
use crate::dockerconfig::Credential;
use crate::fingerprint::Fingerprint;
use crate::hint;
use crate::ledger::Event;
use crate::quay::{BridgeMark, Right, Robot};
use crate::receipt::{Outcome, Receipt};
use crate::web::ApiError;

impl Rotation<'_> {
    /// Goes on from wherever the rotation stands to its end.
    ///
    /// # Errors
    /// Whatever stopped it; the same command goes on from there.
    pub async fn run_bridge(&self) -> Result<Receipt, Failure> {
        let run = async {
            match &self.stage {
                Stage::NotBegun => {
                    self.make_bridge().await?;
                    self.cross_safely().await?;
                }
                Stage::Crossing(_) => {
                    self.take_note().await?;
                    self.equalize().await?;
                    self.cross_safely().await?;
                }
                Stage::Returning(_) => self.take_note().await?,
                Stage::Removed | Stage::Distributing | Stage::Undone => {
                    return self.finish(Outcome::Finished).await;
                }
            }
            self.bring_back().await?;
            self.remove_bridge().await?;
            self.finish(Outcome::Finished).await
        };
        self.end(self.interrupt.watch(run).await)
    }

    /// Takes the bridge down again, before anything was replaced.
    ///
    /// # Errors
    /// Whatever stopped it; the same command goes on from there.
    pub async fn abort(&self) -> Result<Receipt, Failure> {
        let run = async {
            if self.stage != Stage::Undone {
                self.bring_back().await?;
                self.remove_bridge().await?;
            }
            self.finish(Outcome::Aborted).await
        };
        self.end(self.interrupt.watch(run).await)
    }

    /// A run that ended early says so in the ledger, and how to go on.
    pub(super) fn end(&self, result: Result<Receipt, Failure>) -> Result<Receipt, Failure> {
        result.map_err(|failure| {
            let reason = failure.message().to_owned();
            // The failure itself matters more than one of the ledger's.
            let _ = self.note(Event::Stopped { reason });
            match failure.next_step() {
                Some(_) => failure,
                None => failure.next("run the same command again: it goes on where this one ended"),
            }
        })
    }

    async fn make_bridge(&self) -> Result<(), Failure> {
        let (robot, bridge) = (&self.subject.robot, &self.subject.bridge);
        self.rehearse().await?;
        self.step("bridge", &format!("creating the bridge {bridge}"))?;
        let replaces = self.old_fingerprint();
        let mark = BridgeMark::new(&self.id, &replaces, self.sites.len());
        // A bridge that nobody remembers could not be told from somebody else's.
        self.note_beginning()?;
        match self
            .task
            .session
            .quay
            .create(bridge, &mark.to_string())
            .await
        {
            Ok(_) => {}
            Err(ApiError::Exists) => {
                return Err(Failure::new(format!(
                    "somebody else began to rotate {robot} at this moment: their bridge {bridge} stands"
                ))
                .next("let them finish"));
            }
            Err(error) => {
                // The answer may be lost, and the bridge there.
                let stands = self.task.session.quay.robot(bridge).await;
                let ours = stands.is_ok_and(|found| found.description == mark.to_string());
                if !ours {
                    return Err(self.failed(format!("bridge `{bridge}`"))(error));
                }
            }
        }
        self.equalize().await
    }

    /// Writes into this machine's ledger what an earlier run, or another machine, did not.
    async fn take_note(&self) -> Result<(), Failure> {
        if !self.is_known {
            self.note_beginning()?;
        }
        if matches!(self.stage, Stage::Returning(_)) {
            let current = self.read(&self.subject.robot).await?;
            self.note(Event::Renewed {
                token: Fingerprint::of(&current.token).to_string(),
            })?;
        }
        Ok(())
    }

    /// Gives the bridge what the robot may do, and proves that the registry sees it so.
    async fn equalize(&self) -> Result<(), Failure> {
        let (robot, bridge) = (&self.subject.robot, &self.subject.bridge);
        self.step(
            "copy rights",
            &format!("giving {bridge} the rights of {robot}"),
        )?;
        let rights = self.compare().await?;
        self.log.borrow_mut().state(
            format!("{bridge} had the rights of {robot}"),
            true,
            format!("{rights} rights, compared one by one"),
        );
        self.prove_pulls(&self.read(bridge).await?).await
    }

    /// Writes the bridge everywhere and waits for kubelets that had read the robot's
    /// credential, until nobody holds that any more; then replaces it.
    async fn cross_and_renew(&self) -> Result<(), Failure> {
        let (robot, bridge) = (&self.subject.robot, &self.subject.bridge);
        for _ in 0..ROUNDS {
            let found = self.read(bridge).await?;
            let is_new = matches!(self.stage, Stage::NotBegun);
            let token = Fingerprint::of(&found.token);
            self.log
                .borrow_mut()
                .accepted(bridge.as_str(), &token, is_new);
            self.step("cross", &format!("writing {bridge} into every secret"))?;
            let swap = self.swap(credential(&found));
            self.write_everywhere(&swap, WriteMode::Persist).await?;
            self.note(Event::Crossed)?;
            self.settle(robot).await?;
            self.reconcile().await?;
            // The last look: whoever regenerated the bridge meanwhile is followed too.
            let swap = self.swap(credential(&self.read(bridge).await?));
            if self.is_everywhere(&swap).await? {
                self.check_way_back().await?;
                return self.renew().await;
            }
        }
        Err(keeps_appearing(robot.as_str()))
    }

    /// Crosses and renews; if somebody takes the bridge away meanwhile, every secret gets the
    /// robot's own token back at once.
    async fn cross_safely(&self) -> Result<(), Failure> {
        let (robot, bridge) = (&self.subject.robot, &self.subject.bridge);
        let Err(failure) = self.cross_and_renew().await else {
            return Ok(());
        };
        match self.task.session.quay.robot(bridge).await {
            Err(ApiError::NotFound) => {}
            _ => return Err(failure),
        }
        self.task.watcher.warn(&format!(
            "somebody deleted the bridge {bridge}: writing {robot} back into every secret"
        ));
        let swap = self.swap(credential(&self.read(robot).await?));
        self.write_everywhere(&swap, WriteMode::Persist).await?;
        Err(Failure::new(format!(
            "somebody deleted the bridge {bridge} meanwhile; every secret holds {robot} again"
        ))
        .next("run the same command again"))
    }

    /// Replaces the robot's token, which nobody holds at this moment.
    async fn renew(&self) -> Result<(), Failure> {
        let robot = &self.subject.robot;
        self.step("renew", &format!("regenerating the token of {robot}"))?;
        let old = self.old_fingerprint();
        let current = Fingerprint::of(&self.read(robot).await?.token);
        if current != old {
            // Whoever it was, nobody holds the old token, and the new one is brought everywhere.
            self.task.watcher.warn(&format!(
                "somebody else regenerated {robot} meanwhile: their token counts"
            ));
            return self.renewed(&current);
        }
        self.note(Event::Renewing)?;
        let renewed = self.task.session.quay.regenerate(robot).await;
        // What Quay says now counts: an answer can be lost, and another regenerate can race.
        let current = self.read(robot).await?;
        let token = Fingerprint::of(&current.token);
        if token == old {
            return Err(match renewed {
                Err(error) => self.failed(format!("the token of `{robot}`"))(error),
                Ok(_) => Failure::new(format!("Quay still has the old token of {robot}")),
            });
        }
        self.renewed(&token)
    }

    fn renewed(&self, token: &Fingerprint) -> Result<(), Failure> {
        let robot = self.subject.robot.as_str();
        let mut log = self.log.borrow_mut();
        log.accepted(robot, token, true);
        log.dead(robot, Some(token));
        drop(log);
        self.note(Event::Renewed {
            token: token.to_string(),
        })
    }

    /// Writes the robot everywhere and waits for kubelets that had read the bridge's
    /// credential, until nobody holds that any more.
    async fn bring_back(&self) -> Result<(), Failure> {
        let (robot, bridge) = (&self.subject.robot, &self.subject.bridge);
        for _ in 0..ROUNDS {
            let found = self.read(robot).await?;
            self.prove_pulls(&found).await?;
            self.step("return", &format!("writing {robot} into every secret"))?;
            let swap = self.swap(credential(&found));
            self.write_everywhere(&swap, WriteMode::Persist).await?;
            self.note(Event::Returned)?;
            self.settle(bridge).await?;
            let swap = self.swap(credential(&self.read(robot).await?));
            if self.is_everywhere(&swap).await? {
                return Ok(());
            }
        }
        Err(keeps_appearing(bridge.as_str()))
    }

    async fn reconcile(&self) -> Result<(), Failure> {
        let Subject { robot, bridge, .. } = &self.subject;
        self.step("compare rights", &format!("comparing {robot} and {bridge}"))?;
        self.compare().await.map(drop)
    }

    /// Follows whatever was given to robot or bridge, or taken from them, since they were
    /// compared last; returns how many rights both have then.
    async fn compare(&self) -> Result<usize, Failure> {
        let Subject { robot, bridge, .. } = &self.subject;
        let quay = &self.task.session.quay;
        let object = |robot| format!("the rights of `{robot}`");
        for _ in 0..ROUNDS {
            let rights = quay.rights(&[robot, bridge]).await;
            let rights = rights.map_err(self.failed(object(robot)))?;
            let before = self.before.borrow().clone();
            let merged = merge(before.as_ref(), &rights[0], &rights[1]);
            if merged.to_robot.is_empty() && merged.to_bridge.is_empty() {
                self.warn_of_unclear(&merged.unclear);
                *self.repositories.borrow_mut() = rights[0].repositories();
                if merged.unclear.is_empty() && before.as_ref() != Some(&rights[0]) {
                    self.note(Event::Compared {
                        rights: rights[0].clone(),
                    })?;
                    *self.before.borrow_mut() = Some(rights[0].clone());
                }
                return Ok(rights[0].len());
            }
            for (right, degree) in &merged.to_robot {
                let what = if degree.is_some() { "gained" } else { "lost" };
                self.task.watcher.warn(&format!(
                    "{bridge} {what} {right} meanwhile: {robot} follows"
                ));
            }
            let given = quay.set_rights(robot, &merged.to_robot).await;
            given.map_err(self.failed(object(robot)))?;
            let given = quay.set_rights(bridge, &merged.to_bridge).await;
            given.map_err(self.failed(object(bridge)))?;
        }
        Err(Failure::new(format!(
            "the rights of {robot} and {bridge} keep changing"
        )))
    }

    fn warn_of_unclear(&self, rights: &[Right]) {
        let Subject { robot, bridge, .. } = &self.subject;
        for right in rights {
            self.task.watcher.warn(&format!(
                "only {bridge} has {right}: if {robot} is to keep it, give it that by hand; \
                 this machine does not know what {robot} had before"
            ));
        }
    }

    async fn remove_bridge(&self) -> Result<(), Failure> {
        let bridge = &self.subject.bridge;
        let found = match self.task.session.quay.robot(bridge).await {
            Err(ApiError::NotFound) => {
                self.task
                    .watcher
                    .warn(&format!("somebody else removed {bridge} already"));
                return Ok(());
            }
            found => found.map_err(self.failed(format!("bridge `{bridge}`")))?,
        };
        self.reconcile().await?;
        self.step("remove", &format!("removing the bridge {bridge}"))?;
        self.note(match self.task.options.abort {
            true => Event::Undoing,
            false => Event::Removing,
        })?;
        match self.task.session.quay.delete(bridge).await {
            Ok(()) | Err(ApiError::NotFound) => {}
            Err(error) => return Err(self.failed(format!("bridge `{bridge}`"))(error)),
        }
        self.log.borrow_mut().dead(bridge.as_str(), None);
        let claim = format!("{bridge} is gone, and its token is refused");
        self.prove_dead(bridge.as_str(), &found.token, &claim).await
    }
}

/// What a container runtime is given for the robot.
pub(super) fn credential(robot: &Robot) -> Credential {
    Credential::new(robot.name.as_str(), robot.token.clone())
}

fn keeps_appearing(account: &str) -> Failure {
    Failure::new(format!(
        "secrets that hold {account} keep appearing: something writes them"
    ))
    .next(
        hint::pullsecret("list -A")
            .say(" shows where; stop what writes them, then run the same command again"),
    )
}
