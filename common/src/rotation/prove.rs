//! What is checked in the end.

use super::interrupt::Interrupt;
use super::run::{Rotation, credential};
use super::stage::Stage;
use crate::Failure;
use crate::fingerprint::Fingerprint;
use crate::ledger::{Event, Strategy};
use crate::place::Place;
use crate::pullsecret::PullSecret;
use crate::quay::Robot;
use crate::receipt::{End, Receipt, TargetProof};
use jiff::Timestamp;
use std::collections::HashMap;

/// What is claimed, whether it holds, and what the registry said.
type Tried = (String, (bool, &'static str));

impl Rotation<'_> {
    /// Checks everything once more and writes it down. `robot` is as it was last seen, where it
    /// was; `removed` is the bridge that is gone.
    pub(super) async fn finish(
        &mut self,
        end: End,
        robot: Option<Robot>,
        removed: Option<Robot>,
        interrupt: &Interrupt,
    ) -> Result<Receipt, Failure> {
        self.step("prove", "checking every secret once more", interrupt)?;
        let (current, bridge, old) = futures::join!(
            self.twins.try_current(robot),
            self.bridge_is_dead(removed.as_ref()),
            self.old_is_dead(end),
        );
        let ((current, answer), bridge, old) = (current?, bridge?, old?);
        if let Some((claim, (holds, seen))) = bridge {
            self.journal.state(claim, holds, seen);
        }
        self.twins.judge_pulls(&current, answer).await?;
        // What appeared in the last moments, a secret made with the bridge say, is not left.
        let swap = self.fleet.swap(credential(&current));
        self.write_everywhere(&swap).await?;
        let (robot, fingerprint) = (self.twins.robot.clone(), Fingerprint::of(&current.token));
        self.journal.state(
            format!("the registry accepts the token of {robot} ({fingerprint})"),
            true,
            match self.twins.repositories.len() {
                0 => "its login; the robot has no repository to try".to_owned(),
                1 => "its login, and pulling from 1 repository".to_owned(),
                count => format!("its login, and pulling from {count} repositories"),
            },
        );
        if end == End::Finished {
            self.state_old(&fingerprint, old);
        }
        let targets = self.target_proofs(&current).await?;
        let wrong = targets.iter().filter(|target| !target.holds).count();
        self.journal.state(
            format!("every secret holds the current token of {robot}"),
            wrong == 0,
            format!("{} of {} hold it", targets.len() - wrong, targets.len()),
        );
        self.journal.note(self.last_event(end)).await?;
        Ok(self.receipt(end, Some(fingerprint), targets))
    }

    /// What the ledger's last line about this run says.
    fn last_event(&self, end: End) -> Event {
        let mut statements = self.journal.log.statements.iter();
        match (statements.find(|statement| !statement.holds), end) {
            (Some(broken), _) => Event::Stopped {
                reason: format!("check failed: {} ({})", broken.claim, broken.seen),
            },
            (None, End::Aborted) => Event::Aborted,
            // Clusters that did not answer still hold the dead token.
            (None, End::Finished) if self.has_unwritten_clusters() => Event::Stopped {
                reason: format!("clusters not reached: {}", self.skipped.join(", ")),
            },
            (None, End::Finished) => Event::Finished,
        }
    }

    async fn bridge_is_dead(&self, removed: Option<&Robot>) -> Result<Option<Tried>, Failure> {
        let Some(bridge) = removed else {
            return Ok(None);
        };
        let account = bridge.name.as_str();
        let claim = format!("{account} no longer exists, and the registry refuses its token");
        let answer = self.twins.is_dead(account, &bridge.token).await?;
        Ok(Some((claim, answer)))
    }

    /// Tries the token that was replaced, where this run has seen it.
    async fn old_is_dead(&self, end: End) -> Result<Option<(bool, &'static str)>, Failure> {
        match (&self.old, end) {
            (Some(old), End::Finished) => {
                let answer = self.twins.is_dead(self.twins.robot.as_str(), old).await?;
                Ok(Some(answer))
            }
            _ => Ok(None),
        }
    }

    fn state_old(&mut self, current: &Fingerprint, tried: Option<(bool, &'static str)>) {
        let claim = format!("the registry refuses the old token of {}", self.twins.robot);
        let is_same = self.replaced.as_deref() == Some(current.to_string().as_str());
        match (&self.old, tried) {
            (Some(old), Some((holds, seen))) if Fingerprint::of(old) != *current => {
                self.journal.state(claim, holds, seen);
            }
            // Whatever the ledger and the bridge said: it is the same token.
            _ if is_same => {
                let seen = "it is still the robot's token";
                self.journal.state(claim, false, seen);
            }
            // A run that was resumed never saw it.
            _ => self.journal.state(claim, true, "replaced, not probed"),
        }
    }

    /// Left out without the user's word, because the others could not wait.
    fn has_unwritten_clusters(&self) -> bool {
        let accepted = &self.task.options.skip_unreachable;
        self.skipped
            .iter()
            .any(|context| !accepted.contains(context))
    }

    async fn target_proofs(&self, current: &Robot) -> Result<Vec<TargetProof>, Failure> {
        let credential = credential(current);
        let holders = self.fleet.holders().await?;
        let mut switched: HashMap<Place, Vec<Timestamp>> = HashMap::new();
        for switch in &self.journal.log.switches {
            let place = Place::secret(&switch.context, &switch.namespace, &switch.secret);
            let times = switched.entry(place.key(&switch.key)).or_default();
            times.push(switch.at);
        }
        let before = self.targets.iter().map(|target| {
            let place = Place::secret(&target.context, &target.namespace, &target.secret);
            (place.key(&target.key), &target.fingerprint)
        });
        let before: HashMap<Place, &Fingerprint> = before.collect();
        let mut proofs = Vec::new();
        for holders in &holders {
            let context = &holders.context;
            let is_left = |secret: &&PullSecret| {
                self.fleet
                    .is_left_behind(context, &secret.namespace, &secret.name)
            };
            for secret in self.fleet.in_scope(holders).filter(|it| !is_left(it)) {
                let subject = &self.fleet.subject;
                let entries = subject.entries(secret);
                for (key, found) in
                    entries.filter(|(key, it)| subject.claim.is_proven(secret, key, it))
                {
                    let place = Place::secret(context, &secret.namespace, &secret.name).key(key);
                    proofs.push(TargetProof {
                        context: context.clone(),
                        namespace: secret.namespace.clone(),
                        secret: secret.name.clone(),
                        key: key.to_owned(),
                        before: before.get(&place).map(|known| (*known).clone()),
                        after: found.fingerprint(),
                        switched: switched.get(&place).cloned().unwrap_or_default(),
                        holds: found == credential,
                    });
                }
            }
        }
        Ok(proofs)
    }

    fn receipt(
        &mut self,
        end: End,
        after: Option<Fingerprint>,
        targets: Vec<TargetProof>,
    ) -> Receipt {
        let ended = Timestamp::now();
        self.journal.log.end_step(ended);
        let log = &self.journal.log;
        Receipt {
            version: 1,
            rotation: self.journal.id.clone(),
            robot: self.twins.robot.clone(),
            bridge: (self.task.options.strategy == Strategy::Bridge)
                .then(|| self.twins.bridge.clone()),
            registry: self.twins.session.endpoint.registry.clone(),
            strategy: self.task.options.strategy,
            outcome: end,
            resumed: self.stage != Stage::NotBegun,
            by: self.by.clone(),
            began: self.journal.began,
            ended,
            contexts: self.fleet.contexts(),
            skipped: self.skipped.clone(),
            before: self.replaced.clone(),
            after,
            window_began: log.window_began,
            window_ms: log.window_ms,
            targets,
            left_behind: self.fleet.left_behind.clone(),
            statements: log.statements.clone(),
            steps: log.steps.clone(),
            validities: log.validities.clone(),
            switches: log.switches.clone(),
            consumers: self.consumers.clone(),
            restarted: Vec::new(),
            pulls: Vec::new(),
        }
    }
}
