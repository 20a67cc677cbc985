//! The clusters of a rotation together: what they hold, and what is written there.

use super::members::{Member, RobotAndBridge, SecretsWithRobot};
use crate::cluster::WriteMode;
use crate::dockerconfig::Credential;
use crate::global::Pools;
use crate::node_secrets::{self, global_name};
use crate::outcome::{Outcome, Verb};
use crate::place::Place;
use crate::progress::Progress;
use crate::pullsecret::{Apply, NamespacePlan, PullSecret, SecretPlan, Swap, apply, plan_swap};
use crate::receipt::LeftBehind;
use crate::{Failure, global};
use futures::future::{join_all, try_join_all};
use secrecy::SecretString;
use std::fmt;

/// Every cluster of the run, and what is the run's to write there.
pub(super) struct Fleet<'a> {
    pub members: Vec<Member<'a>>,
    pub subject: RobotAndBridge,
    pub left_behind: Vec<LeftBehind>,
    /// Whether global pull secrets are written.
    pub global: bool,
    /// The pools as they were before a global pull secret was last written, by context.
    pub roll_outs: Vec<(String, Pools)>,
}

/// A secret that somebody else wrote after us.
pub(super) struct Astray {
    place: Place,
    writer: Option<String>,
}

impl fmt::Display for Astray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            context,
            namespace,
            name,
            ..
        } = &self.place;
        write!(f, "{namespace}/{name} (context {context})")?;
        match &self.writer {
            Some(writer) => write!(f, ", last written by {writer}"),
            None => Ok(()),
        }
    }
}

impl<'a> Fleet<'a> {
    /// The clusters that were reached, and what a plan leaves behind in them.
    pub fn new(
        members: Vec<Member<'a>>,
        subject: RobotAndBridge,
        left_behind: Vec<LeftBehind>,
        global: bool,
    ) -> Self {
        Self {
            members,
            subject,
            left_behind,
            global,
            roll_outs: Vec::new(),
        }
    }

    /// The contexts' names.
    pub fn contexts(&self) -> Vec<String> {
        let members = self.members.iter();
        members.map(|member| member.context().to_owned()).collect()
    }

    /// The cluster of this context.
    pub fn member(&self, context: &str) -> Option<&Member<'a>> {
        let mut members = self.members.iter();
        members.find(|member| member.context() == context)
    }

    /// Every entry of the robot and its bridge becomes `to`, whose token is kept in mind.
    pub fn swap(&mut self, to: Credential) -> Swap {
        self.subject.claim.know(&to.password);
        self.subject.swap(to)
    }

    /// The secrets that hold the robot or its bridge now, by cluster.
    pub async fn holders(&self) -> Result<Vec<SecretsWithRobot>, Failure> {
        let lists = self.members.iter();
        try_join_all(lists.map(|member| member.holders(&self.subject))).await
    }

    /// The secrets that this run writes.
    pub fn in_scope<'h>(
        &self,
        holders: &'h SecretsWithRobot,
    ) -> impl Iterator<Item = &'h PullSecret> + use<'h> {
        let global = self.global;
        let nodes = holders.global.iter().filter(move |_| global);
        holders.inside.iter().chain(nodes)
    }

    /// Whether the plan says that this secret keeps what it holds. One that became unwritable
    /// since is not left to itself.
    pub fn is_left_behind(&self, context: &str, namespace: &str, name: &str) -> bool {
        self.left_behind.iter().any(|left| {
            left.context == context && left.namespace == namespace && left.secret == name
        })
    }

    /// The secrets that do not hold what `swap` asks for, and who wrote them last.
    pub async fn astray(&self, swap: &Swap) -> Result<Vec<Astray>, Failure> {
        let holders = self.holders().await?;
        self.check_beyond(&holders)?;
        let is_open = |context: &str, secret: &PullSecret| {
            let plan = plan_swap(secret, swap);
            plan.is_some_and(|plan| match plan.refusal {
                None => plan.writes(),
                Some(_) => !self.is_left_behind(context, &secret.namespace, &secret.name),
            })
        };
        let astray = holders.iter().flat_map(|holders| {
            let secrets = self.in_scope(holders);
            let open = secrets.filter(|secret| is_open(&holders.context, secret));
            open.map(|secret| Astray {
                place: Place::secret(&holders.context, &secret.namespace, &secret.name),
                writer: secret.last_writer.clone(),
            })
        });
        Ok(astray.collect())
    }

    /// Secrets that are not written must not hold the robot: one may have appeared meanwhile.
    fn check_beyond(&self, holders: &[SecretsWithRobot]) -> Result<(), Failure> {
        for holders in holders {
            let global = holders.global.iter().filter(|_| !self.global);
            let unclear = holders.not_agreed.iter().filter(|secret| {
                !self.is_left_behind(&holders.context, &secret.namespace, &secret.name)
            });
            let mut beyond = holders.outside.iter().chain(global).chain(unclear);
            if let Some(secret) = beyond.next() {
                return Err(Failure::new(format!(
                    "secret {}/{} in context {} started to hold {} during the rotation, and the \
                     rotation does not cover it",
                    secret.namespace, secret.name, holders.context, self.subject.robot
                ))
                .next(
                    "run the command again and cover the secret too: add its namespace to -n, or \
                     pass --global or --registry-alias",
                ));
            }
        }
        Ok(())
    }

    /// Writes what `swap` asks for into secrets that were just listed, while `goes_on` says so; an
    /// outcome for each.
    ///
    /// # Errors
    /// A global pull secret cannot be written now. Nothing was written then.
    pub async fn write(
        &mut self,
        holders: &[SecretsWithRobot],
        swap: &Swap,
        goes_on: &dyn Fn() -> bool,
        progress: &dyn Progress,
    ) -> Result<Vec<Outcome>, Failure> {
        for holders in holders {
            self.prepare_nodes(holders, swap, WriteMode::Persist)
                .await?;
        }
        Ok(self
            .carry_out(holders, swap, WriteMode::Persist, goes_on, progress)
            .await)
    }

    /// Lets the API servers check what `swap` asks for, without storing it; an outcome for each.
    pub async fn rehearse(
        &mut self,
        mut holders: Vec<SecretsWithRobot>,
        swap: &Swap,
        progress: &dyn Progress,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for holders in &mut holders {
            let prepared = self.prepare_nodes(holders, swap, WriteMode::DryRun).await;
            if let Err(failure) = prepared {
                let SecretsWithRobot {
                    context, global, ..
                } = holders;
                outcomes.extend(global.drain(..).map(|secret| {
                    let place = Place::secret(context, &secret.namespace, &secret.name);
                    Outcome::failed(place, &failure)
                }));
            }
        }
        let tried = self.carry_out(&holders, swap, WriteMode::DryRun, &|| true, progress);
        outcomes.extend(tried.await);
        outcomes
    }

    async fn carry_out(
        &self,
        holders: &[SecretsWithRobot],
        swap: &Swap,
        mode: WriteMode,
        goes_on: &dyn Fn() -> bool,
        progress: &dyn Progress,
    ) -> Vec<Outcome> {
        let plans: Vec<(&Member<'_>, Vec<NamespacePlan>)> = holders
            .iter()
            .filter_map(|holders| Some((self.member(&holders.context)?, self.plans(holders, swap))))
            .collect();
        progress.begin(
            match mode {
                WriteMode::Persist => "writing secrets",
                WriteMode::DryRun => "checking writes",
            },
            plans.iter().map(|(_, plans)| plans.len()).sum(),
        );
        let runs = plans.into_iter().map(async |(member, plans)| {
            let work = Apply {
                cluster: member.scoped.cluster,
                planner: swap,
                write: mode,
                // A token that is dead already has to go everywhere; a rotation stops between steps.
                interruptible: false,
                goes_on,
            };
            apply(&work, plans, progress).await
        });
        let outcomes = join_all(runs).await;
        progress.end();
        outcomes.into_iter().flatten().collect()
    }

    fn plans(&self, holders: &SecretsWithRobot, swap: &Swap) -> Vec<NamespacePlan> {
        self.in_scope(holders)
            .filter_map(|secret| plan_swap(secret, swap))
            .map(NamespacePlan::from)
            .collect()
    }

    /// Keeps what a cluster's global pull secrets hold, and how far its nodes are, before a write.
    async fn prepare_nodes(
        &mut self,
        holders: &SecretsWithRobot,
        swap: &Swap,
        mode: WriteMode,
    ) -> Result<(), Failure> {
        let changed = self.in_scope(holders).filter(|secret| {
            node_secrets::is_global(&secret.namespace, &secret.name)
                && plan_swap(secret, swap).is_some_and(|plan| plan.writes())
        });
        let changed: Vec<&PullSecret> = changed.collect();
        let Some(member) = self.member(&holders.context) else {
            return Ok(());
        };
        let cluster = member.scoped.cluster;
        for secret in &changed {
            if let Some(name) = global_name(&secret.namespace, &secret.name) {
                global::check_confirmed(cluster, name).await?;
            }
            global::back_up(cluster, secret, mode).await?;
        }
        if !changed.is_empty()
            && mode == WriteMode::Persist
            && let Some(pools) = Pools::observe(cluster).await?
        {
            self.roll_outs
                .retain(|(known, _)| *known != holders.context);
            self.roll_outs.push((holders.context.clone(), pools));
        }
        Ok(())
    }

    /// Every secret that will be written back can be written now: what became immutable, or
    /// somebody else's, is found while there is a way back.
    pub async fn check_way_back(&self) -> Result<(), Failure> {
        let swap = self.subject.swap(placeholder(self.subject.robot.as_str()));
        for holders in self.holders().await? {
            let plans = self
                .in_scope(&holders)
                .filter_map(|secret| plan_swap(secret, &swap));
            for plan in plans {
                let SecretPlan {
                    namespace, name, ..
                } = &plan;
                let Some(refusal) = &plan.refusal else {
                    continue;
                };
                if !self.is_left_behind(&holders.context, namespace, name) {
                    return Err(Failure::new(format!(
                        "secret {namespace}/{name} in context {} is no longer writable: {}",
                        holders.context, refusal.reason
                    ))
                    .next(refusal.hint().say(&format!(
                        ", or accept that pulls with this secret fail: \
                         --leave-behind={namespace}/{name}; or revert the rotation with --abort"
                    ))));
                }
            }
        }
        Ok(())
    }

    /// One failed target fails the step; all of them are named.
    pub fn check(&self, outcomes: &[Outcome]) -> Result<(), Failure> {
        const SHOWN: usize = 10;
        let is_left = |outcome: &&Outcome| {
            let place = &outcome.place;
            outcome.result == Verb::Refused
                && self.is_left_behind(&place.context, &place.namespace, &place.name)
        };
        let failed: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| outcome.result.is_failure())
            .filter(|outcome| !is_left(outcome))
            .collect();
        let Some(first) = failed.first() else {
            return Ok(());
        };
        let mut lines: Vec<String> = failed
            .iter()
            .take(SHOWN)
            .map(|outcome| {
                let place = &outcome.place;
                format!(
                    "\n  - {} in {}/{}: {}",
                    place.name, place.context, place.namespace, outcome.message
                )
            })
            .collect();
        if failed.len() > SHOWN {
            lines.push(format!("\n  - and {} more", failed.len() - SHOWN));
        }
        let failure = Failure::new(format!(
            "cannot write {}:{}",
            match failed.len() {
                1 => "1 secret".to_owned(),
                count => format!("{count} secrets"),
            },
            lines.concat()
        ));
        Err(match &first.next {
            Some(next) if first.result == Verb::Refused => {
                let place = &first.place;
                failure.next(next.clone().say(&format!(
                    ", or accept that pulls with this secret fail: --leave-behind={}/{}",
                    place.namespace, place.name
                )))
            }
            Some(next) => failure.next(next),
            None => failure,
        })
    }
}

/// Of a token's length and letters, and no token: for writes that are only tried.
pub(super) fn placeholder(account: &str) -> Credential {
    Credential::new(account, SecretString::from("X".repeat(64)))
}
