//! One run of a rotation: what both strategies are made of.

use super::fleet::{Holders, Member, Subject};
use super::interrupt::Interrupt;
use super::observe::Observed;
use super::plan::{Plan, Target};
use super::stage::Stage;
use super::task::Task;
use crate::dockerconfig::Credential;
use crate::fingerprint::Fingerprint;
use crate::global::Pools;
use crate::ledger::{Entry, Event, Ledger, Lock, Strategy};
use crate::names::RobotName;
use crate::pullsecret::{PullSecret, Swap, plan_swap};
use crate::quay::{Rights, Robot};
use crate::receipt::{Consumer, LeftBehind, Log};
use crate::web::ApiError;
use crate::{Failure, cluster};
use futures::future::try_join_all;
use jiff::Timestamp;
use secrecy::SecretString;
use std::cell::RefCell;

/// Secrets that keep appearing with the wrong credential are given up on after so many rounds.
pub(super) const ROUNDS: usize = 5;

/// One cluster of the run.
pub(super) struct Site<'a> {
    /// The cluster and the scope in it.
    pub member: Member<'a>,
    /// Whether its nodes pull with the robot.
    pub holds_global: bool,
    /// Whether node pools tell when they have a new secret.
    pub has_pools: bool,
}

/// One run.
pub struct Rotation<'a> {
    pub(super) task: Task<'a>,
    pub(super) subject: Subject,
    pub(super) sites: Vec<Site<'a>>,
    pub(super) stage: Stage,
    pub(super) targets: Vec<Target>,
    pub(super) left_behind: Vec<LeftBehind>,
    pub(super) skipped: Vec<String>,
    pub(super) consumers: Vec<Consumer>,
    /// The fingerprint of the token that is replaced, where it is known.
    pub(super) replaced: Option<String>,
    pub(super) by: String,
    /// Whether this machine's ledger has the beginning of this rotation.
    pub(super) is_known: bool,
    /// The token that is replaced, where this run has seen it.
    pub(super) old: Option<SecretString>,
    /// What the robot could do when it was last compared with its bridge, where that is known.
    pub(super) before: RefCell<Option<Rights>>,
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
        observed: Observed,
        members: Vec<Member<'a>>,
        plan: Plan,
        ledger: Ledger,
        lock: Lock,
    ) -> Self {
        let record = observed.record.as_ref();
        let (id, before) = match (&plan.stage, record) {
            (Stage::NotBegun, _) | (Stage::Removed | Stage::Undone | Stage::Distributing, None) => {
                (new_id(), Some(observed.rights.clone()))
            }
            (Stage::Crossing(mark) | Stage::Returning(mark), record) => (
                mark.rotation.clone(),
                record
                    .filter(|record| record.rotation == mark.rotation)
                    .and_then(|record| record.rights.clone()),
            ),
            (Stage::Removed | Stage::Undone | Stage::Distributing, Some(record)) => {
                (record.rotation.clone(), record.rights.clone())
            }
        };
        let is_known = record.is_some_and(|record| record.rotation == id);
        let is_old = matches!(plan.stage, Stage::NotBegun | Stage::Crossing(_));
        let fingerprint = observed.fingerprint();
        let replaced = match &plan.stage {
            Stage::NotBegun => Some(fingerprint.to_string()),
            Stage::Crossing(mark) | Stage::Returning(mark) => Some(mark.replaces.clone()),
            Stage::Removed | Stage::Undone | Stage::Distributing => {
                record.and_then(|record| record.replaces.clone())
            }
        };
        let states = observed.clusters.into_iter();
        let states = states.filter_map(|cluster| cluster.state.ok());
        let sites = members.into_iter().zip(states);
        let sites = sites.map(|(member, state)| Site {
            member,
            holds_global: !state.holders.global.is_empty(),
            has_pools: state
                .nodes
                .is_some_and(|nodes| matches!(nodes.pools, Ok(Some(_)))),
        });
        let rotation = Self {
            task,
            sites: sites.collect(),
            stage: plan.stage,
            targets: plan.targets,
            left_behind: plan.left_behind,
            skipped: plan.skipped,
            consumers: observed.consumers.unwrap_or_default(),
            replaced,
            by: observed.by,
            is_known,
            old: is_old.then_some(observed.token),
            repositories: RefCell::new(observed.rights.repositories()),
            before: RefCell::new(before),
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
    pub(super) fn note_beginning(&self) -> Result<(), Failure> {
        let contexts = self.sites.iter();
        let contexts = contexts.map(|site| site.member.cluster.context().to_owned());
        self.note(Event::Began {
            strategy: self.task.options.strategy,
            by: self.by.clone(),
            contexts: contexts.collect(),
            scope: self.task.options.scope.clone(),
            secrets: self.targets.len(),
            replaces: self.replaced.clone().unwrap_or_default(),
            rights: self.before.borrow().clone(),
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
        move |error| error.failure(object, &self.task.session.endpoint)
    }

    /// Lets every API server check every write without storing it: what would refuse one
    /// is found before anything is changed.
    pub(super) async fn rehearse(&self) -> Result<(), Failure> {
        if self.sites.is_empty() {
            return Ok(());
        }
        self.step("rehearse", "letting the API servers check every write")?;
        // Of a token's length and letters, and no token.
        let placeholder = SecretString::from("X".repeat(64));
        let account = match self.task.options.strategy {
            Strategy::Bridge => self.subject.bridge.as_str(),
            Strategy::InPlace => self.subject.robot.as_str(),
        };
        let swap = self.swap(Credential::new(account, placeholder));
        let rehearsed = self
            .write_everywhere(&swap, cluster::WriteMode::DryRun)
            .await;
        rehearsed
            .map(drop)
            .map_err(|failure| failure.context("nothing was changed"))
    }

    /// The secrets that hold the robot or its bridge now, by cluster.
    pub(super) async fn holders(&self) -> Result<Vec<Holders>, Failure> {
        let lists = self.sites.iter();
        try_join_all(lists.map(|site| site.member.holders(&self.subject))).await
    }

    /// Whether nothing is left to write: nobody holds anything but what `swap` asks for.
    pub(super) async fn is_everywhere(&self, swap: &Swap) -> Result<bool, Failure> {
        let holders = self.holders().await?;
        self.check_beyond(&holders)?;
        let open = |(site, holders): (&Site<'_>, &Holders)| {
            let context = site.member.cluster.context();
            self.written(holders)
                .filter_map(|secret| plan_swap(secret, swap))
                .any(|plan| match plan.refusal {
                    None => plan.writes(),
                    Some(_) => !self.is_left_behind(context, &plan.namespace, &plan.name),
                })
        };
        Ok(!self.sites.iter().zip(&holders).any(open))
    }

    /// Secrets that are not written must not hold the robot: one may have appeared meanwhile.
    fn check_beyond(&self, holders: &[Holders]) -> Result<(), Failure> {
        for (site, holders) in self.sites.iter().zip(holders) {
            let global = !self.task.options.global;
            let global = holders.global.iter().filter(|_| global);
            if let Some(secret) = holders.outside.iter().chain(global).next() {
                return Err(Failure::new(format!(
                    "secret {}/{} of {} came to hold {} meanwhile, and is not part of the rotation",
                    secret.namespace,
                    secret.name,
                    site.member.cluster.context(),
                    self.subject.robot
                ))
                .next("run the command for its namespace too, or with --global"));
            }
        }
        Ok(())
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

    /// Whether the plan says that this secret keeps what it holds. One that became unwritable
    /// since is not left to itself.
    pub(super) fn is_left_behind(&self, context: &str, namespace: &str, name: &str) -> bool {
        let known = |left: &LeftBehind| {
            (
                left.context.as_str(),
                left.namespace.as_str(),
                left.secret.as_str(),
            ) == (context, namespace, name)
        };
        self.left_behind.iter().any(known)
    }

    /// What may be shown of the token that is replaced; `(hidden)` where it is not known.
    pub(super) fn old_fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.old.as_ref().unwrap_or(&SecretString::default()))
    }
}

fn new_id() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!("{now}-{:08x}", random & 0xffff_ffff)
}
