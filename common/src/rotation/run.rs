//! One run of a rotation: what both strategies are made of.

use super::fleet::{Fleet, placeholder};
use super::interrupt::Interrupt;
use super::journal::{Journal, new_id};
use super::members::{Member, SecretsWithRobot};
use super::observe::Observed;
use super::plan::{Plan, Target};
use super::rehearsal::REHEARSAL;
use super::request::{Books, Task};
use super::stage::Stage;
use super::turn::Turn;
use super::twins::Twins;
use crate::Failure;
use crate::dockerconfig::Credential;
use crate::fingerprint::{Fingerprint, TokenHash};
use crate::ledger::{Event, Memory, Record, Strategy, machine, random_id};
use crate::outcome::Outcome;
use crate::place::Place;
use crate::pullsecret::Swap;
use crate::quay::{Rights, Robot, Run};
use crate::receipt::{Consumer, Receipt};
use secrecy::SecretString;
use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

/// Secrets that keep appearing with the wrong credential are given up on after so many rounds.
pub(super) const ROUNDS: usize = 5;

/// One run.
pub struct Rotation<'a> {
    pub(super) task: Task<'a>,
    pub(super) stage: Stage,
    /// The clusters and what is written in them.
    pub(super) fleet: Fleet<'a>,
    /// What is written down.
    pub(super) journal: Journal,
    /// The robot and its bridge.
    pub(super) twins: Twins<'a>,
    pub(super) turn: Rc<Turn<'a>>,
    pub(super) targets: Vec<Target>,
    pub(super) skipped: Vec<String>,
    pub(super) consumers: Vec<Consumer>,
    /// The fingerprint of the token that is replaced, where it is known.
    pub(super) replaced: Option<String>,
    pub(super) by: String,
    /// Whether this machine's ledger has the beginning of this rotation.
    pub(super) is_known: bool,
    /// The token that is replaced, where this run has seen it.
    pub(super) old: Option<SecretString>,
    /// Which places were seen with a good token, and are given one.
    pub(super) memory: Memory,
}

impl<'a> Rotation<'a> {
    /// Makes ready to carry a plan out. Whoever runs it holds the ledger's lock on the robot.
    pub fn new(
        task: Task<'a>,
        observed: Observed,
        members: Vec<Member<'a>>,
        plan: Plan,
        books: Books,
    ) -> Self {
        let Books { ledger, memory } = books;
        let record = observed.record.as_ref();
        let (id, before) = identity(&plan.stage, record, &observed.rights);
        let is_old = matches!(plan.stage, Stage::NotBegun | Stage::Crossing(_));
        let fingerprint = observed.fingerprint();
        let replaced = replaced(&plan.stage, record, &fingerprint);
        let is_known = record.is_some_and(|record| record.rotation == id);
        let robot = observed.subject.robot.clone();
        let registry = task.session.endpoint.registry.clone();
        let run = Run {
            id: random_id(),
            rotation: id.clone(),
            machine: machine(),
        };
        let turn = Rc::new(Turn::new(
            &task,
            run,
            observed.known_runs,
            &observed.markers,
        ));
        let mut journal = Journal::new(id, registry, robot.clone(), ledger);
        journal.log.accepted(robot.as_str(), &fingerprint, false);
        let twins = Twins::new(
            task.session,
            (robot, observed.subject.bridge.clone()),
            before,
            observed.rights.repositories(),
            task.watcher,
        );
        let fleet = Fleet::new(
            members,
            observed.subject,
            plan.left_behind,
            task.options.global,
        );
        Self {
            task,
            stage: plan.stage,
            fleet,
            journal,
            twins,
            turn,
            targets: plan.targets,
            skipped: plan.skipped,
            consumers: observed.consumers.unwrap_or_default(),
            replaced,
            by: observed.by,
            is_known,
            old: is_old.then_some(observed.token),
            memory,
        }
    }

    /// Carries `work` out while it is this run's turn and nobody breaks it off, and gives the turn
    /// back however it ended.
    pub(super) async fn carry_out(
        &mut self,
        work: impl AsyncFnOnce(&mut Self, &Interrupt) -> Result<Receipt, Failure>,
    ) -> Result<Receipt, Failure> {
        let interrupt = Interrupt::default();
        let turn = Rc::clone(&self.turn);
        let run = turn.keep(work(self, &interrupt));
        let result = interrupt.watch(run).await;
        turn.give_back().await;
        self.end(result).await
    }

    /// Takes the turn. The ledger knows of it before Quay does: whoever finds the marker of a run
    /// that was killed has to know it for its own.
    pub(super) async fn take_turn(&self) -> Result<(), Failure> {
        let run = self.turn.run_id().to_owned();
        self.journal.note(Event::Running { run }).await?;
        match self.task.options.strategy {
            Strategy::Bridge => self.turn.take().await,
            Strategy::InPlace => self.turn.take_if_possible().await,
        }
    }

    /// A step begins.
    pub(super) fn step(
        &mut self,
        name: &str,
        text: &str,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        interrupt.check()?;
        self.journal.log.begin(name);
        self.task.watcher.step(text);
        Ok(())
    }

    /// The line that a rotation begins with.
    pub(super) async fn note_beginning(&self) -> Result<(), Failure> {
        self.journal
            .note(Event::Began {
                strategy: self.task.options.strategy,
                by: self.by.clone(),
                contexts: self.fleet.contexts(),
                scope: self.task.options.scope.clone(),
                secrets: self.targets.len(),
                replaces: self.replaced.clone().unwrap_or_default(),
                replaces_token: self.old.as_ref().and_then(TokenHash::of),
                rights: self.twins.before.clone(),
            })
            .await
    }

    /// A run that ended early says so in the ledger, and how to go on.
    pub(super) async fn end(&self, result: Result<Receipt, Failure>) -> Result<Receipt, Failure> {
        let failure = match result {
            Ok(receipt) => return Ok(receipt),
            Err(failure) => failure,
        };
        let reason = failure.message().to_owned();
        // The failure itself matters more than one of the ledger's.
        let _ = self.journal.note(Event::Stopped { reason }).await;
        Err(match failure.next_step() {
            Some(_) => failure,
            None => failure.next("run the same command again: it continues where this run stopped"),
        })
    }

    /// Lets every API server check every write without storing it: what would refuse one
    /// is found before anything is changed.
    pub(super) async fn rehearse(&mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        if self.fleet.members.is_empty() {
            return Ok(());
        }
        self.step("rehearse", REHEARSAL, interrupt)?;
        let rehearsed = self.try_first_writes().await;
        rehearsed.map_err(|failure| failure.context("nothing was changed"))
    }

    async fn try_first_writes(&mut self) -> Result<(), Failure> {
        let holders = self.fleet.holders().await?;
        let account = self.fleet.subject.first_account(self.task.options.strategy);
        let swap = self.fleet.subject.swap(placeholder(account.as_str()));
        let progress = self.task.watcher.progress();
        let outcomes = self.fleet.rehearse(holders, &swap, progress).await;
        self.fleet.check(&outcomes)
    }

    /// Lists every cluster and writes what `swap` asks for.
    ///
    /// # Errors
    /// When a target could not be written; all others are written nevertheless.
    pub(super) async fn write_everywhere(&mut self, swap: &Swap) -> Result<(), Failure> {
        let turn = Rc::clone(&self.turn);
        loop {
            turn.assure().await?;
            let stood_still = Cell::new(false);
            let goes_on = || {
                stood_still.set(stood_still.get() || !turn.stands());
                !stood_still.get()
            };
            let written = self.write_while(swap, &goes_on).await;
            if !stood_still.get() {
                return written;
            }
        }
    }

    /// The same, while `goes_on` says so.
    pub(super) async fn write_while(
        &mut self,
        swap: &Swap,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Failure> {
        let holders = self.fleet.holders().await?;
        let progress = self.task.watcher.progress();
        let written = self.fleet.write(&holders, swap, goes_on, progress);
        let outcomes = written.await?;
        self.journal.switched(outcomes.iter(), swap);
        self.remember(&holders, &outcomes, swap).await;
        self.fleet.check(&outcomes)
    }

    /// Notes which places hold the new credential: whoever brings an older one back there has a
    /// claim to this one's successors.
    pub(super) async fn remember(
        &mut self,
        holders: &[SecretsWithRobot],
        outcomes: &[Outcome],
        swap: &Swap,
    ) {
        let right = outcomes.iter().filter(|it| !it.result.is_failure());
        let right: HashSet<&Place> = right.map(|outcome| &outcome.place).collect();
        for holders in holders {
            for secret in self.fleet.in_scope(holders) {
                let place = Place::secret(&holders.context, &secret.namespace, &secret.name);
                for (key, found) in self.fleet.subject.entries(secret) {
                    if swap.concerns(secret, key, &found)
                        && right.contains(&place.clone().key(key))
                        && let Some(place) = swap.claim.place(secret, key)
                    {
                        self.memory.note(&place, &swap.to.password);
                    }
                }
            }
        }
        if let Err(failure) = self.memory.save().await {
            self.task.watcher.warn(failure.message());
        }
    }

    /// What may be shown of the token that is replaced; `(hidden)` where it is not known.
    pub(super) fn old_fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.old.as_ref().unwrap_or(&SecretString::default()))
    }
}

/// What a container runtime is given for the robot.
pub(super) fn credential(robot: &Robot) -> Credential {
    Credential::new(robot.name.as_str(), robot.token.clone())
}

/// The rotation's id, and what the robot could do when it was last compared, where known.
fn identity(stage: &Stage, record: Option<&Record>, rights: &Rights) -> (String, Option<Rights>) {
    match (stage, record) {
        (Stage::NotBegun, _) | (Stage::Removed | Stage::Undone | Stage::Distributing, None) => {
            (new_id(), Some(rights.clone()))
        }
        (Stage::Crossing(mark) | Stage::Returning(mark), record) => {
            let known = record.filter(|record| record.rotation == mark.rotation);
            let before = known.and_then(|record| record.rights.clone());
            (mark.rotation.clone(), before)
        }
        (Stage::Removed | Stage::Undone | Stage::Distributing, Some(record)) => {
            (record.rotation.clone(), record.rights.clone())
        }
    }
}

/// The fingerprint of the token that is replaced, where it is known.
fn replaced(stage: &Stage, record: Option<&Record>, current: &Fingerprint) -> Option<String> {
    match stage {
        Stage::NotBegun => Some(current.to_string()),
        Stage::Crossing(mark) | Stage::Returning(mark) => Some(mark.replaces.clone()),
        Stage::Removed | Stage::Undone | Stage::Distributing => {
            record.and_then(|record| record.replaces.clone())
        }
    }
}
