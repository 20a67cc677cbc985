//! What is checked in the end, and on the way.

use super::bridge::credential;
use super::run::Rotation;
use super::stage::Stage;
use crate::Failure;
use crate::cluster::WriteMode;
use crate::fingerprint::Fingerprint;
use crate::ledger::{Event, Strategy};
use crate::names::{RepositoryName, RobotName};
use crate::quay::Robot;
use crate::receipt::{Outcome, Receipt, TargetProof};
use crate::registry::Probe;
use jiff::Timestamp;
use secrecy::SecretString;
use std::collections::HashMap;

/// Context, namespace, secret and key.
type Place<'a> = (&'a str, &'a str, &'a str, &'a str);

impl Rotation<'_> {
    /// The registry accepts the robot's credential and lets it pull from each of its
    /// repositories.
    ///
    /// # Errors
    /// Where it does not: then it must not be written anywhere.
    pub(super) async fn prove_pulls(&self, robot: &Robot) -> Result<(), Failure> {
        let repositories = self.repositories.borrow().clone();
        let registry = &self.task.session.registry;
        let answer = registry
            .probe(robot.name.as_str(), &robot.token, &repositories)
            .await?;
        let problem = match answer {
            Probe::Accepted { refused, .. } => {
                let held = self.still_held(&robot.name, refused).await?;
                if held.is_empty() {
                    return Ok(());
                }
                format!("lets it not pull {}, where it has a role", held.join(", "))
            }
            Probe::Refused { reason } => format!("refuses it: {reason}"),
        };
        Err(Failure::new(format!(
            "the credential of {} is not good: {} {problem}",
            robot.name, self.task.session.endpoint.registry
        )))
    }

    /// Those of the repositories where the robot has a role now: one may have been taken
    /// away since the rights were read.
    async fn still_held(
        &self,
        robot: &RobotName,
        repositories: Vec<String>,
    ) -> Result<Vec<String>, Failure> {
        let mut held = Vec::new();
        for repository in repositories {
            let name = RepositoryName::of(robot.namespace(), &repository);
            let name = name.map_err(Failure::new)?;
            let role = self.task.session.quay.role_on(robot, &name).await;
            if role
                .map_err(self.failed(format!("repository `{name}`")))?
                .is_some()
            {
                held.push(repository);
            } else {
                self.repositories
                    .borrow_mut()
                    .retain(|known| *known != repository);
            }
        }
        Ok(held)
    }

    /// The registry refuses the credential.
    pub(super) async fn prove_dead(
        &self,
        account: &str,
        token: &SecretString,
        claim: &str,
    ) -> Result<(), Failure> {
        let answer = self
            .task
            .session
            .registry
            .probe(account, token, &[])
            .await?;
        let (holds, seen) = match answer {
            Probe::Refused { .. } => (true, "401".to_owned()),
            Probe::Accepted { .. } => (false, "it is still accepted".to_owned()),
        };
        self.log.borrow_mut().state(claim, holds, seen);
        Ok(())
    }

    /// Checks everything once more and writes it down.
    pub(super) async fn finish(&self, outcome: Outcome) -> Result<Receipt, Failure> {
        let robot = &self.subject.robot;
        self.step("prove", "checking every secret once more")?;
        let current = self.read(robot).await?;
        self.prove_pulls(&current).await?;
        // What appeared in the last moments, a secret made with the bridge say, is not left.
        let swap = self.swap(credential(&current));
        self.write_everywhere(&swap, WriteMode::Persist).await?;
        let fingerprint = Fingerprint::of(&current.token);
        self.log.borrow_mut().state(
            format!("the registry accepts the token of {robot} ({fingerprint})"),
            true,
            match self.repositories.borrow().len() {
                0 => "its login; no repository to try".to_owned(),
                1 => "its login, and pulling from 1 repository".to_owned(),
                count => format!("its login, and pulling from {count} repositories"),
            },
        );
        if outcome == Outcome::Finished {
            self.prove_old_dead(&fingerprint).await?;
        }
        let targets = self.target_proofs(&current).await?;
        let wrong = targets.iter().filter(|target| !target.holds).count();
        self.log.borrow_mut().state(
            format!("every secret holds the current token of {robot}"),
            wrong == 0,
            format!("{} of {} do", targets.len() - wrong, targets.len()),
        );
        let broken = self
            .log
            .borrow()
            .statements
            .iter()
            .find(|s| !s.holds)
            .cloned();
        self.note(match outcome {
            _ if let Some(broken) = broken => Event::Stopped {
                reason: format!("not so: {} ({})", broken.claim, broken.seen),
            },
            Outcome::Aborted => Event::Aborted,
            // Clusters that did not answer still hold the dead token.
            Outcome::Finished if self.has_unwritten_clusters() => Event::Stopped {
                reason: format!("not reached: {}", self.skipped.join(", ")),
            },
            Outcome::Finished => Event::Finished,
        })?;
        Ok(self.receipt(outcome, Some(fingerprint), targets))
    }

    /// Left out without the user's word, because the others could not wait.
    fn has_unwritten_clusters(&self) -> bool {
        let accepted = &self.task.options.skip_unreachable;
        self.skipped
            .iter()
            .any(|context| !accepted.contains(context))
    }

    async fn prove_old_dead(&self, current: &Fingerprint) -> Result<(), Failure> {
        let robot = &self.subject.robot;
        let claim = format!("the old token of {robot} is refused");
        match &self.old {
            Some(old) if Fingerprint::of(old) != *current => {
                self.prove_dead(robot.as_str(), old, &claim).await
            }
            // Whatever the ledger and the bridge said: it is the same token.
            _ if self.replaced.as_deref() == Some(current.to_string().as_str()) => {
                let mut log = self.log.borrow_mut();
                log.state(claim, false, "it is still the robot's token");
                Ok(())
            }
            // A run that was resumed never saw it.
            _ => {
                let mut log = self.log.borrow_mut();
                log.state(claim, true, "replaced, not probed");
                Ok(())
            }
        }
    }

    async fn target_proofs(&self, current: &Robot) -> Result<Vec<TargetProof>, Failure> {
        let credential = credential(current);
        let holders = self.holders().await?;
        let log = self.log.borrow();
        let mut switched: HashMap<Place<'_>, Vec<Timestamp>> = HashMap::new();
        for switch in &log.switches {
            let place = (
                &*switch.context,
                &*switch.namespace,
                &*switch.secret,
                &*switch.key,
            );
            switched.entry(place).or_default().push(switch.at);
        }
        let before: HashMap<Place<'_>, &Fingerprint> = self
            .targets
            .iter()
            .map(|target| {
                let place = (
                    &*target.context,
                    &*target.namespace,
                    &*target.secret,
                    &*target.key,
                );
                (place, &target.fingerprint)
            })
            .collect();
        let mut proofs = Vec::new();
        for (site, holders) in self.sites.iter().zip(&holders) {
            let context = site.member.cluster.context();
            let secrets = self.written(holders);
            for secret in secrets
                .filter(|secret| !self.is_left_behind(context, &secret.namespace, &secret.name))
            {
                let entries = self.subject.entries(secret);
                for (key, found) in
                    entries.filter(|(_, found)| self.subject.is_ours(&found.username))
                {
                    let place = (context, &*secret.namespace, &*secret.name, key);
                    proofs.push(TargetProof {
                        context: context.to_owned(),
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
        &self,
        outcome: Outcome,
        after: Option<Fingerprint>,
        targets: Vec<TargetProof>,
    ) -> Receipt {
        let mut log = self.log.borrow_mut();
        let ended = Timestamp::now();
        log.end_step(ended);
        let contexts = self.sites.iter();
        Receipt {
            version: 1,
            rotation: self.id.clone(),
            robot: self.subject.robot.clone(),
            bridge: (self.task.options.strategy == Strategy::Bridge)
                .then(|| self.subject.bridge.clone()),
            registry: self.task.session.endpoint.registry.clone(),
            strategy: self.task.options.strategy,
            outcome,
            resumed: self.stage != Stage::NotBegun,
            by: self.by.clone(),
            began: self.began,
            ended,
            contexts: contexts
                .map(|site| site.member.cluster.context().to_owned())
                .collect(),
            skipped: self.skipped.clone(),
            before: self.replaced.clone(),
            after,
            window_began: log.window_began,
            window_ms: log.window_ms,
            targets,
            left_behind: self.left_behind.clone(),
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
