//! One run of a rotation: what both strategies are made of.

use super::fleet::{Holders, Subject};
use super::interrupt::Interrupt;
use super::ledger::{Entry, Event, Ledger, Lock, Strategy};
use super::log::{Log, Switch};
use super::observe::{ClusterState, Observed};
use super::plan::{LeftBehind, Plan, Target};
use super::stage::Stage;
use super::task::Task;
use super::usage::Consumer;
use crate::Failure;
use crate::cluster;
use crate::credentials::Fingerprint;
use crate::dockerconfig::Credential;
use crate::global::{self, Pools};
use crate::pullsecret::{
    Apply, NamespacePlan, Outcome, PullSecret, Redirect, Verb, apply, plan_redirect,
};
use crate::quay::{ApiError, Rights, Robot, RobotName};
use futures::future::{join_all, try_join_all};
use jiff::Timestamp;
use secrecy::SecretString;
use std::cell::RefCell;

/// Secrets that keep appearing with the wrong credential are given up on after so many rounds.
pub(super) const ROUNDS: usize = 5;

/// One run.
pub struct Rotation<'a> {
    pub(super) task: Task<'a>,
    pub(super) subject: Subject,
    pub(super) states: Vec<ClusterState<'a>>,
    pub(super) stage: Stage,
    pub(super) targets: Vec<Target>,
    pub(super) left_behind: Vec<LeftBehind>,
    pub(super) skipped: Vec<String>,
    pub(super) consumers: Vec<Consumer>,
    /// The fingerprint of the token that is replaced, where it is known.
    pub(super) replaced: Option<String>,
    pub(super) by: String,
    /// The token that is replaced, where this run has seen it.
    pub(super) old: Option<SecretString>,
    /// What the robot could do when the rotation began, where that is known.
    pub(super) before: Option<Rights>,
    /// What the robot's credential is tried for.
    pub(super) repositories: RefCell<Vec<String>>,
    pub(super) id: String,
    pub(super) began: Timestamp,
    pub(super) interrupt: Interrupt,
    pub(super) log: RefCell<Log>,
    /// The pools as they were before a global pull secret was last written, by context.
    pub(super) roll_outs: RefCell<Vec<(String, Pools)>>,
    ledger: Ledger,
    _lock: Lock,
}

impl<'a> Rotation<'a> {
    /// Makes ready to carry a plan out; the lock is held until the run is dropped.
    pub fn new(
        task: Task<'a>,
        observed: Observed<'a>,
        plan: Plan,
        ledger: Ledger,
        lock: Lock,
    ) -> Self {
        let record = observed.record.as_ref();
        let (id, before) = match (&plan.stage, record) {
            (Stage::NotBegun, _) | (Stage::Removed | Stage::Distributing, None) => {
                (new_id(), Some(observed.rights.clone()))
            }
            (Stage::Crossing(mark) | Stage::Returning(mark), record) => (
                mark.rotation.clone(),
                record
                    .filter(|record| record.rotation == mark.rotation)
                    .and_then(|record| record.rights.clone()),
            ),
            (Stage::Removed | Stage::Distributing, Some(record)) => {
                (record.rotation.clone(), record.rights.clone())
            }
        };
        let is_old = matches!(plan.stage, Stage::NotBegun | Stage::Crossing(_));
        let fingerprint = observed.fingerprint();
        let replaced = match &plan.stage {
            Stage::NotBegun => Some(fingerprint.to_string()),
            Stage::Crossing(mark) | Stage::Returning(mark) => Some(mark.replaces.clone()),
            Stage::Removed | Stage::Distributing => {
                record.and_then(|record| record.replaces.clone())
            }
        };
        let states = observed.clusters.into_iter();
        let rotation = Self {
            task,
            states: states.filter_map(|(_, state)| state.ok()).collect(),
            stage: plan.stage,
            targets: plan.targets,
            left_behind: plan.left_behind,
            skipped: plan.skipped,
            consumers: observed.consumers.unwrap_or_default(),
            replaced,
            by: observed.by,
            old: is_old.then_some(observed.token),
            repositories: RefCell::new(observed.rights.repositories()),
            before,
            id,
            began: Timestamp::now(),
            interrupt: Interrupt::default(),
            log: RefCell::new(Log::default()),
            roll_outs: RefCell::new(Vec::new()),
            subject: observed.subject,
            ledger,
            _lock: lock,
        };
        let robot = rotation.subject.robot.as_str();
        rotation
            .log
            .borrow_mut()
            .accepted(robot, &fingerprint, false);
        rotation
    }

    /// A step begins.
    pub(super) fn step(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.interrupt.check()?;
        self.log.borrow_mut().begin(name);
        self.task.watcher.step(text);
        Ok(())
    }

    /// Writes a line into the ledger.
    pub(super) fn note(&self, event: Event) -> Result<(), Failure> {
        self.ledger.append(&Entry {
            at: Timestamp::now(),
            rotation: self.id.clone(),
            registry: self.task.session.endpoint.registry.clone(),
            robot: self.subject.robot.clone(),
            event,
        })
    }

    /// The line that a rotation begins with.
    pub(super) fn note_beginning(&self, replaces: &Fingerprint) -> Result<(), Failure> {
        let contexts = self.states.iter();
        let contexts = contexts.map(|state| state.member.cluster.context().to_owned());
        self.note(Event::Began {
            strategy: self.task.strategy,
            by: self.by.clone(),
            contexts: contexts.collect(),
            secrets: self.targets.len(),
            replaces: replaces.to_string(),
            rights: self.before.clone().unwrap_or_default(),
        })
    }

    /// The robot as Quay has it now.
    pub(super) async fn read(&self, robot: &RobotName) -> Result<Robot, Failure> {
        let found = self.task.session.quay.robot(robot).await;
        found.map_err(self.failed(format!("robot `{robot}`")))
    }

    /// The failure of a request to Quay about `object`.
    pub(super) fn failed(
        &self,
        object: impl std::fmt::Display,
    ) -> impl FnOnce(ApiError) -> Failure {
        let object = object.to_string();
        move |error| error.failure(object, &self.task.session.endpoint, self.task.invocation)
    }

    /// Lets every API server check every write without storing it: what would refuse one
    /// is found before anything is changed.
    pub(super) async fn rehearse(&self) -> Result<(), Failure> {
        self.step("rehearse", "letting the API servers check every write")?;
        // Of a token's length and letters, and no token.
        let placeholder = SecretString::from("X".repeat(64));
        let account = match self.task.strategy {
            Strategy::Bridge => self.subject.bridge.as_str(),
            Strategy::InPlace => self.subject.robot.as_str(),
        };
        let redirect = self.redirect(Credential::new(account, placeholder));
        let rehearsed = self
            .write_everywhere(&redirect, cluster::Write::DryRun)
            .await;
        rehearsed
            .map(drop)
            .map_err(|failure| failure.context("nothing was changed"))
    }

    /// The secrets that hold the robot or its bridge now, by cluster.
    pub(super) async fn holders(&self) -> Result<Vec<Holders>, Failure> {
        let lists = self.states.iter();
        try_join_all(lists.map(|state| state.member.holders(&self.subject))).await
    }

    /// Whether nothing is left to write: nobody holds anything but what `redirect` asks for.
    pub(super) async fn is_everywhere(&self, redirect: &Redirect) -> Result<bool, Failure> {
        let holders = self.holders().await?;
        let open = |(state, holders): (&ClusterState<'_>, &Holders)| {
            let context = state.member.cluster.context();
            self.written(holders)
                .filter_map(|secret| plan_redirect(secret, redirect))
                .any(|plan| match plan.refusal {
                    None => plan.writes(),
                    Some(_) => !self.is_left_behind(context, &plan.namespace, &plan.name),
                })
        };
        Ok(!self.states.iter().zip(&holders).any(open))
    }

    /// The secrets that this run writes.
    pub(super) fn written<'h>(
        &self,
        holders: &'h Holders,
    ) -> impl Iterator<Item = &'h PullSecret> + use<'h> {
        let global = self.task.options.global;
        let nodes = holders.global.iter().filter(move |_| global);
        holders.inside.iter().chain(nodes)
    }

    pub(super) fn is_left_behind(&self, context: &str, namespace: &str, name: &str) -> bool {
        let known = |left: &LeftBehind| {
            (
                left.context.as_str(),
                left.namespace.as_str(),
                left.secret.as_str(),
            ) == (context, namespace, name)
        };
        self.left_behind.iter().any(known) || self.task.options.leave_behind.secret(namespace, name)
    }

    /// What may be shown of the token that is replaced; `(hidden)` where it is not known.
    pub(super) fn old_fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.old.as_ref().unwrap_or(&SecretString::default()))
    }

    /// Every entry of the robot and its bridge becomes `to`.
    pub(super) fn redirect(&self, to: Credential) -> Redirect {
        let is_bridge = to.username == self.subject.bridge.as_str();
        Redirect {
            hosts: self.subject.hosts.clone(),
            from: self.subject.accounts.clone(),
            stands_in_for: is_bridge.then(|| self.subject.robot.clone()),
            to,
        }
    }

    /// Lists every cluster and writes what `redirect` asks for; returns how many secrets
    /// were written.
    ///
    /// # Errors
    /// When a target could not be written; all others are written nevertheless.
    pub(super) async fn write_everywhere(
        &self,
        redirect: &Redirect,
        write: cluster::Write,
    ) -> Result<usize, Failure> {
        let holders = self.holders().await?;
        self.write(&holders, redirect, write).await
    }

    /// The same for secrets that were just listed.
    pub(super) async fn write(
        &self,
        holders: &[Holders],
        redirect: &Redirect,
        write: cluster::Write,
    ) -> Result<usize, Failure> {
        self.prepare_nodes(holders, redirect, write).await?;
        let plans: Vec<Vec<NamespacePlan>> = holders
            .iter()
            .map(|holders| self.plans(holders, redirect))
            .collect();
        let total = plans.iter().map(Vec::len).sum();
        let progress = self.task.watcher.progress();
        progress.begin("writing secrets", total);
        let runs = self.states.iter().zip(plans).map(async |(state, plans)| {
            let work = Apply {
                cluster: state.member.cluster,
                planner: redirect,
                write,
            };
            apply(&work, plans, progress).await
        });
        let outcomes: Vec<Vec<Outcome>> = join_all(runs).await;
        progress.end();
        if write == cluster::Write::Persist {
            self.keep_switches(outcomes.iter().flatten(), redirect);
        }
        self.check_outcomes(&outcomes)?;
        let written = outcomes.iter().flatten();
        Ok(written
            .filter(|outcome| outcome.written_at.is_some())
            .count())
    }

    fn plans(&self, holders: &Holders, redirect: &Redirect) -> Vec<NamespacePlan> {
        self.written(holders)
            .filter_map(|secret| plan_redirect(secret, redirect))
            .map(|plan| NamespacePlan {
                namespace: plan.namespace.clone(),
                create_namespace: false,
                secrets: vec![plan],
                attach: None,
            })
            .collect()
    }

    /// Keeps what global pull secrets hold, and how far their nodes are, before a write.
    async fn prepare_nodes(
        &self,
        holders: &[Holders],
        redirect: &Redirect,
        write: cluster::Write,
    ) -> Result<(), Failure> {
        for (state, holders) in self.states.iter().zip(holders) {
            let changed = self.written(holders).filter(|secret| {
                global::is_global(&secret.namespace, &secret.name)
                    && plan_redirect(secret, redirect).is_some_and(|plan| plan.writes())
            });
            let changed: Vec<&PullSecret> = changed.collect();
            let cluster = state.member.cluster;
            for secret in &changed {
                global::back_up(cluster, secret, write).await?;
            }
            if !changed.is_empty()
                && write == cluster::Write::Persist
                && let Some(pools) = Pools::observe(cluster).await?
            {
                let mut roll_outs = self.roll_outs.borrow_mut();
                roll_outs.retain(|(context, _)| context != cluster.context());
                roll_outs.push((cluster.context().to_owned(), pools));
            }
        }
        Ok(())
    }

    fn keep_switches<'o>(&self, outcomes: impl Iterator<Item = &'o Outcome>, redirect: &Redirect) {
        let mut log = self.log.borrow_mut();
        for outcome in outcomes {
            if let Some(at) = outcome.written_at
                && outcome.result == Verb::Updated
            {
                log.switches.push(Switch {
                    context: outcome.context.clone(),
                    namespace: outcome.namespace.clone(),
                    secret: outcome.name.clone(),
                    key: outcome.key.clone(),
                    at,
                    account: redirect.to.username.clone(),
                    fingerprint: outcome.after.clone(),
                });
            }
        }
    }

    /// One failed target fails the step; all of them are named.
    fn check_outcomes(&self, outcomes: &[Vec<Outcome>]) -> Result<(), Failure> {
        let left = |outcome: &Outcome| {
            self.is_left_behind(&outcome.context, &outcome.namespace, &outcome.name)
        };
        let failed: Vec<&Outcome> = outcomes
            .iter()
            .flatten()
            .filter(|outcome| outcome.result.is_failure())
            .filter(|outcome| !(outcome.result == Verb::Refused && left(outcome)))
            .collect();
        let Some(first) = failed.first() else {
            return Ok(());
        };
        const SHOWN: usize = 10;
        let mut lines: Vec<String> = failed
            .iter()
            .take(SHOWN)
            .map(|outcome| {
                format!(
                    "\n  - {} in {}/{}: {}",
                    outcome.name, outcome.context, outcome.namespace, outcome.message
                )
            })
            .collect();
        if failed.len() > SHOWN {
            lines.push(format!("\n  - and {} more", failed.len() - SHOWN));
        }
        let failure = Failure::new(format!(
            "{} could not be written:{}",
            match failed.len() {
                1 => "a secret".to_owned(),
                count => format!("{count} secrets"),
            },
            lines.concat()
        ));
        Err(match &first.next {
            Some(next) => failure.next(next),
            None => failure,
        })
    }
}

fn new_id() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!("{now}-{:08x}", random & 0xffff_ffff)
}
