//! What is checked in the end, and on the way.

use super::ledger::{Event, Strategy};
use super::log::Switch;
use super::receipt::{Outcome, Receipt, TargetProof};
use super::run::Rotation;
use super::stage::Stage;
use crate::Failure;
use crate::credentials::Fingerprint;
use crate::dockerconfig::Credential;
use crate::quay::{RepositoryName, Robot, RobotName};
use crate::registry::Probe;
use jiff::Timestamp;
use secrecy::SecretString;

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
        let fingerprint = Fingerprint::of(&current.token);
        self.log.borrow_mut().state(
            format!("the registry accepts the token of {robot} ({fingerprint})"),
            true,
            format!(
                "pull from {} repositories",
                self.repositories.borrow().len()
            ),
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
        self.note(match outcome {
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
            // A run that was resumed never saw it.
            _ => {
                let mut log = self.log.borrow_mut();
                log.state(claim, true, "replaced, not probed");
                Ok(())
            }
        }
    }

    async fn target_proofs(&self, current: &Robot) -> Result<Vec<TargetProof>, Failure> {
        let credential = Credential::new(current.name.as_str(), current.token.clone());
        let mut proofs = Vec::new();
        for (state, holders) in self.states.iter().zip(self.holders().await?) {
            let context = state.member.cluster.context();
            for secret in self.written(&holders) {
                if self.is_left_behind(context, &secret.namespace, &secret.name) {
                    continue;
                }
                for (key, found) in self.subject.entries(secret) {
                    if !self.subject.is_ours(&found.username) {
                        continue;
                    }
                    let is_here = |known: &&Switch| {
                        (
                            known.context.as_str(),
                            &known.namespace,
                            &known.secret,
                            known.key.as_str(),
                        ) == (context, &secret.namespace, &secret.name, key)
                    };
                    let log = self.log.borrow();
                    let before = self.targets.iter().find(|target| {
                        (
                            target.context.as_str(),
                            &target.namespace,
                            &target.secret,
                            target.key.as_str(),
                        ) == (context, &secret.namespace, &secret.name, key)
                    });
                    proofs.push(TargetProof {
                        context: context.to_owned(),
                        namespace: secret.namespace.clone(),
                        secret: secret.name.clone(),
                        key: key.to_owned(),
                        before: before.map(|target| target.fingerprint.clone()),
                        after: found.fingerprint(),
                        switched: log.switches.iter().filter(is_here).map(|s| s.at).collect(),
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
        let contexts = self.states.iter();
        Receipt {
            version: 1,
            rotation: self.id.clone(),
            robot: self.subject.robot.clone(),
            bridge: (self.task.strategy == Strategy::Bridge).then(|| self.subject.bridge.clone()),
            registry: self.task.session.endpoint.registry.clone(),
            strategy: self.task.strategy,
            outcome,
            resumed: self.stage != Stage::NotBegun,
            by: self.by.clone(),
            began: self.began,
            ended,
            contexts: contexts
                .map(|state| state.member.cluster.context().to_owned())
                .collect(),
            skipped: self.skipped.clone(),
            before: self.replaced.clone(),
            after,
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
