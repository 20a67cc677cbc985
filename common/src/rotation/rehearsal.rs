//! The first write of every secret, tried: what an API server would refuse is known before
//! anything is changed.

use super::fleet::{Fleet, placeholder};
use super::members::{Member, SecretsWithRobot};
use super::observe::{ClusterState, Observed, ObservedCluster};
use super::plan::{Plan, Refusal, Target};
use super::preview::{Preview, TriedWrite};
use super::request::{Options, Task};
use super::stage::Stage;
use crate::Failure;
use crate::dockerconfig::Credential;
use crate::outcome::Outcome;
use crate::pullsecret::PullSecret;
use crate::signals;
use std::collections::HashSet;

/// What is said of the step.
pub(super) const REHEARSAL: &str = "letting the API servers check every write";

impl Preview {
    /// Lets the API servers check the first write of every secret that the plan writes; what
    /// they would not take joins the refusals. Nothing is stored.
    ///
    /// # Errors
    /// The user broke it off.
    pub async fn rehearse(
        &mut self,
        task: &Task<'_>,
        observed: Observed,
        members: Vec<Member<'_>>,
        plan: &Plan,
    ) -> Result<(), Failure> {
        let tried = self.tried_writes.insert(Vec::new());
        let Some(credential) = first_credential(&plan.stage, &task.options, &observed) else {
            return Ok(());
        };
        let holders = to_try(observed.clusters, &plan.targets);
        let left_behind = plan.left_behind.clone();
        let mut fleet = Fleet::new(members, observed.subject, left_behind, task.options.global);
        let swap = fleet.subject.swap(credential);
        let progress = task.watcher.progress();
        task.watcher.step(REHEARSAL);
        let outcomes = tokio::select! {
            outcomes = fleet.rehearse(holders, &swap, progress) => outcomes,
            () = signals::interrupted() => {
                progress.end();
                return Err(Failure::interrupted());
            }
        };
        for outcome in outcomes {
            let Some(write) = TriedWrite::of(&outcome, &swap.to) else {
                continue;
            };
            // A secret may hold several entries; it is one write.
            if tried.last() == Some(&write) {
                continue;
            }
            if !write.taken {
                self.refusals.push(refusal(outcome));
            }
            tried.push(write);
        }
        Ok(())
    }
}

impl TriedWrite {
    /// `None` where the secret holds the credential already.
    fn of(outcome: &Outcome, credential: &Credential) -> Option<Self> {
        let place = &outcome.place;
        let taken = !outcome.result.is_failure();
        (!taken || outcome.written_at.is_some()).then(|| Self {
            context: place.context.clone(),
            namespace: place.namespace.clone(),
            secret: place.name.clone(),
            account: credential.username.clone(),
            taken,
        })
    }
}

fn refusal(outcome: Outcome) -> Refusal {
    let place = outcome.place;
    Refusal {
        reason: format!(
            "secret {}/{} in context {} cannot be updated: {}",
            place.namespace, place.name, place.context, outcome.message
        ),
        remedy: outcome
            .next
            .unwrap_or_else(|| "correct that, then run the same command again".into()),
    }
}

/// What the run writes into every secret first; `None` where it only proves. Nobody knows a
/// token yet that Quay is still to make, so that something of its kind is tried.
fn first_credential(stage: &Stage, options: &Options, observed: &Observed) -> Option<Credential> {
    let subject = &observed.subject;
    match stage {
        Stage::NotBegun | Stage::Crossing(_) if !options.abort => {
            let account = subject.first_account(options.strategy);
            Some(placeholder(account.as_str()))
        }
        Stage::Crossing(_) | Stage::Returning(_) | Stage::Distributing => Some(Credential::new(
            subject.robot.as_str(),
            observed.token.clone(),
        )),
        Stage::NotBegun | Stage::Removed | Stage::Undone => None,
    }
}

/// The secrets to try, by cluster: those that the plan itself does not refuse.
fn to_try(clusters: Vec<ObservedCluster>, targets: &[Target]) -> Vec<SecretsWithRobot> {
    let planned: HashSet<(&str, &str, &str)> = targets
        .iter()
        .map(|target| {
            let Target {
                context,
                namespace,
                secret,
                ..
            } = target;
            (context.as_str(), namespace.as_str(), secret.as_str())
        })
        .collect();
    let reached = clusters.into_iter().filter_map(|found| found.state.ok());
    let tried = reached.map(|state| {
        let ClusterState {
            mut holders,
            unwritable,
            ..
        } = state;
        let context = holders.context.clone();
        let is_tried = |secret: &PullSecret| {
            planned.contains(&(&context, &secret.namespace, &secret.name))
                && !unwritable.contains(&secret.namespace)
        };
        holders.inside.retain(is_tried);
        holders.global.retain(is_tried);
        holders
    });
    tried.collect()
}
