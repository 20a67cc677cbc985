//! Writing one credential into every secret, in all clusters at once.

use super::fleet::Holders;
use super::run::Rotation;
use crate::cli::hint_text;
use crate::dockerconfig::Credential;
use crate::global::Pools;
use crate::node_secrets;
use crate::node_secrets::global_name;
use crate::outcome::{Outcome, Verb};
use crate::pullsecret::{Apply, NamespacePlan, PullSecret, SecretPlan, Swap, apply, plan_swap};
use crate::receipt::Switch;
use crate::{Failure, cluster, global};
use futures::future::join_all;
use secrecy::SecretString;

impl Rotation<'_> {
    /// Every entry of the robot and its bridge becomes `to`.
    pub(super) fn swap(&self, to: Credential) -> Swap {
        let is_bridge = to.username == self.subject.bridge.as_str();
        Swap {
            hosts: self.subject.hosts.clone(),
            from: self.subject.accounts.clone(),
            stands_in_for: is_bridge.then(|| self.subject.robot.clone()),
            to,
        }
    }

    /// Lists every cluster and writes what `swap` asks for; returns how many secrets
    /// were written.
    ///
    /// # Errors
    /// When a target could not be written; all others are written nevertheless.
    pub(super) async fn write_everywhere(
        &self,
        swap: &Swap,
        write: cluster::WriteMode,
    ) -> Result<usize, Failure> {
        let holders = self.holders().await?;
        self.write(&holders, swap, write).await
    }

    /// The same for secrets that were just listed.
    pub(super) async fn write(
        &self,
        holders: &[Holders],
        swap: &Swap,
        write: cluster::WriteMode,
    ) -> Result<usize, Failure> {
        self.prepare_nodes(holders, swap, write).await?;
        let plans: Vec<Vec<NamespacePlan>> = holders
            .iter()
            .map(|holders| self.plans(holders, swap))
            .collect();
        let total = plans.iter().map(Vec::len).sum();
        let progress = self.task.watcher.progress();
        progress.begin("writing secrets", total);
        let runs = self.sites.iter().zip(plans).map(async |(site, plans)| {
            let work = Apply {
                cluster: site.member.cluster,
                planner: swap,
                write,
                // A token that is dead already has to go everywhere; a rotation stops between steps.
                interruptible: false,
            };
            apply(&work, plans, progress).await
        });
        let outcomes: Vec<Vec<Outcome>> = join_all(runs).await;
        progress.end();
        if write == cluster::WriteMode::Persist {
            self.keep_switches(outcomes.iter().flatten(), swap);
        }
        self.check_outcomes(&outcomes)?;
        let written = outcomes.iter().flatten();
        Ok(written
            .filter(|outcome| outcome.written_at.is_some())
            .count())
    }

    fn plans(&self, holders: &Holders, swap: &Swap) -> Vec<NamespacePlan> {
        self.written(holders)
            .filter_map(|secret| plan_swap(secret, swap))
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
        swap: &Swap,
        write: cluster::WriteMode,
    ) -> Result<(), Failure> {
        for (site, holders) in self.sites.iter().zip(holders) {
            let changed = self.written(holders).filter(|secret| {
                node_secrets::is_global(&secret.namespace, &secret.name)
                    && plan_swap(secret, swap).is_some_and(|plan| plan.writes())
            });
            let changed: Vec<&PullSecret> = changed.collect();
            let cluster = site.member.cluster;
            for secret in &changed {
                if let Some(name) = global_name(&secret.namespace, &secret.name) {
                    global::check_settled(cluster, name).await?;
                }
                global::back_up(cluster, secret, write).await?;
            }
            if !changed.is_empty()
                && write == cluster::WriteMode::Persist
                && let Some(pools) = Pools::observe(cluster).await?
            {
                let mut roll_outs = self.roll_outs.borrow_mut();
                roll_outs.retain(|(context, _)| context != cluster.context());
                roll_outs.push((cluster.context().to_owned(), pools));
            }
        }
        Ok(())
    }

    /// Every secret that will be written back can be written now: what became immutable, or
    /// somebody else's, is found while there is a way back.
    pub(super) async fn check_way_back(&self) -> Result<(), Failure> {
        let placeholder = SecretString::from("X".repeat(64));
        let swap = self.swap(Credential::new(self.subject.robot.as_str(), placeholder));
        for (site, holders) in self.sites.iter().zip(self.holders().await?) {
            let context = site.member.cluster.context();
            let plans = self
                .written(&holders)
                .filter_map(|secret| plan_swap(secret, &swap));
            for plan in plans {
                let SecretPlan {
                    namespace, name, ..
                } = &plan;
                let Some(refusal) = &plan.refusal else {
                    continue;
                };
                if !self.is_left_behind(context, namespace, name) {
                    return Err(Failure::new(format!(
                        "secret {namespace}/{name} of {context} cannot be written any more: {}",
                        refusal.reason
                    ))
                    .next(format!(
                        "{}, or accept that its pulls break: --leave-behind={namespace}/{name}; \
                         --abort takes the rotation back",
                        hint_text(&refusal.hint())
                    )));
                }
            }
        }
        Ok(())
    }

    fn keep_switches<'o>(&self, outcomes: impl Iterator<Item = &'o Outcome>, swap: &Swap) {
        let mut log = self.log.borrow_mut();
        for outcome in outcomes {
            if let Some(at) = outcome.written_at
                && outcome.result == Verb::Updated
            {
                log.switches.push(Switch {
                    context: outcome.place.context.clone(),
                    namespace: outcome.place.namespace.clone(),
                    secret: outcome.place.name.clone(),
                    key: outcome.place.key.clone(),
                    at,
                    account: swap.to.username.clone(),
                    fingerprint: outcome.after.clone(),
                });
            }
        }
    }

    /// One failed target fails the step; all of them are named.
    fn check_outcomes(&self, outcomes: &[Vec<Outcome>]) -> Result<(), Failure> {
        let left = |outcome: &Outcome| {
            self.is_left_behind(
                &outcome.place.context,
                &outcome.place.namespace,
                &outcome.place.name,
            )
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
        let leave = |outcome: &Outcome| {
            let place = format!("{}/{}", outcome.place.namespace, outcome.place.name);
            format!("or accept that its pulls break: --leave-behind={place}")
        };
        let mut lines: Vec<String> = failed
            .iter()
            .take(SHOWN)
            .map(|outcome| {
                format!(
                    "\n  - {} in {}/{}: {}",
                    outcome.place.name,
                    outcome.place.context,
                    outcome.place.namespace,
                    outcome.message
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
            Some(next) if first.result == Verb::Refused => {
                failure.next(next.clone().say(&format!(", {}", leave(first))))
            }
            Some(next) => failure.next(next),
            None => failure,
        })
    }
}
